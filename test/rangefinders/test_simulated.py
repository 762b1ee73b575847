"""The simulated rangefinder when its clock jumps, and when it is told to be lost."""

from __future__ import annotations

import pytest

from thermoscout_core.errors import DeviceError
from thermoscout_core.rangefinders.registry import open_rangefinder

NOON_S = 1_800_000_000.0


class HandClock:
    def __init__(self) -> None:
        self.time_s = NOON_S

    def now_s(self) -> float:
        return self.time_s

    def sleep(self, seconds: float) -> None:
        self.time_s += seconds


def test_after_the_clock_was_set_back_it_measures_on_from_there():
    clock = HandClock()
    device = open_rangefinder("sim://patrol?rate=10", clock)
    device.open()
    device.read(1.0)
    clock.time_s -= 3600.0
    sample = device.read(1.0)
    assert sample is not None
    assert sample.stamp_s == pytest.approx(clock.now_s(), abs=0.2)


def test_a_loss_can_be_simulated():
    clock = HandClock()
    device = open_rangefinder("sim://patrol?loss_every=30&loss_for=3", clock)
    with pytest.raises(DeviceError, match="simulated loss"):
        device.open()
    clock.time_s += 4.0
    device.open()
    assert device.read(1.0) is not None


def test_the_rate_is_set_and_confirmed():
    clock = HandClock()
    device = open_rangefinder("sim://patrol?rate=10", clock)
    device.open()
    assert device.set_rate(50.0) == 50.0
    first, second = device.read(1.0), device.read(1.0)
    assert first is not None and second is not None
    assert second.stamp_s - first.stamp_s == pytest.approx(0.02, abs=1e-6)
