"""Calibrations in camera_info_manager's format, and object parameters as text."""

from __future__ import annotations

import math

import pytest

from thermoscout_core.cameras.calibration import read_calibration
from thermoscout_core.cameras.object_parameters import parse_object_parameters
from thermoscout_core.errors import ConfigurationError

GOOD = """
image_width: 640
image_height: 512
camera_name: thermal
camera_matrix: {rows: 3, cols: 3, data: [800.0, 0, 320, 0, 801, 256, 0, 0, 1]}
distortion_model: plumb_bob
distortion_coefficients: {rows: 1, cols: 5, data: [-0.2, 0.1, 0, 0, 0]}
rectification_matrix: {rows: 3, cols: 3, data: [1, 0, 0, 0, 1, 0, 0, 0, 1]}
projection_matrix: {rows: 3, cols: 4, data: [800, 0, 320, 0, 0, 801, 256, 0, 0, 0, 1, 0]}
"""


def test_a_calibration_is_read(tmp_path):
    path = tmp_path / "thermal.yaml"
    path.write_text(GOOD)
    calibration = read_calibration(path)
    assert (calibration.width_px, calibration.height_px) == (640, 512)
    assert calibration.k[0] == 800.0 and calibration.p[5] == 801.0
    assert calibration.d == (-0.2, 0.1, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("image_width: 640", "image_width: wide", "image_width must be a number of pixels"),
        ("plumb_bob", "fisheye", "distortion_model must be one of plumb_bob"),
        ("[-0.2, 0.1, 0, 0, 0]", "[-0.2]", "doesn't have 1 coefficients"),
        ("[800.0, 0, 320,", "[800.0, 0,", "camera_matrix must be a matrix"),
        ("[800.0, 0, 320,", "[.nan, 0, 320,", "camera_matrix must be a matrix"),
        ("[800.0, 0, 320,", "[0, 0, 320,", "no positive focal lengths"),
        ("image_width", "[", "can't be read"),
    ],
)
def test_a_wrong_calibration_is_named(tmp_path, old, new, told):
    path = tmp_path / "thermal.yaml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(ConfigurationError, match=told):
        read_calibration(path)


def test_object_parameters_that_are_not_named_stay_unknown():
    wanted = parse_object_parameters("emissivity=0.95 distance_m=3")
    assert (wanted.emissivity, wanted.distance_m) == (0.95, 3.0)
    assert math.isnan(wanted.air_c)


@pytest.mark.parametrize(
    "text", ["emissivity", "emissivity=1.2", "emissivity=x", "colour=1", "air_c=1 air_c=2"]
)
def test_wrong_object_parameters_are_refused(text):
    with pytest.raises(ConfigurationError):
        parse_object_parameters(text)
