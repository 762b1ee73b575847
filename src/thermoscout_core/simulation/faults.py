"""Faults of a chosen severity, and the severity that a true surface temperature deserves.

The temperatures are those of DL/T 664's table for current-heating equipment (facts of the rule
file config/rules/dlt664.yaml): connectors and disconnectors are serious above 90 °C or δ >= 80 %
and critical above 130 °C or δ >= 95 %; a bushing's column head above 55 °C and 80 °C.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from thermoscout_core.simulation.fittings import Connector, Disconnector
from thermoscout_core.simulation.ribbed import Bushing
from thermoscout_core.verdicts import Severity

if TYPE_CHECKING:
    from thermoscout_core.simulation.scene import Element


@dataclass(frozen=True)
class Limits:
    """serious_c, critical_c: hot spot above which a defect is graded so; general_k: rise over
    the like part of another phase from which it is a general one here. hot_spots_c: of the
    faults that the patrol shows, well inside each grade."""

    serious_c: float
    critical_c: float
    general_k: float
    hot_spots_c: dict[Severity, float]


_JOINT = {Severity.SERIOUS: 101.0, Severity.CRITICAL: 152.0}
LIMITS: dict[str, Limits] = {
    "connector": Limits(90.0, 130.0, 8.0, {Severity.GENERAL: 44.0, **_JOINT}),
    "disconnector": Limits(90.0, 130.0, 8.0, {Severity.GENERAL: 43.0, **_JOINT}),
    "bushing": Limits(
        55.0,
        80.0,
        7.0,
        {Severity.GENERAL: 36.8, Severity.SERIOUS: 66.0, Severity.CRITICAL: 98.0},
    ),
}


def severity_of_surface(
    class_name: str, hot_spot_c: float, like_c: float, ambient_c: float
) -> Severity:
    """What the defect deserves, from true surface temperatures.

    hot_spot_c: T1; like_c: T2, the same part of a healthy phase; ambient_c: T0. Classes without
    current-heating limits are NORMAL: the patrol has no faults on them.
    """
    limits = LIMITS.get(class_name)
    if limits is None:
        return Severity.NORMAL
    rise = hot_spot_c - ambient_c
    delta = (hot_spot_c - like_c) / rise if rise >= 10.0 else 0.0
    if hot_spot_c > limits.critical_c or delta >= 0.95:
        return Severity.CRITICAL
    if hot_spot_c > limits.serious_c or delta >= 0.8:
        return Severity.SERIOUS
    if delta >= 0.35 and hot_spot_c - like_c >= limits.general_k:
        return Severity.GENERAL
    return Severity.NORMAL


def with_fault(elements: list[Element], name: str, severity: Severity) -> list[Element]:
    """The same elements, that one overheated to that severity."""
    changed: list[Element] = []
    for element in elements:
        if isinstance(element, (Connector, Disconnector, Bushing)) and element.name == name:
            hot = LIMITS[element.class_name].hot_spots_c[severity]
            changed.append(replace(element, hot_spot_c=hot))
        else:
            changed.append(element)
    return changed


def can_be_faulty(elements: list[Element]) -> list[str]:
    """Names of the elements that with_fault takes."""
    return [e.name for e in elements if isinstance(e, (Connector, Disconnector, Bushing))]
