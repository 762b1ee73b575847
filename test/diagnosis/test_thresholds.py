"""Every threshold of the shipped rules, just above and just below."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from thermoscout_core.diagnosis.evidence import Baseline
from thermoscout_core.diagnosis.judge import Judge
from thermoscout_core.diagnosis.rules import Conditions, KnowledgeBase
from thermoscout_core.diagnosis.survey import HOT_REGION
from thermoscout_core.verdicts import Severity

LIKE_C = 20.0
STEP = 1e-3


@dataclass(frozen=True)
class Example:
    """t2_c, t0_c: None where the frame has no such part. stands_out: NaN where nobody looked.
    growth_k: None without an earlier measurement."""

    t1_c: float
    t2_c: float | None = None
    t0_c: float | None = None
    stands_out: float = math.nan
    growth_k: float | None = None

    def lowered(self, by_k: float) -> Example:
        return replace(
            self,
            t1_c=self.t1_c - by_k,
            t2_c=None if self.t2_c is None else self.t2_c - by_k,
            t0_c=None if self.t0_c is None else self.t0_c - by_k,
        )


def holding(conditions: Conditions) -> Example:
    """Just enough for every condition, by STEP."""
    surface, delta, like = (
        conditions.surface_above_c,
        conditions.relative_difference,
        conditions.like_above_k,
    )
    example = Example(LIKE_C if surface is None else surface + STEP)
    if delta is not None or like is not None:
        difference = max((like or 0.0) + STEP, (delta or 0.0) * 10.0 + STEP)
        t1_c = surface + STEP if surface is not None else LIKE_C + difference
        t0_c = t1_c - difference / (delta + STEP / 100) if delta else None
        example = Example(t1_c, t1_c - difference, t0_c)
    if conditions.stands_out is not None:
        example = replace(example, stands_out=conditions.stands_out + STEP)
    if conditions.growth_above_k is not None:
        growth_k = conditions.growth_above_k + STEP
        example = replace(example, t0_c=example.t1_c - 5.0, growth_k=growth_k)
    return example


def failing(conditions: Conditions) -> Iterator[tuple[str, Example]]:
    """The same, with one condition after the other missed by STEP."""
    holds = holding(conditions)
    t1_c, t2_c, t0_c = holds.t1_c, holds.t2_c, holds.t0_c
    if conditions.surface_above_c is not None:
        yield "surface", holds.lowered(t1_c - conditions.surface_above_c)
    if conditions.relative_difference is not None:
        rise = (t1_c - t2_c) / (conditions.relative_difference - STEP / 100)
        yield "delta", replace(holds, t0_c=t1_c - rise)
    if conditions.like_above_k is not None:
        t2_missed = t1_c - conditions.like_above_k
        delta = (t1_c - t2_c) / (t1_c - t0_c) if t0_c is not None else None
        t0_missed = None if delta is None else t1_c - max((t1_c - t2_missed) / delta, 10.0)
        yield "like", replace(holds, t2_c=t2_missed, t0_c=t0_missed)
    if conditions.stands_out is not None:
        yield "stands_out", replace(holds, stands_out=conditions.stands_out - STEP)
    if conditions.growth_above_k is not None:
        yield "growth", replace(holds, growth_k=conditions.growth_above_k - STEP)


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
def test_a_threshold_divides(knowledge_base, reading, class_name, severity, example, holds):
    t0_c = math.nan if example.t0_c is None else example.t0_c
    first = reading(example.t1_c, class_name, background_c=t0_c)
    first = replace(first, stands_out=example.stands_out)
    others = []
    if example.t2_c is not None and class_name == HOT_REGION:
        first = replace(first, over_peers_k=example.t1_c - example.t2_c)
    elif example.t2_c is not None:
        others = [reading(example.t2_c, class_name, place=1)]
    earlier = None
    if example.growth_k is not None:
        earlier = Baseline(example.t1_c - t0_c - example.growth_k, "the patrol before")
    baselines = [earlier, *[None] * len(others)]
    verdict = Judge(knowledge_base).judge([first, *others], baselines=baselines)[0]
    if holds:
        assert verdict.severity is severity, verdict.reason
    else:
        assert verdict.severity.rank < severity.rank, verdict.reason
