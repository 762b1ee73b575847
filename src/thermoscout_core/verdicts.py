"""What the judge says of a reading: the severity, the rule, and the evidence for it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from thermoscout_core.readings import Reading


class Severity(str, Enum):
    """DL/T 664's defect classes, NORMAL below them, UNKNOWN beside them."""

    UNKNOWN = "unknown"
    NORMAL = "normal"
    GENERAL = "general"
    SERIOUS = "serious"
    CRITICAL = "critical"

    @property
    def is_fault(self) -> bool:
        return self in (Severity.GENERAL, Severity.SERIOUS, Severity.CRITICAL)

    @property
    def rank(self) -> int:
        """UNKNOWN 0, NORMAL 1, GENERAL 2, SERIOUS 3, CRITICAL 4: the number on the wire."""
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True)
class Verdict:
    """The judgement of one reading.

    rule: id of the deciding rule in the knowledge base, "" when none applied. rule_source:
    standard and clause, with "(unverified)" when the row isn't checked against the standard.
    t1_c: hot spot. t2_c: the normal corresponding point, NaN when there is none. t0_c: ambient
    reference. t2_source, t0_source: where they came from, "" with NaN. relative_difference:
    δ = (t1 − t2)/(t1 − t0), 0..1, NaN when it doesn't apply. reason: one sentence of evidence; why
    it can't judge when severity is UNKNOWN. also: what the other rules say that could be applied,
    one sentence each. cautions: what speaks against the measuring conditions, and which of them
    nobody stated. provisional: the reading has flags or a condition is broken, so the severity
    stands until it is measured better.
    """

    reading: Reading
    severity: Severity
    rule: str = ""
    rule_source: str = ""
    t1_c: float = math.nan
    t2_c: float = math.nan
    t0_c: float = math.nan
    relative_difference: float = math.nan
    reason: str = ""
    provisional: bool = False
    t2_source: str = ""
    t0_source: str = ""
    also: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
