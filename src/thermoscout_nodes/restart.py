"""A node that couldn't start, or fell over, is started again: soon, then less and less often."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node

BACK_OFF_FIRST_S = 1.0
BACK_OFF_LAST_S = 5.0


class Restart:
    """Calls start() after 1 s, then after 2, 4, 5, 5, … s, until succeeded() or cancel().

    On the executor's thread and on the steady clock: a /clock that stands still delays nothing.
    attempts: how many were made since it last went well.
    """

    def __init__(self, node: Node, start: Callable[[], None]) -> None:
        self._node = node
        self._start = start
        self._timer: Any = None
        self._clock = Clock(clock_type=ClockType.STEADY_TIME)
        self.attempts = 0

    @property
    def is_planned(self) -> bool:
        """Whether a further attempt will come."""
        return self._timer is not None

    def later(self) -> float:
        """Plan the next attempt; seconds until then."""
        delay_s = min(BACK_OFF_FIRST_S * 2.0**self.attempts, BACK_OFF_LAST_S)
        self.attempts += 1
        self.after(delay_s)
        return delay_s

    def after(self, delay_s: float) -> None:
        """Call start() then, which is no further attempt: the one before only waited."""
        self.cancel()
        self._timer = self._node.create_timer(delay_s, self._fire, clock=self._clock)

    def succeeded(self) -> None:
        self.cancel()
        self.attempts = 0

    def cancel(self) -> None:
        """No further attempt, unless later() is called again."""
        timer, self._timer = self._timer, None
        if timer is not None:
            self._node.destroy_timer(timer)

    def _fire(self) -> None:
        self.cancel()
        self._start()
