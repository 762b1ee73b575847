"""When a device is opened, when it is given up as lost, and when it is tried again.

Only the decisions are here: no thread, no device, and the clock is the caller's. Whoever holds the
device (device_reader.py: a thread) tells its Attempt what happens, which sets flags and no more. A
timer calls Supervisor.tick() and does what it says: OPEN or CLOSE.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum

from thermoscout_core.device_attempts import Attempt, Totals
from thermoscout_core.errors import DeviceError

BACK_OFF_FIRST_S = 0.5
BACK_OFF_LAST_S = 10.0
LOGIN_BACK_OFF_S = 60.0
"""After a refused password: cameras lock the account after a few more."""
STEADY_S = 5.0
"""After streaming for so long the next loss starts again at the first back-off."""
ABANDON_S = 10.0
"""A driver that hasn't let go for so long after it was told to is left behind."""


class Phase(str, Enum):
    """stopped; opening: no sample yet; streaming; lost: with its attempts to return; finished."""

    STOPPED = "stopped"
    OPENING = "opening"
    STREAMING = "streaming"
    LOST = "lost"
    FINISHED = "finished"


class Decision(Enum):
    """What tick() wants done: nothing, open a fresh device for .attempt, or let go of the old."""

    NOTHING = "nothing"
    OPEN = "open"
    CLOSE = "close"


