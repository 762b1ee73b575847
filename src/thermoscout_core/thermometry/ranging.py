"""The distance at a frame's stamp, out of a rangefinder's stamped samples."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass

from thermoscout_core.errors import ConfigurationError

CAPACITY = 512
DISORDER_IN_AGES = 10
"""A sample this many maximum ages older than the newest is no late one: the clock was set back."""


@dataclass(frozen=True)
class RangeFix:
    """The distance that holds at a stamp.

    distance_m: > 0. stale: True when no sample lies within the buffer's maximum age of the
    stamp. age_s: time between the stamp and the nearest sample, >= 0.
    """

    distance_m: float
    stale: bool
    age_s: float


def is_distance(range_m: float) -> bool:
    """True for a measured distance. REP-117: −inf is too close, +inf nothing seen, NaN invalid."""
    return math.isfinite(range_m) and range_m > 0


class RangeBuffer:
    """A small stamped buffer of distances, asked for the distance at a frame's stamp.

    max_age_s: a sample further away in time is stale, > 0 s. Samples may arrive out of order;
    one with the stamp of an earlier one replaces it. A stamp more than DISORDER_IN_AGES maximum
    ages before the newest one means that the clock was set back (a bag played again): the buffer
    starts anew, so that no distance of the other time is used.
    Raises ConfigurationError for a max_age_s that isn't a positive number.
    """

    def __init__(self, max_age_s: float) -> None:
        if not (math.isfinite(max_age_s) and max_age_s > 0):
            raise ConfigurationError(
                f"the range's maximum age must be a positive number of seconds, got {max_age_s}"
            )
        self.max_age_s = max_age_s
        self._stamps: list[float] = []
        self._ranges: list[float] = []

    def __len__(self) -> int:
        return len(self._stamps)

    def clear(self) -> None:
        """Forget every sample."""
        self._stamps.clear()
        self._ranges.clear()

    def add(self, stamp_s: float, range_m: float) -> bool:
        """Take one sample; True when it is a distance and was kept."""
        if not is_distance(range_m) or not math.isfinite(stamp_s):
            return False
        if self._stamps and stamp_s < self._stamps[-1] - DISORDER_IN_AGES * self.max_age_s:
            self.clear()
        index = bisect_left(self._stamps, stamp_s)
        if index < len(self._stamps) and self._stamps[index] == stamp_s:
            self._ranges[index] = range_m
            return True
        self._stamps.insert(index, stamp_s)
        self._ranges.insert(index, range_m)
        if len(self._stamps) > CAPACITY:
            del self._stamps[0], self._ranges[0]
        return True

    def at(self, stamp_s: float) -> RangeFix | None:
        """The distance at that stamp; None when no distance was ever measured.

        Linear between two samples that are both within the maximum age, else the nearer
        sample's, which is stale when it is too old (or too far in the future).
        """
        if not self._stamps:
            return None
        index = bisect_left(self._stamps, stamp_s)
        before, after = max(index - 1, 0), min(index, len(self._stamps) - 1)
        gap_before = abs(stamp_s - self._stamps[before])
        gap_after = abs(self._stamps[after] - stamp_s)
        age = min(gap_before, gap_after)
        if before != after and max(gap_before, gap_after) <= self.max_age_s:
            weight = gap_before / (gap_before + gap_after)
            distance = self._ranges[before] * (1 - weight) + self._ranges[after] * weight
            return RangeFix(distance, stale=False, age_s=age)
        nearest = self._ranges[before if gap_before <= gap_after else after]
        return RangeFix(nearest, stale=age > self.max_age_s, age_s=age)
