"""Hot spot, mean, minimum and ring of boxes, in counts."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from thermoscout_core.detections import Box, Polygon
from thermoscout_core.errors import ConfigurationError, FrameError
from thermoscout_core.thermometry.regions import HotSpotRule, measure_regions

GAIN = 0.1
"""K per count in these tests."""


def scene(level: int = 300) -> np.ndarray:
    return np.full((80, 100), level, np.uint16)


def with_spot(counts, x, y, rise, sigma):
    yy, xx = np.mgrid[: counts.shape[0], : counts.shape[1]]
    blob = rise * np.exp(-((xx - x) ** 2 + (yy - y) ** 2) / (2 * sigma**2))
    return np.rint(counts + blob).astype(np.uint16)


def measure(counts, box, invalid=None):
    return measure_regions(counts, [box], GAIN, invalid)[0]


BOX = Box(20, 20, 60, 60)


def test_the_hot_spot_is_the_hottest_pixel_of_a_blurred_spot():
    region = measure(with_spot(scene(), 41, 33, 500, 2.0), BOX)
    assert region.hot_spot_px == (41, 33)
    assert region.hot == 800


def test_one_dead_pixel_is_no_hot_spot():
    counts = with_spot(scene(), 41, 33, 200, 2.0)
    counts[50, 50] = 65535
    region = measure(counts, BOX)
    assert (region.hot_spot_px, region.hot) == ((41, 33), 500)


def test_two_dead_pixels_side_by_side_are_no_hot_spot():
    counts = with_spot(scene(), 41, 33, 200, 2.0)
    counts[50, 50:52] = 65535
    assert measure(counts, BOX).hot_spot_px == (41, 33)


def test_a_dead_pixel_at_the_edge_against_the_sky_is_no_hot_spot():
    counts = scene(100)
    counts[30:50, 30:50] = 400
    counts[30, 40] = 2000
    assert measure(counts, BOX).hot == 400


def test_a_dead_pixel_in_the_corner_of_the_frame_is_no_hot_spot():
    counts = scene()
    counts[0, 0] = 65535
    assert measure(counts, Box(0, 0, 20, 20)).hot == 300


def test_a_sharp_point_blurred_by_the_optics_is_a_hot_spot():
    region = measure(with_spot(scene(), 41, 33, 600, 0.7), BOX)
    assert region.hot_spot_px == (41, 33)


def test_a_box_is_clipped_to_the_frame():
    region = measure(with_spot(scene(), 98, 78, 300, 2.0), Box(90, 70, 140, 130))
    assert region.hot_spot_px == (98, 78)


@pytest.mark.parametrize("box", [Box(200, 10, 220, 30), Box(30, 30, 30, 50), Box(50, 50, 40, 40)])
def test_a_box_without_a_pixel_of_the_frame_has_no_statistics(box):
    assert measure(scene(), box) is None


def test_a_box_that_is_not_a_number_has_no_statistics():
    assert measure(scene(), Box(math.nan, 0, 10, 10)) is None


def test_mean_and_minimum_are_those_of_the_box():
    counts = scene(300)
    counts[20:40, 20:60] = 500
    region = measure(counts, BOX)
    assert (region.mean, region.low) == (400.0, 300.0)


def test_two_cold_dead_pixels_are_no_minimum():
    counts = scene(300)
    counts[30, 30] = counts[45, 45] = 0
    assert measure(counts, BOX).low == 300


def test_the_ring_is_the_median_of_what_surrounds_the_box():
    counts = scene(200)
    counts[20:60, 20:60] = 900
    assert measure(counts, BOX).ring == 200


def test_the_ring_leaves_out_other_boxes():
    counts = scene(200)
    counts[20:60, 20:60] = 900
    counts[:, 60:] = 700
    counts[:, :20] = 700
    regions = measure_regions(counts, [BOX, Box(60, 0, 100, 80), Box(0, 0, 20, 80)], GAIN)
    assert regions[0].ring == 200


def test_a_box_as_large_as_the_frame_has_no_ring():
    assert math.isnan(measure(scene(), Box(0, 0, 100, 80)).ring)


def test_invalid_pixels_are_no_hot_spot_and_no_part_of_the_mean():
    counts, invalid = with_spot(scene(), 41, 33, 200, 2.0), np.zeros((80, 100), bool)
    counts[50:55, 50:55] = 60000
    invalid[50:55, 50:55] = True
    region = measure(counts, BOX, invalid)
    assert region.hot_spot_px == (41, 33)
    assert 300 <= region.mean < 310


def test_invalid_pixels_are_no_minimum():
    counts, invalid = scene(), np.zeros((80, 100), bool)
    counts[30:40, 30:40] = 0
    invalid[30:40, 30:40] = True
    assert measure(counts, BOX, invalid).low == 300


def test_a_box_of_invalid_pixels_has_no_statistics():
    invalid = np.zeros((80, 100), bool)
    invalid[15:65, 15:65] = True
    assert measure(scene(), BOX, invalid) is None


def test_the_frame_is_not_changed():
    counts, invalid = scene(), np.zeros((80, 100), bool)
    invalid[30, 30] = True
    before = counts.copy()
    measure(counts, BOX, invalid)
    np.testing.assert_array_equal(counts, before)


@pytest.mark.parametrize(("width", "small"), [(2.9, True), (3.0, False), (12.0, False)])
def test_a_box_narrower_than_three_pixels_is_too_small(width, small):
    assert measure(scene(), Box(20, 20, 20 + width, 50)).too_small is small


@pytest.mark.parametrize(("half", "small"), [(0, True), (1, False), (2, False)])
def test_a_hot_spot_that_covers_less_than_three_by_three_pixels_is_too_small(half, small):
    counts = scene()
    counts[40 - half : 41 + half, 40 - half : 41 + half] = 900
    counts[40 - half : 41 + half, 41 + half] = 500 if half == 0 else 300  # support for one pixel
    counts[41 + half, 40] = 500 if half == 0 else 300
    counts[40, 39 - half] = 500 if half == 0 else 300
    region = measure(counts, BOX)
    assert region.hot == 900 and region.too_small is small


def test_noise_is_not_too_small_a_hot_spot():
    noise = np.random.default_rng(0).integers(-2, 3, (80, 100))
    assert not measure((scene() + noise).astype(np.uint16), BOX).too_small


def test_many_boxes_come_back_in_their_order():
    counts = with_spot(with_spot(scene(), 25, 25, 300, 2), 75, 55, 500, 2)
    boxes = [Box(60, 40, 90, 70), Box(300, 300, 310, 310), Box(10, 10, 40, 40)]
    hot = [region.hot if region else None for region in measure_regions(counts, boxes, GAIN)]
    assert hot == [800, None, 600]


def test_no_boxes_are_no_statistics():
    assert measure_regions(scene(), [], GAIN) == []


L_SHAPE = Polygon(((20, 20), (60, 20), (60, 40), (40, 40), (40, 60), (20, 60)))


def test_an_outline_leaves_out_what_its_box_holds_beside_it():
    counts = with_spot(scene(), 50, 50, 800, 2.0)
    counts = with_spot(counts, 30, 30, 200, 2.0)
    inside, boxed = measure_regions(counts, [L_SHAPE, L_SHAPE.box], GAIN)
    assert (inside.hot_spot_px, boxed.hot_spot_px) == ((30, 30), (50, 50))
    assert inside.mean < boxed.mean


def test_the_mean_and_minimum_of_an_outline_are_its_own():
    counts = scene(500)
    counts[40:60, 40:60] = 100  # in the box, outside of the outline
    region = measure(counts, L_SHAPE)
    assert region.low == 500.0 and region.mean == pytest.approx(500.0)


def test_an_outline_of_no_pixel_has_no_statistics():
    assert measure(scene(), Polygon(((20, 20), (60, 20), (40, 20)))) is None


GLINT = with_spot(with_spot(scene(), 30, 30, 300, 3.0), 50, 50, 900, 0.7)


@pytest.mark.parametrize(("min_pixels", "spot"), [(1, (50, 50)), (4, (30, 30))])
def test_a_glint_of_fewer_pixels_than_asked_is_passed_over(min_pixels, spot):
    rule = HotSpotRule(min_pixels=min_pixels)
    assert measure_regions(GLINT, [BOX], GAIN, None, rule)[0].hot_spot_px == spot


def test_a_glint_that_is_read_is_too_small():
    assert measure(GLINT, BOX).too_small


def test_no_hot_spot_of_so_many_pixels_is_none():
    rule = HotSpotRule(min_pixels=9)
    counts = with_spot(np.zeros((80, 100), np.uint16), 41, 33, 500, 0.7)
    region = measure_regions(counts, [BOX], GAIN, None, rule)[0]
    assert region is None or region.hot < 400


def test_a_percentile_cuts_the_hottest_pixels_off():
    rng = np.random.default_rng(0)
    counts = rng.integers(300, 1300, (80, 100)).astype(np.uint16)
    counts = cv2.GaussianBlur(counts, (0, 0), 1.0)
    hot = measure_regions(counts, [BOX], GAIN, None, HotSpotRule(percentile=90.0))[0].hot
    window = counts[20:60, 20:60]
    assert np.percentile(window, 88) < hot <= np.percentile(window, 90)


@pytest.mark.parametrize(("pixels", "percentile"), [(0, 100.0), (1, 0.0), (1, 101.0)])
def test_a_rule_that_no_pixel_can_keep_is_refused(pixels, percentile):
    with pytest.raises(ConfigurationError, match="percentile"):
        HotSpotRule(pixels, percentile)


@pytest.mark.parametrize("corners", [((0, 0), (5, 5)), ((0, 0), (5, 0), (math.nan, 5))])
def test_an_outline_that_encloses_nothing_is_refused(corners):
    with pytest.raises(FrameError, match="three finite corners"):
        Polygon(corners)
