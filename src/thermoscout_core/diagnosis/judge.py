"""The judge: readings of one frame -> verdicts, by the knowledge base, with the evidence."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from thermoscout_core.diagnosis.conditions import MeasuringConditions
from thermoscout_core.diagnosis.evidence import PEERS, Baseline, Evidence, gather
from thermoscout_core.diagnosis.rules import Conditions, KnowledgeBase, Rule
from thermoscout_core.readings import Reading, ReadingFlag
from thermoscout_core.verdicts import Severity, Verdict

READS_LOW = frozenset({ReadingFlag.TOO_SMALL, ReadingFlag.SATURATED, ReadingFlag.STALE_RANGE})
"""With these the truth is hotter than the reading, or may be where the rangefinder fell silent: a
fault stands, but nothing is normal."""

WHY_NO_TEMPERATURE = {
    ReadingFlag.NO_RADIOMETRY: "the frame has no temperature scale",
    ReadingFlag.NO_VALID_PIXEL: "no valid pixel in the box",
}
WHY_PROVISIONAL = {
    ReadingFlag.NO_RANGE: "not corrected: no distance",
    ReadingFlag.STALE_RANGE: "not corrected: no fresh distance from the rangefinder",
    ReadingFlag.UNKNOWN_SETTINGS: "not corrected: the camera's settings are unknown",
    ReadingFlag.ASSUMED_CONDITIONS: "emissivity, air or humidity assumed, not stated",
    ReadingFlag.OUT_OF_CALIBRATION: "outside the network's calibration, corrected by physics",
    ReadingFlag.TOO_SMALL: "smaller than 3x3 pixels: reads low",
    ReadingFlag.SATURATED: "saturated: may be hotter",
}

NO_AIR = "the air temperature isn't stated"


RulesFor = Callable[[str], Sequence[Rule]]
"""Class of equipment -> its rules."""


@dataclass(frozen=True)
class _Finding:
    """What one rule says. basis: the deciding comparison in words; looked: whether any of the
    rule's conditions could be evaluated."""

    rule: Rule
    severity: Severity
    basis: str
    looked: bool


class Judge:
    """Grades the readings of a frame by surface temperature, relative temperature difference,
    like-comparison between phases and neighbours, comparison with the frame, and growth since an
    earlier measurement; the gravest applicable rule wins."""

    def __init__(self, knowledge_base: KnowledgeBase) -> None:
        self.knowledge_base = knowledge_base
        self._rules_for: RulesFor = lru_cache(knowledge_base.rules_for)

    def judge(
        self,
        readings: Sequence[Reading],
        conditions: MeasuringConditions | None = None,
        baselines: Sequence[Baseline | None] | None = None,
    ) -> list[Verdict]:
        """One verdict a reading, in their order. Never a verdict that no reading earned: UNKNOWN
        with the reason where there is no temperature, no rule, or nothing to compare with.

        conditions: what is known of the measurement; None states nothing. baselines: an earlier
        measurement of each reading's equipment, or None; without them growth isn't judged.
        """
        known = conditions or MeasuringConditions()
        case = _Case(self.knowledge_base, self._rules_for, known)
        return [case.judge(evidence) for evidence in gather(readings, baselines)]


