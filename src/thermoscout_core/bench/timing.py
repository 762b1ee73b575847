"""Timing calls, and what is told of their times."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Collection, Sequence

import numpy as np
from numpy.typing import NDArray

PERCENTILES = (50, 95, 99)


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


def percentiles_ms(times_s: Collection[float] | NDArray[np.float64]) -> dict[str, float]:
    """p50, p95 and p99 in milliseconds, to a microsecond, of seconds; empty for none."""
    if not len(times_s):
        return {}
    known = times_s if isinstance(times_s, np.ndarray) else np.fromiter(times_s, float)
    values = 1e3 * np.percentile(known, PERCENTILES)
    return {f"p{p}": round(float(ms), 3) for p, ms in zip(PERCENTILES, values, strict=True)}


def median_ms(times_s: Sequence[float]) -> float:
    return 1e3 * statistics.median(times_s)
