"""Which models are refused, and which of the others is taken."""

from __future__ import annotations

from collections.abc import Sequence

from thermoscout_core.learning.compression.records import Measures, StepRecord
from thermoscout_core.learning.compression.step import Budget

ROUNDING = 1e-9
SAME_SIZE = 0.995
"""Files of the same network differ by what is noted in them, which nobody calls larger."""
ALIKE = 0.9
"""Speeds above this share of the best can't be told apart: then accuracy decides."""


def shortfalls(measures: Measures, dense: Measures, budget: Budget) -> list[str]:
    """What a model misses of a budget, a sentence each."""
    found = []
    loss = dense.map_50 - measures.map_50
    if not loss <= budget.map_loss + ROUNDING:
        found.append(
            f"blinder: loses {100 * loss:.2f} points of mAP, at most "
            f"{100 * budget.map_loss:g} allowed"
        )
    for latency in measures.latencies[:1]:
        if latency.faster < budget.faster:
            found.append(
                f"slower than asked: {latency.faster:.2f}× the dense model's speed in "
                f"{latency.runtime}, at least {budget.faster:g}× asked"
            )
    smaller = dense.onnx_bytes / measures.smallest_bytes
    if smaller < budget.smaller * SAME_SIZE:
        found.append(f"larger than asked: {smaller:.2f}× smaller, {budget.smaller:g}× asked")
    return found


def best_of(
    steps: Sequence[StepRecord], dense: StepRecord, goal: Budget
) -> tuple[StepRecord | None, list[str]]:
    """The accepted step that meets the goal and is fastest, of those about as fast the most
    accurate, and []; or None, and what the nearest of all steps misses."""
    missing = {id(step): shortfalls(step.measures, dense.measures, goal) for step in steps}
    meeting = [step for step in steps if not missing[id(step)] and not step.refused]
    if meeting:
        fastest = max(_speed(step) for step in meeting)
        alike = [step for step in meeting if _speed(step) >= ALIKE * fastest]
        return max(alike, key=lambda step: step.measures.map_50), []
    if not steps:
        return None, ["the recipe has no step"]
    nearest = min(steps, key=lambda step: (len(missing[id(step)]), -_speed(step)))
    reasons = missing[id(nearest)] or list(nearest.refused)
    return None, [f"{nearest.title}: {reason}" for reason in reasons]


def _speed(step: StepRecord) -> float:
    """The dense model's time over the step's in the first runtime."""
    return step.measures.latencies[0].faster
