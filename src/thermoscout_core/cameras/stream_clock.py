"""How late a frame is: the device's time stamps held against a clock of ours that never jumps.

A device's clock and ours differ by an unknown offset. The smallest difference seen so far belongs
to the frame that was delayed least; whatever a frame exceeds it by, it has waited somewhere on
the way. So a backlog is noticed, and stamps don't take over the jitter of the network.
"""

from __future__ import annotations

LEAK = 2e-4
"""The offset may grow by so much of the time passed: crystals differ by less."""
JUMP_S = 5.0
"""A device whose clock jumps by more has started anew."""
SET_BACK_S = 0.1
"""So has one whose time goes back by more: a stream doesn't."""
SETTLING_S = 2.0


class StreamClock:
    """Takes (device time, our time) of each frame as it arrives, both in seconds."""

    def __init__(self) -> None:
        self._offset_s: float | None = None
        self._begun_s = 0.0
        self._device_s = self._ours_s = 0.0
        self._settled = False

    def lag_s(self, device_s: float, ours_s: float) -> float:
        """How much later than the least delayed one this frame came, >= 0."""
        offset_s = ours_s - device_s
        is_set_back = device_s < self._device_s - SET_BACK_S
        if self._offset_s is None or is_set_back or abs(offset_s - self._offset_s) > JUMP_S:
            self._offset_s, self._begun_s, self._settled = offset_s, ours_s, False
        else:
            self._settle(device_s, ours_s)
            passed_s = max(0.0, ours_s - self._ours_s)
            self._offset_s = min(offset_s, self._offset_s + LEAK * passed_s)
        self._device_s, self._ours_s = device_s, ours_s
        return offset_s - self._offset_s

    @property
    def is_settled(self) -> bool:
        """False while the first frames come faster than they were taken: they had been waiting."""
        return self._settled

    def _settle(self, device_s: float, ours_s: float) -> None:
        waited = ours_s - self._ours_s >= 0.5 * (device_s - self._device_s)
        self._settled |= waited or ours_s - self._begun_s > SETTLING_S
