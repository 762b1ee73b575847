"""The distance at a frame's stamp, out of a rangefinder's stamped samples."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass

from thermoscout_core.errors import ConfigurationError

CAPACITY = 512


@dataclass(frozen=True)
class RangeFix:
    """The distance that holds at a stamp.

    distance_m: > 0, NaN for a rangefinder that never measured one. stale: True when it isn't
    known to hold at the stamp. age_s: time between the stamp and the nearest distance, >= 0.
    """

    distance_m: float
    stale: bool
    age_s: float


NEVER_MEASURED = RangeFix(math.nan, stale=True, age_s=math.inf)
"""Of a rangefinder that is there and has given no distance."""


def is_distance(range_m: float) -> bool:
    """True for a measured distance. REP-117: −inf is too close, +inf nothing seen, NaN invalid."""
    return math.isfinite(range_m) and range_m > 0


class RangeBuffer:
    """A small stamped buffer of ranges, asked for the distance at a frame's stamp.

    max_age_s: a distance further away in time is stale, > 0 s. Samples may arrive out of order by
    less than that; one with the stamp of an earlier one replaces it. A stamp further before the
    newest one means that the clock was set back (a bag played again): the buffer starts anew, so
    that no distance of the other time is used.
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
        """Take one sample; True when it is a distance. One that isn't is kept, too: from its stamp
        on, the distance before it no longer holds."""
        if not math.isfinite(stamp_s):
            return False
        if self._stamps and stamp_s < self._stamps[-1] - self.max_age_s:
            self.clear()
        index = bisect_left(self._stamps, stamp_s)
        if index < len(self._stamps) and self._stamps[index] == stamp_s:
            self._ranges[index] = range_m
        else:
            self._stamps.insert(index, stamp_s)
            self._ranges.insert(index, range_m)
        if len(self._stamps) > CAPACITY:
            del self._stamps[0], self._ranges[0]
        return is_distance(range_m)

    def at(self, stamp_s: float) -> RangeFix | None:
        """The distance at that stamp; None when none was measured.

        Linear between two distances that are both within the maximum age, else the nearer one:
        stale when it is too old (or too far in the future), and when the rangefinder saw nothing
        between it and the stamp.
        """
        index = bisect_left(self._stamps, stamp_s)
        before = next((i for i in reversed(range(index)) if is_distance(self._ranges[i])), None)
        later = range(index, len(self._stamps))
        after = next((i for i in later if is_distance(self._ranges[i])), None)
        gaps_s = {i: abs(self._stamps[i] - stamp_s) for i in (before, after) if i is not None}
        if not gaps_s:
            return None
        nearest = min(gaps_s, key=lambda i: gaps_s[i])
        age_s = gaps_s[nearest]
        if before is not None and after is not None and max(gaps_s.values()) <= self.max_age_s:
            weight = gaps_s[before] / (gaps_s[before] + gaps_s[after])
            distance_m = self._ranges[before] * (1 - weight) + self._ranges[after] * weight
            return RangeFix(distance_m, stale=False, age_s=age_s)
        saw_nothing_since = nearest not in (index - 1, index)
        stale = age_s > self.max_age_s or saw_nothing_since
        return RangeFix(self._ranges[nearest], stale=stale, age_s=age_s)
