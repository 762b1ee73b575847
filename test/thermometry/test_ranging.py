"""The distance at a frame's stamp."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thermoscout_core.errors import ConfigurationError
from thermoscout_core.thermometry.ranging import CAPACITY, RangeBuffer, RangeFix


def buffer_of(*samples: tuple[float, float], max_age_s: float = 0.5) -> RangeBuffer:
    buffer = RangeBuffer(max_age_s)
    for stamp_s, range_m in samples:
        buffer.add(stamp_s, range_m)
    return buffer


def test_nothing_measured_is_no_distance():
    assert RangeBuffer(0.5).at(1.0) is None


def test_between_two_samples_the_distance_is_linear():
    fix = buffer_of((1.0, 4.0), (1.4, 6.0)).at(1.1)
    assert fix is not None
    assert fix.distance_m == pytest.approx(4.5)
    assert (fix.stale, fix.age_s) == (False, pytest.approx(0.1))


def test_a_sample_at_the_stamp_is_the_distance():
    assert buffer_of((1.0, 4.0), (1.4, 6.0)).at(1.4) == RangeFix(6.0, stale=False, age_s=0.0)


def test_after_the_last_sample_its_distance_holds_for_the_maximum_age():
    buffer = buffer_of((1.0, 4.0))
    fresh, stale = buffer.at(1.5), buffer.at(1.6)
    assert fresh == RangeFix(4.0, stale=False, age_s=0.5)
    assert stale is not None and stale.stale and stale.distance_m == 4.0


def test_a_gap_longer_than_the_maximum_age_is_not_bridged():
    fix = buffer_of((0.0, 4.0), (10.0, 8.0)).at(0.2)
    assert fix is not None and fix.distance_m == 4.0 and not fix.stale


def test_the_middle_of_a_long_gap_is_stale():
    fix = buffer_of((0.0, 4.0), (10.0, 8.0)).at(5.0)
    assert fix is not None and fix.stale


@pytest.mark.parametrize("reading", [math.inf, -math.inf, math.nan, 0.0, -1.0])
def test_rep117_readings_without_a_distance_are_not_kept(reading):
    buffer = RangeBuffer(0.5)
    assert not buffer.add(1.0, reading)
    assert buffer.at(1.0) is None


@pytest.mark.parametrize("nothing", [math.inf, -math.inf, math.nan])
def test_a_distance_does_not_hold_beyond_a_sample_that_saw_nothing(nothing):
    fix = buffer_of((1.0, 4.0), (1.1, nothing)).at(1.2)
    assert fix is not None and fix.stale


def test_one_sample_that_saw_nothing_between_two_distances_is_bridged():
    fix = buffer_of((1.0, 4.0), (1.1, math.nan), (1.2, 4.0)).at(1.15)
    assert fix == RangeFix(pytest.approx(4.0), stale=False, age_s=pytest.approx(0.05))


def test_after_the_clock_was_set_back_a_little_no_distance_of_before_is_used():
    buffer = buffer_of(*((100.0 + 0.1 * step, 4.0) for step in range(30)), (100.5, 9.0))
    assert buffer.at(101.0) == RangeFix(9.0, stale=False, age_s=0.5)


def test_samples_may_arrive_out_of_order():
    fix = buffer_of((1.4, 6.0), (1.0, 4.0)).at(1.2)
    assert fix is not None and fix.distance_m == pytest.approx(5.0)


def test_a_repeated_stamp_replaces_the_earlier_sample():
    buffer = buffer_of((1.0, 4.0), (1.0, 7.0))
    assert len(buffer) == 1
    assert buffer.at(1.0) == RangeFix(7.0, stale=False, age_s=0.0)


def test_a_clock_set_back_starts_the_buffer_anew():
    buffer = buffer_of((100.0, 4.0), (100.1, 4.0), (5.0, 9.0))
    assert len(buffer) == 1
    assert buffer.at(5.0) == RangeFix(9.0, stale=False, age_s=0.0)


def test_the_buffer_keeps_no_more_than_its_capacity():
    buffer = buffer_of(*((0.01 * step, 5.0) for step in range(CAPACITY + 50)))
    assert len(buffer) == CAPACITY


@pytest.mark.parametrize("age", [0.0, -1.0, math.nan, math.inf])
def test_a_maximum_age_that_is_no_duration_is_refused(age):
    with pytest.raises(ConfigurationError, match="maximum age"):
        RangeBuffer(age)


@given(
    st.lists(st.tuples(st.floats(0, 5), st.floats(0.1, 100)), min_size=1, max_size=30),
    st.floats(-1, 6),
)
def test_the_distance_lies_between_the_nearest_and_furthest_sample(samples, stamp_s):
    fix = buffer_of(*samples).at(stamp_s)
    ranges = [range_m for _, range_m in samples]
    assert fix is not None
    assert min(ranges) - 1e-9 <= fix.distance_m <= max(ranges) + 1e-9
