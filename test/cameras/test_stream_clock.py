"""How late a frame is, told from the device's stamps and a clock of ours."""

from __future__ import annotations

import pytest

from thermoscout_core.cameras.stream_clock import SETTLING_S, StreamClock

PERIOD_S = 0.04


def run(clock, frames, first=0, delay_s=0.0):
    """Frames that arrive `delay_s` after they were taken; the lag of the last one."""
    lag_s = 0.0
    for number in range(first, first + frames):
        lag_s = clock.lag_s(number * PERIOD_S, 5000.0 + number * PERIOD_S + delay_s)
    return lag_s


def test_frames_in_time_have_no_lag():
    clock = StreamClock()
    assert run(clock, 100) == pytest.approx(0.0, abs=1e-4)
    assert clock.is_settled


def test_a_frame_that_waited_is_that_much_late():
    clock = StreamClock()
    run(clock, 50)
    assert run(clock, 1, first=50, delay_s=0.3) == pytest.approx(0.3, abs=0.01)
    assert run(clock, 1, first=51) == pytest.approx(0.0, abs=0.01)


def test_a_backlog_at_the_start_is_not_taken_for_fresh_frames():
    clock = StreamClock()
    for number in range(25):
        clock.lag_s(number * PERIOD_S, 5000.0 + number * 0.001)
    assert not clock.is_settled
    clock.lag_s(25 * PERIOD_S, 5000.0 + 0.025 + PERIOD_S)
    assert clock.is_settled


def test_a_reader_that_is_always_late_is_served_after_a_while():
    clock = StreamClock()
    for number in range(200):
        clock.lag_s(number * PERIOD_S, 5000.0 + number * PERIOD_S * 0.4)
        if number * PERIOD_S * 0.4 > SETTLING_S:
            break
    assert clock.is_settled


def test_a_crystal_that_differs_by_a_ten_thousandth_is_followed():
    clock = StreamClock()
    lags = [clock.lag_s(n * PERIOD_S, 5000.0 + n * PERIOD_S * 1.0001) for n in range(50_000)]
    assert max(lags) < 0.01


def test_a_device_that_starts_anew_is_not_late_for_ever():
    clock = StreamClock()
    run(clock, 50)
    clock.lag_s(0.0, 9000.0)
    assert clock.lag_s(PERIOD_S, 9000.0 + PERIOD_S) == pytest.approx(0.0, abs=1e-6)
