"""Timing calls."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence


def interleaved_s(
    calls: Sequence[Callable[[], object]], repeats: int, warm_up: int = 5
) -> list[list[float]]:
    """Seconds of each call, taken in turns so that a slowing machine slows all alike."""
    for call in calls:
        for _ in range(warm_up):
            call()
    taken_s: list[list[float]] = [[] for _ in calls]
    for _ in range(repeats):
        for call, times_s in zip(calls, taken_s, strict=True):
            started_s = time.perf_counter()
            call()
            times_s.append(time.perf_counter() - started_s)
    return taken_s


def median_ms(times_s: Sequence[float]) -> float:
    return 1e3 * statistics.median(times_s)
