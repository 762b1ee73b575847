"""A rule's own examples: run through the judge, and held against its limits."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from thermoscout_core.detections import Box, Detection
from thermoscout_core.diagnosis.conditions import MeasuringConditions
from thermoscout_core.diagnosis.evidence import Baseline
from thermoscout_core.diagnosis.judge import Judge
from thermoscout_core.diagnosis.quantities import QUANTITIES
from thermoscout_core.diagnosis.rule_files import Keys
from thermoscout_core.diagnosis.rules import Conditions, Example, KnowledgeBase, Rule
from thermoscout_core.diagnosis.survey import HOT_REGION
from thermoscout_core.readings import Correction, Reading
from thermoscout_core.verdicts import Severity, Verdict

BOX_PX = 30.0


@dataclass(frozen=True)
class Trial:
    """An example and what the judge made of it. number: of the example in its rule, from 0."""

    rule: Rule
    number: int
    verdict: Verdict

    @property
    def example(self) -> Example:
        return self.rule.examples[self.number]

    @property
    def passed(self) -> bool:
        named = (self.example.category or "") in self.verdict.reason
        return named and self.verdict.severity is self.example.severity


def run_examples(base: KnowledgeBase) -> list[Trial]:
    """Every example, judged in a frame of its own by its rule alone: another rule for the same
    equipment may well be stricter."""
    trials = []
    for rule in base.rules:
        judge = Judge(base.model_copy(update={"rules": (rule,)}))
        for number, example in enumerate(rule.examples):
            trials.append(Trial(rule, number, _judged(judge, rule, example)))
    return trials


def uncovered(base: KnowledgeBase, rule: Rule) -> Iterator[tuple[Keys, str]]:
    """The limits that no example shows from just above or from just below, with the limit's keys
    within the rule.

    Above: it is just passed, with all others of its alternative, and the severity is theirs.
    Below: all others are passed, it is just missed, and the severity is milder for it, or the
    category another one.
    """
    for severity, alternatives in rule.grades():
        for number, conditions in enumerate(alternatives):
            for key, limit in conditions.limits.items():
                sides = {
                    _side(example, severity, conditions, key, base) for example in rule.examples
                }
                missing = [side for side in ("above", "below") if side not in sides]
                if missing:
                    said = f"no example just {' or just '.join(missing)} {limit:g}"
                    yield (severity.value, number, key), said


def _side(
    example: Example, severity: Severity, conditions: Conditions, key: str, base: KnowledgeBase
) -> str:
    """From where an example shows a limit: above, below, or ""."""
    values = _values(example, base.min_rise_k)
    limits = conditions.limits
    if not QUANTITIES[key].is_just_beside(values[key], limits[key]):
        return ""
    if not all(QUANTITIES[k].holds(values[k], v) for k, v in limits.items() if k != key):
        return ""
    if QUANTITIES[key].holds(values[key], limits[key]):
        return "above" if example.severity is severity else ""
    milder = example.severity is not Severity.UNKNOWN and example.severity.rank < severity.rank
    other = example.severity is severity and example.category not in (None, conditions.category)
    return "below" if milder or other else ""


def _values(example: Example, min_rise_k: float) -> dict[str, float]:
    """The example's quantities; NaN where it doesn't say enough."""
    t2_c, t0_c = _or_nan(example.t2_c), _or_nan(example.t0_c)
    like_k, rise_k = example.t1_c - t2_c, example.t1_c - t0_c
    return {
        "surface_above_c": example.t1_c,
        "rise_above_k": example.t1_c - _or_nan(example.air_c),
        "relative_difference": like_k / rise_k if rise_k >= min_rise_k else math.nan,
        "like_above_k": like_k,
        "stands_out": _or_nan(example.stands_out),
        "growth_above_k": _or_nan(example.growth_k),
    }


def _judged(judge: Judge, rule: Rule, example: Example) -> Verdict:
    class_name = example.equipment or rule.equipment[0]
    hot = _reading(class_name, 0, example.t1_c, _or_nan(example.t0_c), _or_nan(example.stands_out))
    readings = [hot]
    t2_c = _or_nan(example.t2_c)
    if class_name == HOT_REGION:
        # its like part is another spot of the frame, not another box
        peers_k = example.t1_c - t2_c
        readings = [
            _reading(class_name, 0, hot.corrected_c, hot.background_c, hot.stands_out, peers_k)
        ]
    elif example.t2_c is not None:
        readings.append(_reading(class_name, 1, t2_c, math.nan, math.nan))
    earlier = None
    if example.growth_k is not None and example.t0_c is not None:
        rise_k = example.t1_c - example.t0_c - example.growth_k
        earlier = Baseline(rise_k, "the measurement before")
    baselines = [earlier, None][: len(readings)]
    conditions = MeasuringConditions(air_c=_or_nan(example.air_c))
    return judge.judge(readings, conditions, baselines)[0]


def _reading(
    class_name: str,
    place: int,
    hot_c: float,
    around_c: float,
    stands_out: float,
    over_peers_k: float = math.nan,
) -> Reading:
    """A trustworthy reading in a box of its own; place tells boxes apart."""
    left = place * 2 * BOX_PX
    return Reading(
        Detection(class_name, 1.0, Box(left, 0.0, left + BOX_PX, BOX_PX)),
        measured_c=hot_c,
        corrected_c=hot_c,
        background_c=around_c,
        hot_spot_px=(int(left + BOX_PX / 2), int(BOX_PX / 2)),
        stands_out=stands_out,
        over_peers_k=over_peers_k,
        correction=Correction.PHYSICS,
    )


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
