"""Parameters that several nodes have."""

from __future__ import annotations

from thermoscout_nodes.parameters import Parameter

NOT_STATED_C = -274.0
"""No temperature: below absolute zero."""

NOT_STATED = -1.0
"""No quantity that can't be negative."""

YES_NO = ("unknown", "no", "yes")

AUTOSTART = Parameter(
    "autostart",
    True,
    "Configure and activate by itself; false waits for a lifecycle manager.",
)

AMBIENT_MAX_AGE = Parameter(
    "ambient_max_age",
    60.0,
    "Air temperature and humidity from topics hold for so long.",
    unit="s",
    minimum=0.0,
    maximum=3600.0,
    dynamic=True,
)
