"""Boxes of another picture, in the thermal frame."""

from __future__ import annotations

import math

import numpy as np
import pytest

from thermoscout_core.detections import Box, Detection
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.thermometry.image_mapping import ImageMapping

CORNERS = [(0.0, 0.0), (1280.0, 0.0), (1280.0, 960.0), (0.0, 960.0), (640.0, 300.0)]


def test_a_box_of_a_resized_picture_is_scaled():
    mapping = ImageMapping.resized((300, 300), (640, 512))
    assert mapping.box(Box(30, 60, 150, 300)) == Box(64.0, 102.4, 320.0, 512.0)


def test_a_resized_detection_stays_a_box():
    found = Detection("bushing", 0.7, Box(30, 60, 150, 300))
    mapped = ImageMapping.resized((300, 300), (640, 512)).detection(found)
    assert (mapped.class_name, mapped.score, mapped.outline) == ("bushing", 0.7, None)


def turned(points, angle_rad=0.1, scale=0.4, shift=(31.0, 12.0)):
    c, s = scale * math.cos(angle_rad), scale * math.sin(angle_rad)
    return [(c * x - s * y + shift[0], s * x + c * y + shift[1]) for x, y in points]


def test_points_seen_in_both_pictures_fix_the_mapping():
    mapping = ImageMapping.from_points(CORNERS, turned(CORNERS))
    wanted = [(100.0, 200.0), (900.0, 700.0)]
    np.testing.assert_allclose(mapping.points(np.array(wanted)), turned(wanted), atol=1e-6)


def test_a_point_that_was_clicked_wrongly_is_left_out():
    grid = [(x, y) for x in (0.0, 400.0, 800.0, 1200.0) for y in (0.0, 300.0, 600.0, 900.0)]
    thermal = turned(grid)
    thermal[5] = (thermal[5][0] + 60.0, thermal[5][1])
    mapping = ImageMapping.from_points(grid, thermal)
    np.testing.assert_allclose(mapping.points(np.array([grid[5]])), turned([grid[5]]), atol=0.1)


def test_a_turned_box_is_measured_within_its_outline():
    mapping = ImageMapping.from_points(CORNERS, turned(CORNERS))
    found = mapping.detection(Detection("bushing", 0.7, Box(200, 200, 400, 300)))
    np.testing.assert_allclose(found.outline.corners[0], turned([(200, 200)])[0], atol=1e-6)
    assert found.box == found.outline.box


@pytest.mark.parametrize(
    ("picture", "thermal"),
    [
        (CORNERS[:3], CORNERS[:3]),
        (CORNERS, CORNERS[:4]),
        ([(float(i), 2.0 * i) for i in range(5)], CORNERS),
    ],
)
def test_points_that_fix_no_mapping_are_refused(picture, thermal):
    with pytest.raises(ConfigurationError, match="points"):
        ImageMapping.from_points(picture, thermal)


def test_a_picture_without_size_is_refused():
    with pytest.raises(ConfigurationError, match="size"):
        ImageMapping.resized((0, 300), (640, 512))
