"""From a frame to readings: corrected, flagged, and never guessed."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest

from thermoscout_core.detections import Box, Detection, Polygon
from thermoscout_core.errors import FrameError
from thermoscout_core.frames import (
    APPARENT,
    LinearScale,
    ObjectParameters,
    PlanckConstants,
    Radiometry,
    ThermalFrame,
)
from thermoscout_core.readings import Correction, ReadingFlag
from thermoscout_core.thermometry import atmosphere
from thermoscout_core.thermometry.bp_network import BpNetwork
from thermoscout_core.thermometry.correction import SITE_DEFAULTS
from thermoscout_core.thermometry.ranging import RangeFix
from thermoscout_core.thermometry.thermometer import Thermometer

SCALE = LinearScale(0.01, -100.0)
SCENE = ObjectParameters(emissivity=0.9, reflected_c=15.0, air_c=25.0, relative_humidity=0.6)
TRUE_C, BACKGROUND_C, DISTANCE_M = 80.0, 30.0, 20.0
FIX = RangeFix(DISTANCE_M, stale=False, age_s=0.01)
JOINT = Detection("connector", 0.9, Box(30, 30, 70, 70))


def frame_of(radiometry: Radiometry | None = None, hot_c: float = TRUE_C, **changes):
    """A joint at hot_c in front of a wall, seen by a raw camera at 20 m."""
    scene_c = np.full((100, 120), BACKGROUND_C)
    scene_c[40:60, 40:60] = hot_c
    parameters = replace(SCENE, distance_m=DISTANCE_M)
    apparent = atmosphere.apparent_of_object_c(scene_c, parameters)
    radiometry = radiometry or Radiometry(SCALE, APPARENT, SCENE, accuracy_c=0.5)
    return ThermalFrame(SCALE.to_counts(apparent), radiometry, source="test", **changes)


@pytest.fixture(scope="module")
def thermometer():
    return Thermometer(BpNetwork.load())


def read_one(thermometer, frame, fix=FIX, detection=JOINT, air=None):
    (reading,) = thermometer.read(frame, [detection], fix, air)
    return reading


def test_the_true_temperature_comes_back_through_the_network(thermometer):
    reading = read_one(thermometer, frame_of())
    assert reading.corrected_c == pytest.approx(TRUE_C, abs=0.15)
    assert reading.correction is Correction.NETWORK
    assert reading.flags == frozenset()
    assert reading.measured_c < TRUE_C - 5


def test_the_true_temperature_comes_back_through_physics_without_a_network():
    reading = read_one(Thermometer(None), frame_of())
    assert reading.corrected_c == pytest.approx(TRUE_C, abs=0.02)
    assert reading.correction is Correction.PHYSICS and reading.flags == frozenset()


def test_background_and_mean_are_corrected_alike(thermometer):
    reading = read_one(thermometer, frame_of())
    assert reading.background_c == pytest.approx(BACKGROUND_C, abs=0.15)
    assert reading.min_c == pytest.approx(BACKGROUND_C, abs=0.15)
    assert BACKGROUND_C < reading.mean_c < TRUE_C


def test_a_reading_states_what_it_used(thermometer):
    reading = read_one(thermometer, frame_of())
    assert (reading.distance_m, reading.emissivity) == (DISTANCE_M, 0.9)
    assert reading.hot_spot_px is not None and reading.has_temperature


def test_beyond_the_networks_domain_the_physics_corrects_and_says_so(thermometer):
    reading = read_one(thermometer, frame_of(hot_c=250.0))
    assert reading.corrected_c == pytest.approx(250.0, abs=0.05)
    assert reading.correction is Correction.PHYSICS
    assert reading.flags == {ReadingFlag.OUT_OF_CALIBRATION}


def test_another_cameras_curve_is_outside_the_calibration(thermometer):
    planck = PlanckConstants(14364.633, 0.010603162, 1385.4, 1.0, -5753.0)
    reading = read_one(thermometer, frame_of(Radiometry(SCALE, APPARENT, SCENE, planck)))
    assert reading.correction is Correction.PHYSICS
    assert reading.flags == {ReadingFlag.OUT_OF_CALIBRATION}


def test_without_a_distance_nothing_is_corrected(thermometer):
    reading = read_one(thermometer, frame_of(), fix=None)
    assert reading.flags == {ReadingFlag.NO_RANGE}
    assert reading.correction is Correction.NONE
    assert reading.corrected_c == reading.measured_c
    assert math.isnan(reading.distance_m) and math.isnan(reading.uncertainty_c)


def test_the_distance_that_the_frame_states_serves_without_a_rangefinder(thermometer):
    scene = replace(SCENE, distance_m=DISTANCE_M)
    reading = read_one(thermometer, frame_of(Radiometry(SCALE, APPARENT, scene)), fix=None)
    assert reading.corrected_c == pytest.approx(TRUE_C, abs=0.15)


def test_the_rangefinders_distance_goes_before_the_frames(thermometer):
    scene = replace(SCENE, distance_m=3.0)
    reading = read_one(thermometer, frame_of(Radiometry(SCALE, APPARENT, scene)))
    assert reading.distance_m == DISTANCE_M


def test_a_stale_distance_is_not_corrected_with(thermometer):
    reading = read_one(thermometer, frame_of(), fix=RangeFix(DISTANCE_M, True, 3.0))
    assert reading.flags == {ReadingFlag.STALE_RANGE}
    assert reading.correction is Correction.NONE


def test_unknown_camera_settings_are_not_corrected_with(thermometer):
    reading = read_one(thermometer, frame_of(Radiometry(SCALE, ObjectParameters(), SCENE)))
    assert reading.flags == {ReadingFlag.UNKNOWN_SETTINGS}
    assert reading.corrected_c == reading.measured_c


def test_a_frame_without_a_scale_has_no_temperature(thermometer):
    reading = read_one(thermometer, frame_of(Radiometry(None)))
    assert reading.flags == {ReadingFlag.NO_RADIOMETRY}
    assert not reading.has_temperature and math.isnan(reading.measured_c)


def test_invalid_pixels_never_become_a_temperature(thermometer):
    invalid = np.ones((100, 120), bool)
    reading = read_one(thermometer, frame_of(invalid=invalid))
    assert reading.flags == {ReadingFlag.NO_VALID_PIXEL}
    assert not reading.has_temperature


def test_a_saturated_hot_spot_is_flagged(thermometer):
    frame = frame_of()
    radiometry = replace(frame.radiometry, saturation_count=int(frame.counts.max()))
    assert read_one(thermometer, replace(frame, radiometry=radiometry)).flags == {
        ReadingFlag.SATURATED
    }


def test_a_box_below_three_pixels_is_flagged(thermometer):
    small = Detection("connector", 0.9, Box(45, 45, 47, 55))
    assert ReadingFlag.TOO_SMALL in read_one(thermometer, frame_of(), detection=small).flags


def test_what_the_camera_applied_is_undone_first(thermometer):
    applied = ObjectParameters(0.95, 20.0, 20.0, 0.5, 1.0)
    raw = frame_of()
    stated = atmosphere.object_c(SCALE.to_celsius(raw.counts), applied)
    frame = ThermalFrame(SCALE.to_counts(stated), Radiometry(SCALE, applied, SCENE))
    assert read_one(thermometer, frame).corrected_c == pytest.approx(TRUE_C, abs=0.15)


def test_a_camera_set_to_the_scene_needs_no_correction():
    applied = ObjectParameters(0.95, 20.0, 20.0, 0.5, 2.0)
    frame = replace(frame_of(), radiometry=Radiometry(SCALE, applied, applied))
    reading = read_one(Thermometer(None), frame, fix=None)
    assert reading.corrected_c == pytest.approx(reading.measured_c, abs=1e-6)


def test_the_sites_own_air_goes_before_the_frames(thermometer):
    scene = replace(SCENE, air_c=-5.0, relative_humidity=0.2)
    frame = frame_of(Radiometry(SCALE, APPARENT, scene))
    air = ObjectParameters(air_c=25.0, relative_humidity=0.6)
    assert read_one(thermometer, frame, air=air).corrected_c == pytest.approx(TRUE_C, abs=0.15)


def test_what_nobody_states_is_the_documented_default(thermometer):
    nothing = frame_of(Radiometry(SCALE))
    stated = replace(SITE_DEFAULTS, reflected_c=SITE_DEFAULTS.air_c)
    as_stated = frame_of(Radiometry(SCALE, APPARENT, stated))
    assert (
        read_one(thermometer, nothing).corrected_c == read_one(thermometer, as_stated).corrected_c
    )


@pytest.mark.parametrize("missing", ["emissivity", "air_c", "relative_humidity"])
def test_a_default_in_place_of_a_condition_is_flagged(thermometer, missing):
    frame = frame_of(Radiometry(SCALE, APPARENT, replace(SCENE, **{missing: math.nan})))
    assert read_one(thermometer, frame).flags == {ReadingFlag.ASSUMED_CONDITIONS}


def test_an_assumed_reflected_temperature_is_not_flagged(thermometer):
    frame = frame_of(Radiometry(SCALE, APPARENT, replace(SCENE, reflected_c=math.nan)))
    assert read_one(thermometer, frame).flags == frozenset()


def test_order_is_kept_also_around_unreadable_boxes(thermometer):
    outside = Detection("bushing", 0.5, Box(500, 500, 520, 520))
    readings = thermometer.read(frame_of(), [outside, JOINT, outside], FIX)
    assert [reading.has_temperature for reading in readings] == [False, True, False]
    assert [r.detection.class_name for r in readings] == ["bushing", "connector", "bushing"]


def test_no_detections_are_no_readings(thermometer):
    assert thermometer.read(frame_of(), [], FIX) == []


def test_the_uncertainty_covers_camera_emissivity_distance_air_and_reflection():
    reading = read_one(Thermometer(None), frame_of())
    assert 1.0 < reading.uncertainty_c < 2.0


def test_the_uncertainty_is_unknown_when_the_cameras_is():
    frame = frame_of(Radiometry(SCALE, APPARENT, SCENE))
    assert math.isnan(read_one(Thermometer(None), frame).uncertainty_c)


def test_the_corrected_image_agrees_with_the_readings(thermometer):
    frame = frame_of()
    image = thermometer.celsius(frame, FIX)
    reading = read_one(thermometer, frame)
    x, y = reading.hot_spot_px
    assert image.dtype == np.float32 and image.shape == frame.counts.shape
    assert image[y, x] == pytest.approx(reading.corrected_c, abs=0.01)


def test_an_uncorrected_image_is_the_cameras_own(thermometer):
    frame = frame_of()
    np.testing.assert_allclose(thermometer.celsius(frame, None), frame.celsius(), atol=1e-3)


def test_invalid_pixels_are_nan_in_the_image(thermometer):
    invalid = np.zeros((100, 120), bool)
    invalid[3, 4] = True
    image = thermometer.celsius(frame_of(invalid=invalid), FIX)
    assert np.isnan(image[3, 4]) and np.isfinite(image).sum() == image.size - 1


def test_an_image_without_a_scale_is_refused(thermometer):
    with pytest.raises(FrameError, match="without a temperature scale"):
        thermometer.celsius(frame_of(Radiometry(None)), FIX)


def small_joint(side_px):
    """A joint of few pixels before a wall, as a blurred camera sees it."""
    scene_c = np.full((100, 120), BACKGROUND_C)
    half = side_px // 2
    scene_c[50 - half : 50 - half + side_px, 50 - half : 50 - half + side_px] = TRUE_C
    apparent = atmosphere.apparent_of_object_c(scene_c, replace(SCENE, distance_m=DISTANCE_M))
    blurred = cv2.GaussianBlur(atmosphere.signal_of_celsius(apparent), (0, 0), 0.6)
    seen = atmosphere.celsius_of_signal(blurred)
    return ThermalFrame(SCALE.to_counts(seen), Radiometry(SCALE, APPARENT, SCENE, accuracy_c=0.5))


def test_a_small_hot_spot_is_flagged_and_its_bias_estimated():
    reading = read_one(Thermometer(None), small_joint(2))
    assert ReadingFlag.TOO_SMALL in reading.flags
    low_by_k = TRUE_C - reading.corrected_c
    assert low_by_k > 5.0
    assert reading.small_target_c == pytest.approx(low_by_k, rel=0.4)
    assert reading.uncertainty_c > reading.small_target_c


def test_a_large_hot_spot_has_no_such_bias():
    reading = read_one(Thermometer(None), small_joint(9))
    assert reading.small_target_c == 0.0 and reading.flags == frozenset()


def test_dead_pixels_of_the_camera_are_not_measured_with():
    dead = np.zeros((100, 120), bool)
    dead[44:48, 44:48] = True
    frame = frame_of()
    frame.counts[44:48, 44:48] = 40000
    assert read_one(Thermometer(None), frame).corrected_c > 200.0
    masked = Thermometer(None, dead_pixels=dead)
    assert read_one(masked, frame).corrected_c == pytest.approx(TRUE_C, abs=0.05)
    assert np.isnan(masked.celsius(frame, FIX)[45, 45])


def test_a_map_of_another_cameras_dead_pixels_is_refused():
    thermometer = Thermometer(None, dead_pixels=np.zeros((10, 12), bool))
    with pytest.raises(FrameError, match="12x10, the frame 120x100"):
        thermometer.read(frame_of(), [JOINT], FIX)


def test_a_detection_with_an_outline_is_measured_within_it(thermometer):
    beside = Polygon(((60, 30), (70, 30), (70, 70), (60, 70)))
    reading = read_one(thermometer, frame_of(), detection=replace(JOINT, outline=beside))
    assert reading.corrected_c == pytest.approx(BACKGROUND_C, abs=0.15)


def test_the_budget_of_a_reading_says_where_its_uncertainty_comes_from():
    frame = frame_of()
    reading = read_one(Thermometer(None), frame)
    made = Thermometer(None).budget(
        frame.radiometry, replace(SCENE, distance_m=DISTANCE_M), np.array([reading.measured_c])
    )
    assert float(made.standard_k[0]) == pytest.approx(reading.uncertainty_c)
    contributions = {line.source: line.contribution_k for line in made.lines(0)}
    assert max(contributions, key=contributions.get) == "emissivity"