class _Case:
    """One frame's judging: the rules, and the conditions that it was measured under."""

    def __init__(
        self, knowledge_base: KnowledgeBase, rules_for: RulesFor, conditions: MeasuringConditions
    ) -> None:
        self.knowledge_base = knowledge_base
        self.conditions = conditions
        self._rules_for = rules_for
        limits = knowledge_base.measuring
        load = conditions.load_share
        self.load_too_low = limits.min_load_share is not None and load < limits.min_load_share
        exponent = knowledge_base.load_exponent
        known = exponent is not None and load > 0 and not self.load_too_low
        self.load_factor = (1 / load) ** exponent if exponent is not None and known else 1.0
        self._cautions: dict[str, tuple[tuple[str, ...], bool]] = {}

    def judge(self, evidence: Evidence) -> Verdict:
        reading = evidence.reading
        class_name = reading.detection.class_name
        if not reading.has_temperature:
            why = [text for flag, text in WHY_NO_TEMPERATURE.items() if flag in reading.flags]
            return self._unknown(
                evidence, f"no temperature: {'; '.join(why) or 'none was measured'}"
            )
        if evidence.shared_with is not None:
            x, y = evidence.shared_with.detection.box.center_px
            return self._unknown(
                evidence,
                f"its hottest pixel, {_c(evidence.t1_c)}, belongs to the overlapping "
                f"{evidence.shared_with.detection.class_name} around ({x:.0f}, {y:.0f})",
            )
        rules = self._rules_for(class_name)
        if not rules:
            reason = f"no rule for {class_name} in {self.knowledge_base.id}"
            if class_name in self.knowledge_base.not_judged:
                reason += f": {self.knowledge_base.not_judged[class_name]}"
            return self._unknown(evidence, reason)
        findings = [self._apply(rule, evidence) for rule in rules]
        looked = [finding for finding in findings if finding.looked]
        if not looked:
            why_not = self._nothing(class_name, rules)
            return self._unknown(evidence, f"{_c(evidence.t1_c)}, but {why_not}")
        looked.sort(key=lambda finding: -finding.severity.rank)
        return self._verdict(looked[0], looked[1:], evidence)

    def _nothing(self, class_name: str, rules: Sequence[Rule]) -> str:
        """Why no rule could be applied."""
        if self.load_too_low:
            return "at so low a load only the relative difference counts, and there is none"
        said = f"no other {class_name} in the frame to compare with"
        if any(_uses_air(rule) for rule in rules):
            said += f", and {NO_AIR}"
        return said

    def _apply(self, rule: Rule, evidence: Evidence) -> _Finding:
        looked = False
        for severity, alternatives in rule.grades():
            for conditions in alternatives:
                holds = self._holds(conditions, evidence)
                looked |= holds is not None
                if holds:
                    basis = _because(conditions, evidence, self.conditions.air_c)
                    return _Finding(rule, severity, basis, True)
        basis = _below_all(rule, evidence, self.conditions.air_c)
        return _Finding(rule, Severity.NORMAL, basis, looked)

    def _holds(self, conditions: Conditions, evidence: Evidence) -> bool | None:
        """Whether all conditions hold; None when one of them can't be evaluated."""
        holds: bool | None = True
        for key, limit in conditions.limits.items():
            answer = self._QUESTIONS[key](self, limit, evidence)
            if answer is False:
                return False
            holds = None if answer is None else holds
        return holds

    def _is_above(self, limit_c: float, evidence: Evidence) -> bool | None:
        return evidence.t1_c > limit_c or (None if self.load_too_low else False)

    def _is_above_air(self, limit_k: float, evidence: Evidence) -> bool | None:
        return self._exceeds(evidence.t1_c - self.conditions.air_c, limit_k)

    def _is_above_like(self, limit_k: float, evidence: Evidence) -> bool | None:
        over = self._exceeds(evidence.t1_c - evidence.t2_c, limit_k)
        return over and not self._is_lost(evidence)

    def _reaches(self, limit: float, evidence: Evidence) -> bool | None:
        delta = evidence.relative_difference(self.knowledge_base.min_rise_k)
        reached = None if delta is None else delta >= limit
        return reached and not self._is_lost(evidence)

    def _has_grown(self, limit_k: float, evidence: Evidence) -> bool | None:
        return self._exceeds(evidence.growth_k, limit_k)

    def _is_lost(self, evidence: Evidence) -> bool:
        """Whether the hot spot is known to be none of its own, or one of many."""
        return evidence.reading.stands_out < self.knowledge_base.min_standing

    def _stands_out(self, limit: float, evidence: Evidence) -> bool | None:
        score = evidence.reading.stands_out
        if not math.isfinite(score):
            return None
        balance_k = self.knowledge_base.phase_balance_k
        alike = evidence.off_row_k < balance_k or evidence.over_coldest_k < balance_k
        return score >= limit and not alike

    def _exceeds(self, difference_k: float, limit_k: float) -> bool | None:
        """Compared at the rated load where the rules say how; None for an unknown difference."""
        if not math.isfinite(difference_k):
            return None
        return difference_k * self.load_factor > limit_k

    _QUESTIONS: ClassVar[Mapping[str, Callable[[_Case, float, Evidence], bool | None]]] = {
        "surface_above_c": _is_above,
        "rise_above_k": _is_above_air,
        "relative_difference": _reaches,
        "like_above_k": _is_above_like,
        "stands_out": _stands_out,
        "growth_above_k": _has_grown,
    }

    def _verdict(
        self, finding: _Finding, others: Sequence[_Finding], evidence: Evidence
    ) -> Verdict:
        reading = evidence.reading
        severity = finding.severity
        cautions = [text for flag, text in WHY_PROVISIONAL.items() if flag in reading.flags]
        reason = finding.basis
        if severity is Severity.NORMAL and reading.flags & READS_LOW:
            severity = Severity.UNKNOWN
            reason = f"can't be called normal: {reason}"
        if cautions:
            reason += f" ({'; '.join(cautions)})"
        delta = evidence.relative_difference(self.knowledge_base.min_rise_k)
        said, broken = self._cautions_of(finding.rule)
        return Verdict(
            reading,
            severity,
            rule=finding.rule.id,
            rule_source=finding.rule.source,
            t1_c=evidence.t1_c,
            t2_c=evidence.t2_c,
            t0_c=evidence.t0_c,
            t2_source=evidence.t2_source,
            t0_source=evidence.t0_source,
            relative_difference=math.nan if delta is None else delta,
            reason=reason,
            also=tuple(f"{o.rule.id}: {o.severity.value}, {o.basis}" for o in others),
            cautions=said,
            provisional=bool(reading.flags) or broken,
        )

    def _cautions_of(self, rule: Rule | None) -> tuple[tuple[str, ...], bool]:
        """What speaks against the measurement by the set's conditions, and the rule's own over
        them; whether one is broken. The same for the whole frame, so asked once."""
        key = "" if rule is None else rule.id
        if key not in self._cautions:
            base = self.knowledge_base
            limits = base.measuring if rule is None else base.measuring_for(rule)
            found = limits.cautions(self.conditions), limits.are_broken(self.conditions)
            self._cautions[key] = found
        return self._cautions[key]

    def _unknown(self, evidence: Evidence, reason: str) -> Verdict:
        said, broken = self._cautions_of(None)
        return Verdict(
            evidence.reading,
            Severity.UNKNOWN,
            t1_c=evidence.t1_c,
            t2_c=evidence.t2_c,
            t0_c=evidence.t0_c,
            t2_source=evidence.t2_source,
            t0_source=evidence.t0_source,
            reason=reason,
            cautions=said,
            provisional=bool(evidence.reading.flags) or broken,
        )


