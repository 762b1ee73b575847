"""The supervisor's decisions on a clock of the test's own: no thread, no device, no waiting."""

from __future__ import annotations

from itertools import pairwise

import pytest

from thermoscout_core.device_attempts import Attempt
from thermoscout_core.errors import DeviceError
from thermoscout_core.supervision import ABANDON_S, LOGIN_BACK_OFF_S, Decision, Phase, Supervisor

TICK_S = 0.1


class Bench:
    """A supervisor, its clock, and what a holder of the device would tell it."""

    def __init__(self, **options: object) -> None:
        self.now_s = 1000.0
        self.supervisor = Supervisor(lambda: self.now_s, **options)  # type: ignore[arg-type]
        self.supervisor.start()
        self.decisions: list[tuple[float, Decision]] = []

    def run(self, seconds: float, device: str | None = "A", release: bool = True) -> None:
        """Tick for so long. device: who answers and streams at 10 Hz; None: nobody does."""
        end_s = self.now_s + seconds
        while self.now_s < end_s - 1e-9:
            before = self.supervisor.attempt
            decision = self.supervisor.tick()
            if decision is not Decision.NOTHING:
                self.decisions.append((self.now_s, decision))
            if decision is Decision.CLOSE and release and before is not None:
                self.supervisor.released(before)
            if device is not None and self.supervisor.attempt is not None:
                self._answer(self.supervisor.attempt, device)
            self.now_s += TICK_S

    def _answer(self, attempt: Attempt, device: str) -> None:
        try:
            if attempt.opened_s is None:
                self.supervisor.opened(attempt, device, rate_hz=10.0)
        except DeviceError as error:
            self.supervisor.failed(attempt, str(error))
            return
        self.supervisor.sampled(attempt)

    def opened_at_s(self) -> list[float]:
        return [at_s for at_s, decision in self.decisions if decision is Decision.OPEN]


def test_a_device_that_answers_streams() -> None:
    bench = Bench()
    bench.run(1.0)
    assert bench.supervisor.phase is Phase.STREAMING
    assert bench.supervisor.hardware_id == "A"
    assert bench.supervisor.lost_for_s == 0.0


def test_silence_is_noticed_within_a_second() -> None:
    bench = Bench()
    bench.run(10.0)
    bench.run(1.0, device=None)
    assert bench.supervisor.phase is Phase.LOST
    assert "nothing came for 0." in bench.supervisor.problem


def test_the_silence_of_a_slow_device_is_counted_in_its_periods() -> None:
    bench = Bench()
    bench.run(1.0, device=None)
    attempt = bench.supervisor.attempt
    assert attempt is not None
    bench.supervisor.opened(attempt, "A", rate_hz=0.5)
    bench.supervisor.sampled(attempt)
    bench.run(4.5, device=None)
    assert bench.supervisor.phase is Phase.STREAMING
    bench.run(1.0, device=None)
    assert bench.supervisor.phase is Phase.LOST


def test_attempts_come_after_half_a_second_then_twice_as_late_up_to_ten() -> None:
    bench = Bench(open_s=0.05)
    bench.run(60.0, device=None)
    at_s = bench.opened_at_s()
    gaps_s = [round(later - earlier - TICK_S, 1) for earlier, later in pairwise(at_s)]
    assert gaps_s[:6] == pytest.approx([0.5, 1.0, 2.0, 4.0, 8.0, 10.0], abs=TICK_S + 0.01)


@pytest.mark.parametrize("gone_s", [0.1, 1.5, 5.0, 60.0])
def test_after_its_return_a_device_streams_within_the_back_off_and_a_second(gone_s: float) -> None:
    bench = Bench(open_s=0.3)
    bench.run(10.0)
    attempt = bench.supervisor.attempt
    assert attempt is not None
    bench.supervisor.failed(attempt, "cable pulled")
    bench.run(gone_s, device=None)
    bench.run(min(10.0, max(0.5, gone_s)) + 1.0)
    assert bench.supervisor.phase is Phase.STREAMING
    assert bench.supervisor.totals.losses == bench.supervisor.totals.reconnects == 1


def test_another_device_is_not_taken_back() -> None:
    bench = Bench()
    bench.run(2.0)
    bench.run(2.0, device=None)
    bench.run(5.0, device="B")
    assert bench.supervisor.phase is Phase.LOST
    assert "another device answers: B, where A is expected" in bench.supervisor.problem
    assert bench.supervisor.totals.refused >= 1
    bench.run(11.0, device="A")
    assert bench.supervisor.phase is Phase.STREAMING


def test_another_device_is_taken_when_that_was_asked_for() -> None:
    bench = Bench(any_device=True)
    bench.run(2.0)
    bench.run(2.0, device=None)
    bench.run(3.0, device="B")
    assert bench.supervisor.phase is Phase.STREAMING
    assert bench.supervisor.hardware_id == "B"


