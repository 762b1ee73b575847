"""The table of what every count is worth at a distance: as good as evaluating each pixel, and
kept as long as that holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from thermoscout_core.frames import (
    APPARENT,
    LinearScale,
    ObjectParameters,
    Radiometry,
    ThermalFrame,
)
from thermoscout_core.thermometry import atmosphere
from thermoscout_core.thermometry.count_table import (
    TABLE_AIR_C,
    TABLE_DISTANCE_M,
    TABLE_DISTANCE_SHARE,
    TABLE_HUMIDITY,
)
from thermoscout_core.thermometry.ranging import RangeFix
from thermoscout_core.thermometry.thermometer import Thermometer

SCALE = LinearScale(0.01, -100.0)
SCENE = ObjectParameters(emissivity=0.9, reflected_c=15.0, air_c=25.0, relative_humidity=0.6)
DISTANCE_M = 20.0
FIX = RangeFix(DISTANCE_M, stale=False, age_s=0.01)


def warm_wall() -> ThermalFrame:
    """80 °C at 20 m, seen by a raw camera."""
    apparent = atmosphere.apparent_of_object_c(
        np.full((8, 8), 80.0), replace(SCENE, distance_m=DISTANCE_M)
    )
    return ThermalFrame(SCALE.to_counts(apparent), Radiometry(SCALE, APPARENT, SCENE))


def test_the_count_table_agrees_with_the_plain_evaluation():
    thermometer = Thermometer(None)
    counts = np.arange(7000, 30000, 7, dtype=np.uint16).reshape(-1, 1)
    frame = ThermalFrame(counts, Radiometry(SCALE, APPARENT, SCENE))
    plain = atmosphere.object_c(
        SCALE.to_celsius(counts).astype(float), replace(SCENE, distance_m=DISTANCE_M)
    )
    np.testing.assert_allclose(thermometer.celsius(frame, FIX), plain, atol=2e-3)


def test_the_table_of_a_coarse_scale_is_as_good_as_its_knots_promise():
    thermometer, scale = Thermometer(None), LinearScale(0.1, -100.0)
    counts = np.arange(700, 3500, dtype=np.uint16).reshape(-1, 1)
    frame = ThermalFrame(counts, Radiometry(scale, APPARENT, SCENE))
    stated_c = counts * scale.gain_c_per_count + scale.offset_c
    plain = atmosphere.object_c(stated_c, replace(SCENE, distance_m=DISTANCE_M))
    np.testing.assert_allclose(thermometer.celsius(frame, FIX), plain, atol=2e-3)


@pytest.mark.parametrize("distance_m", [1.0, 20.0, 50.0])
@pytest.mark.parametrize(("air_c", "humidity"), [(0.0, 0.5), (20.0, 0.5), (40.0, 0.93)])
def test_what_the_kept_table_may_be_wrong_by_is_less_than_stated(distance_m, air_c, humidity):
    made_for = ObjectParameters(0.9, air_c, air_c, humidity, distance_m)
    moved = ObjectParameters(
        0.9,
        air_c + TABLE_AIR_C,
        air_c + TABLE_AIR_C,
        humidity + TABLE_HUMIDITY,
        distance_m + max(TABLE_DISTANCE_M, TABLE_DISTANCE_SHARE * distance_m),
    )
    apparent = atmosphere.apparent_of_object_c(80.0, made_for)
    errors = [
        abs(float(atmosphere.object_c(apparent, replace(made_for, **{name: value}))) - 80.0)
        for name, value in vars(moved).items()
    ]
    assert sum(errors) < 0.06


def test_the_table_is_kept_while_the_distance_hardly_moves():
    thermometer, frame = Thermometer(None), warm_wall()
    one = thermometer.celsius(frame, FIX)
    near = thermometer.celsius(frame, RangeFix(DISTANCE_M + 0.04, False, 0.0))
    np.testing.assert_array_equal(one, near)


def test_the_table_is_made_anew_when_the_distance_moves():
    thermometer, frame = Thermometer(None), warm_wall()
    one = thermometer.celsius(frame, FIX)
    far = thermometer.celsius(frame, RangeFix(30.0, False, 0.0))
    assert far[0, 0] > one[0, 0] + 0.2


def test_the_table_is_made_anew_for_another_scale():
    thermometer, frame = Thermometer(None), warm_wall()
    one = thermometer.celsius(frame, FIX)
    shifted = replace(frame.radiometry, scale=LinearScale(0.01, -99.0))
    other = thermometer.celsius(replace(frame, radiometry=shifted), FIX)
    assert other[0, 0] > one[0, 0] + 0.9