def _because(conditions: Conditions, evidence: Evidence, air_c: float) -> str:
    """The conditions that hold, with the figures that make them hold."""
    said = []
    if conditions.surface_above_c is not None:
        said.append(f"{_c(evidence.t1_c)} is above {conditions.surface_above_c:g} °C")
    if conditions.rise_above_k is not None:
        said.append(
            f"{_c(evidence.t1_c)} is {evidence.t1_c - air_c:.1f} K above the air "
            f"({_c(air_c)}), more than {conditions.rise_above_k:g} K"
        )
    if conditions.like_above_k is not None:
        difference = evidence.t1_c - evidence.t2_c
        said.append(
            f"{_c(evidence.t1_c)} is {difference:.1f} K above {_like(evidence)}, "
            f"more than {conditions.like_above_k:g} K"
        )
    if conditions.relative_difference is not None:
        delta = (evidence.t1_c - evidence.t2_c) / (evidence.t1_c - evidence.t0_c)
        said.append(
            f"δ = {100 * delta:.0f} % (T1 {_c(evidence.t1_c)}, T2 {_c(evidence.t2_c)}, "
            f"T0 {_c(evidence.t0_c)} from {evidence.t0_source}) "
            f"reaches {100 * conditions.relative_difference:g} %"
        )
    if conditions.stands_out is not None:
        said.append(f"{_standing(evidence)}, reaching {conditions.stands_out:g}")
    if conditions.growth_above_k is not None and evidence.baseline is not None:
        said.append(
            f"its rise has grown by {evidence.growth_k:.1f} K since {evidence.baseline.when}, "
            f"more than {conditions.growth_above_k:g} K"
        )
    category = f": {conditions.category}" if conditions.category else ""
    return " and ".join(said) + category


def _uses_air(rule: Rule) -> bool:
    return "rise_above_k" in rule.lowest_limits


def _below_all(rule: Rule, evidence: Evidence, air_c: float) -> str:
    """Why a rule finds nothing: the lowest limits that were really looked at."""
    lowest = rule.lowest_limits
    said = []
    if "surface_above_c" in lowest:
        said.append(f"{_c(evidence.t1_c)} is not above {lowest['surface_above_c']:g} °C")
    if _uses_air(rule):
        rise = evidence.t1_c - air_c
        side = "above" if rise >= 0 else "below"
        known = math.isfinite(rise)
        said.append(f"{abs(rise):.1f} K {side} the air ({_c(air_c)})" if known else NO_AIR)
    if "like_above_k" in lowest:
        difference = evidence.t1_c - evidence.t2_c
        if math.isfinite(difference):
            side = "above" if difference >= 0 else "below"
            said.append(f"{abs(difference):.1f} K {side} {_like(evidence)}")
        else:
            said.append(f"no other {evidence.reading.detection.class_name} to compare with")
    looked = math.isfinite(evidence.reading.stands_out)
    if looked and "stands_out" in lowest:
        said.append(_standing(evidence))
    if evidence.baseline is not None:
        said.append(f"grown by {evidence.growth_k:.1f} K since {evidence.baseline.when}")
    return ", ".join(said)


def _standing(evidence: Evidence) -> str:
    """How the hot spot stands out among all spots of its frame."""
    reading = evidence.reading
    if math.isnan(reading.over_peers_k):
        return "no spot of its own in the frame"
    side = "above" if reading.over_peers_k >= 0 else "below"
    said = (
        f"it stands out by {reading.stands_out:.2f} "
        f"({abs(reading.over_peers_k):.1f} K {side} {PEERS})"
    )
    if math.isfinite(evidence.off_row_k):
        said += f", {evidence.off_row_k:.1f} K off the colder of the two spots in a row with it"
    if math.isfinite(evidence.over_coldest_k):
        side = "above" if evidence.over_coldest_k >= 0 else "below"
        said += f", {abs(evidence.over_coldest_k):.1f} K {side} the coldest of its kind"
    return said


def _like(evidence: Evidence) -> str:
    return f"{evidence.t2_source} ({_c(evidence.t2_c)})"


def _c(temperature_c: float) -> str:
    return f"{temperature_c:.1f} °C"
