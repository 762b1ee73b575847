"""Targets of few pixels: published spot sizes and partial fills, and the way back."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from thermoscout_core.thermometry.spot_size import (
    BLUR_PX,
    filled_share,
    filling_c,
    partly_filled_c,
    pixel_m,
)


# facts/radiometry.md: 25° over 320 pixels.
@pytest.mark.parametrize(("distance_m", "three_px_m"), [(2, 0.0083), (10, 0.0416), (20, 0.083)])
def test_three_pixels_see_the_published_size(distance_m, three_px_m):
    seen = 3 * float(pixel_m(distance_m, math.radians(25.0), 320))
    assert seen == pytest.approx(three_px_m, abs=3e-4)


# facts/radiometry.md: a 100 °C spot on a 20 °C background.
PUBLISHED = [(0.90, 93.8), (0.75, 84.0), (0.50, 66.1), (0.25, 45.4)]


@pytest.mark.parametrize(("fill", "reads_c"), PUBLISHED)
def test_a_partly_filled_pixel_reads_the_published_temperature(fill, reads_c):
    assert float(partly_filled_c(100.0, 20.0, fill)) == pytest.approx(reads_c, abs=0.05)


@pytest.mark.parametrize(("fill", "reads_c"), PUBLISHED)
def test_the_spot_behind_a_partly_filled_pixel_is_found(fill, reads_c):
    assert float(filling_c(reads_c, 20.0, fill)) == pytest.approx(100.0, abs=0.2)


@pytest.mark.parametrize("side_px", [1, 2, 3, 5])
def test_the_filled_share_is_that_of_a_blurred_square_wherever_it_lies(side_px):
    fine, middle = 20, 200  # samples a pixel; the hottest pixel's centre
    reach, rng = side_px * fine // 2, np.random.default_rng(0)
    shares = []
    for dx, dy in rng.integers(-fine // 2, fine // 2 + 1, (60, 2)):
        scene = np.zeros((2 * middle, 2 * middle), np.float32)
        y, x = middle + dy, middle + dx
        scene[y - reach : y + reach, x - reach : x + reach] = 1.0
        blurred = cv2.GaussianBlur(scene, (0, 0), BLUR_PX * fine)
        pixel = np.s_[middle - fine // 2 : middle + fine // 2]
        shares.append(blurred[pixel, pixel].mean())
    assert float(filled_share(side_px)) == pytest.approx(float(np.mean(shares)), abs=0.02)


def test_three_pixels_are_filled():
    assert float(filled_share(3)) > 0.95


def test_a_point_has_no_estimate_beyond_the_least_fill():
    assert float(filling_c(30.0, 20.0, 0.0)) == float(filling_c(30.0, 20.0, 0.2))
