"""Parameters that several nodes have."""

from __future__ import annotations

from thermoscout_nodes.parameters import Parameter, Table

NOT_STATED_C = -274.0
"""No temperature: below absolute zero."""

NOT_STATED = -1.0
"""No quantity that can't be negative."""

YES_NO = ("unknown", "no", "yes")

LIFECYCLE: Table = (
    Parameter(
        "autostart",
        True,
        "Configure and activate by itself; false waits for a lifecycle manager.",
    ),
    Parameter(
        "start_after",
        "",
        "Nodes (names with commas) that must listen to this one before it activates by itself; "
        "where they don't for 10 s, it warns and begins. For processes of their own.",
    ),
    Parameter(
        "end_after",
        "",
        "Nodes (names with commas) that this one outlives: asked to end, its process goes on "
        "until they are gone, for 1 s at most.",
    ),
)
"""When a node begins and ends; the first of every table."""

AMBIENT_MAX_AGE = Parameter(
    "ambient_max_age",
    60.0,
    "Air temperature and humidity from topics hold for so long.",
    unit="s",
    minimum=0.0,
    maximum=3600.0,
    dynamic=True,
)
