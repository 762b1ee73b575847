"""How fast a bag is played: its time against the machine's steady time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable


class Pace:
    """Bag seconds since its beginning, as a function of the steady clock.

    rate: bag seconds per second; 0 holds nothing back. paused: the bag's time stands still.
    """

    def __init__(
        self, rate: float, paused: bool, steady_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._steady_s = steady_s
        self._rate = rate
        self._paused = paused
        self._bag_s = 0.0
        self._since_s = steady_s()

    @property
    def rate(self) -> float:
        return self._rate

    @property
    def paused(self) -> bool:
        return self._paused

    @property
    def bag_s(self) -> float:
        """Where the bag's time is now; infinite where nothing holds it back."""
        if self._paused:
            return self._bag_s
        if self._rate == 0.0:
            return math.inf
        return self._bag_s + (self._steady_s() - self._since_s) * self._rate

    def is_due(self, at_s: float) -> bool:
        """Whether what happened at_s after the bag's beginning may be played."""
        return not self._paused and at_s <= self.bag_s

    def seek(self, bag_s: float) -> None:
        """Go on from there."""
        self._bag_s, self._since_s = bag_s, self._steady_s()

    def change(self, rate: float, paused: bool, played_s: float) -> None:
        """Another rate or a pause, from played_s on: where the bag is."""
        self.seek(played_s)
        self._rate, self._paused = rate, paused
