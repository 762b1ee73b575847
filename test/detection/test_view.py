"""The 8-bit view."""

import numpy as np
import pytest

from thermoscout_core.detection.view import GainControl, to_8bit_view
from thermoscout_core.errors import FrameError


@pytest.fixture
def scene() -> np.ndarray:
    rng = np.random.default_rng(0)
    sky = rng.normal(9000, 20, (60, 80))
    sky[30:, :] = rng.normal(10000, 60, (30, 80))
    sky[40:44, 40:44] = 14000
    return sky.astype(np.uint16)


def test_hotter_is_never_darker(scene: np.ndarray) -> None:
    view = to_8bit_view(scene)
    order = np.argsort(scene, axis=None)
    assert (np.diff(view.ravel()[order].astype(int)) >= 0).all()


def test_gain_and_offset_of_the_camera_do_not_change_the_picture(scene: np.ndarray) -> None:
    finer = (scene.astype(np.uint32) * 4 + 1000).astype(np.uint16)
    difference = to_8bit_view(scene).astype(int) - to_8bit_view(finer).astype(int)
    assert np.abs(difference).mean() < 3


def test_a_large_sky_does_not_take_all_the_contrast(scene: np.ndarray) -> None:
    equipment = scene[30:, :]
    plain = to_8bit_view(scene, GainControl(plateau=1e9))[30:, :]
    limited = to_8bit_view(scene, GainControl(plateau=2.0))[30:, :]
    assert equipment.std() > 0
    assert np.ptp(limited) >= np.ptp(plain)


def test_a_uniform_frame_is_uniform_grey() -> None:
    assert (to_8bit_view(np.full((8, 8), 777, np.uint16)) == 128).all()


def test_both_ends_of_the_count_range_are_usable() -> None:
    counts = np.array([[0, 65535], [0, 65535]], np.uint16)
    view = to_8bit_view(counts)
    assert view[0, 0] < 10 and view[0, 1] == 255


@pytest.mark.parametrize(
    "counts",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.uint16), np.zeros((0, 4), np.uint16)],
)
def test_other_arrays_are_refused_by_shape_and_dtype(counts: np.ndarray) -> None:
    with pytest.raises(FrameError, match="uint16"):
        to_8bit_view(counts)