class Supervisor:
    """Opens a device, notices its loss and brings it back: the same one, unless told otherwise.

    now_s: a clock that never jumps, in seconds. silence_s: a device that has given samples and
    gives none for so long is lost (but at least 2.5 periods of its rate). first_sample_s: so long
    it may take from opened to the first sample, and open_s to be opened at all. hardware_id: the
    only device to take, "" for the first that answers. any_device: take another one back too.

    start(), stop() and tick() belong to one thread; opened(), sampled(), heard(), failed(),
    ended() and released() to the attempt's holder, admits() to anyone.
    """

    def __init__(
        self,
        now_s: Callable[[], float] = time.monotonic,
        *,
        silence_s: float = 0.8,
        first_sample_s: float = 5.0,
        open_s: float = 10.0,
        hardware_id: str = "",
        any_device: bool = False,
    ) -> None:
        self.silence_s = silence_s
        self.first_sample_s = first_sample_s
        self.open_s = open_s
        self.any_device = any_device
        self.hardware_id = hardware_id
        self.phase = Phase.STOPPED
        self.problem = ""
        self.attempt: Attempt | None = None
        self._now_s = now_s
        self._totals = Totals()
        self._lost_at_s = 0.0
        self._streaming_since_s = 0.0
        self._back_off_s = BACK_OFF_FIRST_S
        self._next_try_s = 0.0
        self._leaving: Attempt | None = None
        self._left_s = 0.0

    # The timer's side

    def start(self) -> None:
        """Begin to open the device at the next tick."""
        self.phase, self.problem = Phase.OPENING, ""
        self._lost_at_s = self._next_try_s = self._now_s()
        self._back_off_s = BACK_OFF_FIRST_S

    def stop(self) -> None:
        """Open nothing any more and admit no further sample."""
        self._let_go()
        self.phase = Phase.STOPPED

    def tick(self) -> Decision:
        """Look at the flags and the clock; call it about ten times a second."""
        if self.phase in (Phase.STOPPED, Phase.FINISHED):
            return Decision.NOTHING
        now_s = self._now_s()
        attempt = self.attempt
        if attempt is None:
            return self._open_when_due(now_s)
        if attempt.problem:
            return self._lose(attempt.problem, now_s, attempt.login_refused)
        if attempt.finished:
            self._let_go()
            self.phase, self.problem = Phase.FINISHED, ""
            return Decision.CLOSE
        silence = self._silence(attempt, now_s)
        if silence:
            return self._lose(silence, now_s)
        if attempt.samples and self.phase is not Phase.STREAMING:
            self._totals.reconnects += self._totals.losses > 0
            self.phase, self.problem = Phase.STREAMING, ""
            self._streaming_since_s = now_s
        return Decision.NOTHING

    @property
    def lost_for_s(self) -> float:
        """Seconds since the loss, or since the start while no sample ever came; 0 when well."""
        if self.phase in (Phase.OPENING, Phase.LOST):
            return self._now_s() - self._lost_at_s
        return 0.0

    @property
    def next_try_in_s(self) -> float:
        """Seconds until the next attempt is due; 0 while there is one."""
        waits = self.attempt is None and self.phase in (Phase.OPENING, Phase.LOST)
        return max(0.0, self._next_try_s - self._now_s()) if waits else 0.0

    @property
    def wanted_id(self) -> str:
        """The only device that is taken now; "" when any is."""
        return "" if self.any_device else self.hardware_id

    @property
    def totals(self) -> Totals:
        """A copy, with what the present attempt has counted."""
        totals = Totals(**vars(self._totals))
        if self.attempt is not None:
            totals.add(self.attempt)
        return totals

    # The holder's side

    def opened(self, attempt: Attempt, hardware_id: str, rate_hz: float) -> None:
        """The device is open. Raises DeviceError when it is another one than before, or when the
        attempt was given up meanwhile."""
        if attempt is not self.attempt:
            raise DeviceError(f"{hardware_id} answered only after it was given up")
        if self.wanted_id not in ("", hardware_id):
            self._totals.refused += 1
            raise DeviceError(
                f"another device answers: {hardware_id}, where {self.wanted_id} is expected; "
                "set any_device to take it"
            )
        self.hardware_id = hardware_id
        attempt.hardware_id = hardware_id
        attempt.silence_s = 2.5 / rate_hz if rate_hz > 0 else 0.0
        attempt.opened_s = self._now_s()

    def admits(self, attempt: Attempt) -> bool:
        """Whether a sample of that attempt is fresh: False once it was given up."""
        return attempt is self.attempt and not attempt.problem

    def sampled(self, attempt: Attempt) -> None:
        """A good sample came."""
        attempt.last_heard_s = self._now_s()
        attempt.samples += 1

    def heard(self, attempt: Attempt) -> None:
        """The device is alive, but what it sent was no good sample; it says itself when enough
        is enough."""
        if attempt.samples:
            attempt.last_heard_s = self._now_s()

    def failed(self, attempt: Attempt, problem: str, login_refused: bool = False) -> None:
        """The device is gone or was refused; problem: one sentence for people."""
        attempt.login_refused = login_refused
        attempt.problem = problem or "no reason given"

    def ended(self, attempt: Attempt) -> None:
        """The source has no more samples, and none is lost."""
        attempt.finished = True

    def released(self, attempt: Attempt) -> None:
        """The device is closed; another attempt may begin."""
        attempt.released = True

    # Within

    def _open_when_due(self, now_s: float) -> Decision:
        if now_s < self._next_try_s:
            return Decision.NOTHING
        leaving = self._leaving
        if leaving is not None and not leaving.released:
            if now_s - self._left_s < ABANDON_S:
                return Decision.NOTHING
            self._totals.abandoned += 1
        self._leaving = None
        self._totals.attempts += 1
        self.attempt = Attempt(begun_s=now_s)
        return Decision.OPEN

    def _silence(self, attempt: Attempt, now_s: float) -> str:
        """Why the attempt's silence is a loss, "" when it isn't."""
        if not attempt.silence_is_loss:
            return ""
        if attempt.opened_s is None:
            waited_s, limit_s, what = now_s - attempt.begun_s, self.open_s, "no answer"
        elif attempt.last_heard_s is None:
            limit_s = max(self.first_sample_s, attempt.silence_s)
            waited_s, what = now_s - attempt.opened_s, "connected, but nothing came"
        else:
            limit_s = max(self.silence_s, attempt.silence_s)
            waited_s, what = now_s - attempt.last_heard_s, "nothing came"
        return f"{what} for {waited_s:.1f} s" if waited_s > limit_s else ""

    def _lose(self, problem: str, now_s: float, login_refused: bool = False) -> Decision:
        if self.phase is Phase.STREAMING:
            self._totals.losses += 1
            self._lost_at_s = now_s
            if now_s - self._streaming_since_s >= STEADY_S:
                self._back_off_s = BACK_OFF_FIRST_S
        self._let_go()
        self.phase, self.problem = Phase.LOST, problem
        self._next_try_s = now_s + (LOGIN_BACK_OFF_S if login_refused else self._back_off_s)
        self._back_off_s = min(2 * self._back_off_s, BACK_OFF_LAST_S)
        return Decision.CLOSE

    def _let_go(self) -> None:
        if self.attempt is None:
            return
        self._totals.add(self.attempt)
        self._leaving, self.attempt = self.attempt, None
        self._left_s = self._now_s()
