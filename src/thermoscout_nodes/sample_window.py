"""The latest samples of something, in memory that is all taken at the beginning.

A node that runs for days must not grow, and one that is watched for an hour must not seem to:
4096 floats in a deque take 128 KiB, bit by bit.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray


class SampleWindow:
    """Keeps the latest `size` samples."""

    def __init__(self, size: int) -> None:
        self._ring = np.full(size, np.nan)  # writes to it, so that the memory is really there
        self._seen = 0

    def append(self, sample: float) -> None:
        self._ring[self._seen % len(self._ring)] = sample
        self._seen += 1

    def __len__(self) -> int:
        return min(self._seen, len(self._ring))

    def __iter__(self) -> Iterator[float]:
        """The oldest first."""
        oldest = self._seen % len(self._ring) if self._seen > len(self._ring) else 0
        return iter(np.roll(self.samples, -oldest).tolist())

    @property
    def samples(self) -> NDArray[np.float64]:
        """(n,) in no order; to look at, not to keep."""
        return self._ring[: len(self)]