def test_a_device_named_beforehand_is_the_only_one_to_be_taken() -> None:
    bench = Bench(hardware_id="A")
    bench.run(3.0, device="B")
    assert bench.supervisor.phase is Phase.LOST
    assert bench.supervisor.totals.samples == 0


def test_samples_of_an_attempt_that_was_given_up_are_not_admitted() -> None:
    bench = Bench()
    bench.run(1.0)
    old = bench.supervisor.attempt
    assert old is not None and bench.supervisor.admits(old)
    bench.run(3.0, device=None)
    bench.run(3.0)
    assert bench.supervisor.phase is Phase.STREAMING
    assert not bench.supervisor.admits(old)


def test_a_device_that_opens_after_it_was_given_up_is_sent_away() -> None:
    bench = Bench(open_s=0.3)
    bench.run(0.1, device=None)
    late = bench.supervisor.attempt
    assert late is not None
    bench.run(1.0, device=None)
    with pytest.raises(DeviceError, match="given up"):
        bench.supervisor.opened(late, "A", 10.0)


def test_the_next_attempt_waits_until_the_last_one_has_let_go() -> None:
    bench = Bench()
    bench.run(10.0)
    bench.run(2.0, device=None, release=False)
    opened = len(bench.opened_at_s())
    bench.run(ABANDON_S - 2.0, release=False)
    assert len(bench.opened_at_s()) == opened
    assert bench.supervisor.totals.abandoned == 0
    bench.run(3.0, release=False)
    assert bench.supervisor.totals.abandoned == 1
    assert bench.supervisor.phase is Phase.STREAMING


def test_a_device_that_connects_but_sends_nothing_is_tried_again() -> None:
    bench = Bench(first_sample_s=2.0)
    bench.run(0.1, device=None)
    attempt = bench.supervisor.attempt
    assert attempt is not None
    bench.supervisor.opened(attempt, "A", 25.0)
    bench.run(2.5, device=None)
    assert bench.supervisor.phase is Phase.LOST
    assert "connected, but nothing came" in bench.supervisor.problem


def test_a_flapping_device_is_tried_less_and_less_often() -> None:
    bench = Bench()
    for _ in range(5):
        bench.run(0.3)
        attempt = bench.supervisor.attempt
        assert attempt is not None
        bench.supervisor.failed(attempt, "reset")
        while bench.supervisor.attempt is attempt or bench.supervisor.attempt is None:
            bench.run(TICK_S)
    at_s = bench.opened_at_s()
    gaps_s = [later - earlier for earlier, later in pairwise(at_s)]
    assert gaps_s == sorted(gaps_s) and gaps_s[-1] > 8.0


def test_a_refused_password_is_not_tried_until_the_camera_locks_the_account() -> None:
    bench = Bench()
    bench.run(TICK_S, device=None)
    attempt = bench.supervisor.attempt
    assert attempt is not None
    bench.supervisor.failed(attempt, "wrong password", login_refused=True)
    bench.run(LOGIN_BACK_OFF_S - 1.0)
    assert bench.supervisor.totals.attempts == 1
    bench.run(3.0)
    assert bench.supervisor.phase is Phase.STREAMING


def test_a_recording_may_stand_still_and_end() -> None:
    bench = Bench()
    bench.run(1.0)
    attempt = bench.supervisor.attempt
    assert attempt is not None
    attempt.silence_is_loss = False
    bench.run(60.0, device=None)
    assert bench.supervisor.phase is Phase.STREAMING
    bench.supervisor.ended(attempt)
    bench.run(1.0, device=None)
    assert bench.supervisor.phase is Phase.FINISHED
    assert bench.supervisor.totals.losses == 0


def test_the_totals_add_up_over_attempts() -> None:
    bench = Bench()
    for _ in range(2):
        bench.run(6.0)
        attempt = bench.supervisor.attempt
        assert attempt is not None
        attempt.counters.dropped, attempt.counters.torn = 3, 2
        bench.supervisor.failed(attempt, "gone")
        bench.run(0.2, device=None)
    bench.run(3.0)
    totals = bench.supervisor.totals
    assert (totals.dropped, totals.torn, totals.losses, totals.reconnects) == (6, 4, 2, 2)
    assert totals.attempts == 3


def test_stopped_means_stopped() -> None:
    bench = Bench()
    bench.run(1.0)
    attempt = bench.supervisor.attempt
    assert attempt is not None
    bench.supervisor.stop()
    bench.run(5.0)
    assert bench.supervisor.phase is Phase.STOPPED
    assert not bench.supervisor.admits(attempt)
