"""Every threshold of the shipped rules, just above and just below."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from thermoscout_core.diagnosis.rules import Conditions, KnowledgeBase
from thermoscout_core.verdicts import Severity

LIKE_C = 20.0
STEP = 1e-3


class Example(NamedTuple):
    """t1_c, t2_c and t0_c; None where the frame has no such part."""

    t1_c: float
    t2_c: float | None
    t0_c: float | None


def holding(conditions: Conditions) -> Example:
    """Just enough for every condition, by STEP."""
    surface, delta, like = (
        conditions.surface_above_c,
        conditions.relative_difference,
        conditions.like_above_k,
    )
    if delta is None and like is None:
        return Example(surface + STEP, None, None)
    difference = max((like or 0.0) + STEP, (delta or 0.0) * 10.0 + STEP)
    t1_c = surface + STEP if surface is not None else LIKE_C + difference
    t2_c = t1_c - difference
    return Example(t1_c, t2_c, t1_c - difference / (delta + STEP / 100) if delta else None)


def failing(conditions: Conditions) -> Iterator[tuple[str, Example]]:
    """The same, with one condition after the other missed by STEP."""
    t1_c, t2_c, t0_c = holding(conditions)
    if conditions.surface_above_c is not None:
        down = t1_c - conditions.surface_above_c
        yield (
            "surface",
            Example(
                t1_c - down,
                None if t2_c is None else t2_c - down,
                None if t0_c is None else t0_c - down,
            ),
        )
    if conditions.relative_difference is not None:
        rise = (t1_c - t2_c) / (conditions.relative_difference - STEP / 100)
        yield "delta", Example(t1_c, t2_c, t1_c - rise)
    if conditions.like_above_k is not None:
        t2_missed = t1_c - conditions.like_above_k
        delta = (t1_c - t2_c) / (t1_c - t0_c) if t0_c is not None else None
        t0_missed = None if delta is None else t1_c - max((t1_c - t2_missed) / delta, 10.0)
        yield "like", Example(t1_c, t2_missed, t0_missed)


def examples() -> Iterator[tuple[str, str, Severity, Example, bool]]:
    for rule in KnowledgeBase.load().rules:
        for class_name in rule.equipment:
            for severity, alternatives in rule.grades():
                for number, conditions in enumerate(alternatives):
                    name = f"{rule.id}-{severity.value}-{number}"
                    yield f"{name}-above", class_name, severity, holding(conditions), True
                    for what, example in failing(conditions):
                        yield f"{name}-{what}-below", class_name, severity, example, False


CASES = list(examples())


@pytest.mark.parametrize(
    ("class_name", "severity", "example", "holds"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_a_threshold_divides(judge_one, reading, class_name, severity, example, holds):
    surroundings = {} if example.t0_c is None else {"background_c": example.t0_c}
    others = [] if example.t2_c is None else [reading(example.t2_c, class_name, place=1)]
    verdict = judge_one(reading(example.t1_c, class_name, **surroundings), *others)
    if holds:
        assert verdict.severity is severity, verdict.reason
    else:
        assert verdict.severity.rank < severity.rank, verdict.reason
