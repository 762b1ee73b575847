"""The simulated camera and the simulated rangefinder: pacing, stamps, agreement."""

import math

import numpy as np
import pytest

from thermoscout_core.cameras.base import EndOfStream
from thermoscout_core.cameras.registry import open_camera
from thermoscout_core.errors import DeviceError
from thermoscout_core.rangefinders.base import by_rep_117
from thermoscout_core.rangefinders.registry import open_rangefinder

SMALL = "sim://patrol?seed=7&width=128&height=96"


def opened(url, clock, **options):
    device = open_camera(url, clock, **options)
    device.open()
    return device


def test_frames_come_at_the_rate_with_stamps_on_the_grid(clock):
    camera = opened(SMALL, clock, rate=10)
    stamps = [camera.read(1.0).stamp_s for _ in range(20)]
    assert np.diff(stamps) == pytest.approx(0.1, abs=1e-6)
    assert clock.slept_s == pytest.approx(2.0, abs=0.11)


def test_a_frame_is_given_when_it_is_due_and_not_before(clock):
    camera = opened(SMALL, clock, rate=10)
    frame = camera.read(1.0)
    assert clock.now_s() == pytest.approx(frame.stamp_s, abs=1e-6)


def test_read_gives_up_after_its_timeout(clock):
    camera = opened(SMALL, clock, rate=1)
    assert camera.read(0.25) is None
    assert clock.slept_s == pytest.approx(0.25)


def test_a_late_reader_gets_the_newest_frame_once(clock):
    camera = opened(SMALL, clock, rate=10)
    camera.read(1.0)
    clock.time_s += 0.57
    late, after = camera.read(1.0), camera.read(1.0)
    assert 0 <= clock.now_s() - late.stamp_s < 0.2
    assert after.stamp_s - late.stamp_s == pytest.approx(0.1, abs=1e-6)


def test_the_stream_ends_after_its_laps(clock):
    camera = opened(SMALL, clock, rate=2, hold=0.5, laps=1)
    frames = []
    with pytest.raises(EndOfStream):
        while True:
            frames.append(camera.read(1.0))
    assert len(frames) == 9


def test_a_closed_camera_says_so(clock):
    camera = opened(SMALL, clock)
    camera.close()
    with pytest.raises(DeviceError, match="open"):
        camera.read(0.1)


def test_the_truth_of_a_frame_is_that_of_its_stamp(clock):
    camera = opened(SMALL, clock)
    frame = camera.read(1.0)
    assert camera.truth_of(frame) == camera.patrol.truth_at(frame.stamp_s)


def test_camera_and_rangefinder_agree_without_talking(clock):
    camera = opened("sim://patrol?seed=3&width=128&height=96&rate=5", clock)
    rangefinder = open_rangefinder("sim://patrol?seed=3", clock)
    rangefinder.open()
    for _ in range(40):
        frame, sample = camera.read(2.0), rangefinder.read(2.0)
        clock.time_s += 0.9
        truth_m = camera.patrol.distance_at(sample.stamp_s)
        assert sample.range_m == pytest.approx(truth_m, abs=0.015)
        same_stop = camera.patrol.waypoint_at(frame.stamp_s) == camera.patrol.waypoint_at(
            sample.stamp_s
        )
        frame_m = camera.patrol.frame_at(frame.stamp_s).distance_m
        assert not same_stop or sample.range_m == pytest.approx(frame_m, abs=0.03)


def test_the_ranges_scatter_by_three_millimetres():
    rangefinder = open_rangefinder("sim://patrol?seed=7")
    errors = [
        rangefinder.sample_at(t).range_m - rangefinder.patrol.distance_at(t)
        for t in np.arange(0, 36, 0.05)
    ]
    assert np.std(errors) == pytest.approx(0.003, rel=0.15)
    assert np.mean(errors) == pytest.approx(0.0, abs=0.0005)


def test_ranges_are_paced_by_the_clock(clock):
    rangefinder = open_rangefinder("sim://patrol?rate=20", clock)
    rangefinder.open()
    stamps = [rangefinder.read(1.0).stamp_s for _ in range(10)]
    assert np.diff(stamps) == pytest.approx(0.05, abs=1e-6)


@pytest.mark.parametrize(
    ("distance_m", "range_m"), [(0.01, -math.inf), (60.0, math.inf), (5.0, 5.0)]
)
def test_what_cannot_be_measured_is_told_by_rep_117(distance_m, range_m):
    assert by_rep_117(distance_m, 0.05, 50.0) == range_m


def test_an_unmeasured_distance_stays_nan():
    assert math.isnan(by_rep_117(math.nan, 0.05, 50.0))
