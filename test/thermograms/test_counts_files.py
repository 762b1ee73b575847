"""16-bit PNG and TIFF with a scale, and floating-point TIFF in °C."""

from __future__ import annotations

import math
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from thermoscout_core.errors import ThermogramError
from thermoscout_core.frames import LinearScale
from thermoscout_core.thermograms import read_thermogram

SCALE = LinearScale(0.1, -1000.0)


def test_png_counts_come_through_unchanged(png_with_scale, counts):
    assert np.array_equal(read_thermogram(png_with_scale).counts, counts)


def test_png_is_read_by_the_scale_beside_it(png_with_scale):
    assert read_thermogram(png_with_scale).radiometry.scale == SCALE


def test_png_is_read_by_the_scale_in_the_folder_above(dataset):
    assert read_thermogram(dataset / "counts" / "a.png").radiometry.scale == SCALE


def test_a_given_scale_is_preferred_to_the_file(png_with_scale):
    given = LinearScale(0.01, -273.15)
    assert read_thermogram(png_with_scale, given).radiometry.scale == given


def test_what_the_camera_applied_is_unknown_unless_stated(png_with_scale):
    applied = read_thermogram(png_with_scale).radiometry.applied
    assert all(math.isnan(value) for value in vars(applied).values())


def test_scale_file_can_state_camera_and_applied_parameters(png_with_scale):
    text = "gain: 0.1\noffset: -1000\nencoding: mono16\ncamera: TP8\napplied: {emissivity: 0.9}\n"
    (png_with_scale.parent / "scale.yaml").write_text(text)
    radiometry = read_thermogram(png_with_scale).radiometry
    assert (radiometry.camera, radiometry.applied.emissivity) == ("TP8", 0.9)


def test_stamp_is_the_modification_time_when_the_file_states_none(png_with_scale):
    os.utime(png_with_scale, (1_700_000_000, 1_700_000_000))
    assert read_thermogram(png_with_scale).stamp_s == 1_700_000_000


def test_png_without_scale_names_the_remedy(tmp_path, counts):
    path = tmp_path / "sub" / "x.png"
    path.parent.mkdir()
    cv2.imwrite(str(path), counts)
    with pytest.raises(ThermogramError, match=r"x\.png.*scale\.yaml"):
        read_thermogram(path)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("gain: 0.1\noffset: 0\nencoding: mono16\nofset: 3\n", "ofset"),
        ("gain: hot\noffset: 0\nencoding: mono16\n", "gain"),
        ("gain: -1\noffset: 0\nencoding: mono16\n", "gain"),
        ("gain: 0.1\nencoding: mono16\n", "offset"),
        ("gain: 0.1\noffset: 0\nencoding: rgb8\n", "encoding"),
        ("gain: 0.1\noffset: 0\nencoding: mono16\napplied: {emisivity: 1}\n", "emisivity"),
        ("gain: 0.1\noffset: 0\nencoding: mono16\nsaturation_count: 70000\n", "saturation_count"),
        ("- 1\n", "gain"),
        ("a: [\n", "YAML"),
    ],
)
def test_wrong_scale_file_names_the_file_and_the_key(png_with_scale, text, named):
    (png_with_scale.parent / "scale.yaml").write_text(text)
    with pytest.raises(ThermogramError, match=rf"scale\.yaml.*{named}"):
        read_thermogram(png_with_scale)


def test_8_bit_png_is_a_picture_without_temperatures(png_with_scale):
    cv2.imwrite(str(png_with_scale), np.zeros((8, 8), np.uint8))
    with pytest.raises(ThermogramError, match="without temperatures"):
        read_thermogram(png_with_scale)


def test_truncated_png_is_refused(png_with_scale):
    content = png_with_scale.read_bytes()
    png_with_scale.write_bytes(content[: len(content) // 2])
    with pytest.raises(ThermogramError, match="truncated"):
        read_thermogram(png_with_scale)


def test_tiff_counts_come_through_unchanged(tmp_path, counts):
    path = tmp_path / "x.tif"
    cv2.imwrite(str(path), counts)
    assert np.array_equal(read_thermogram(path, SCALE).counts, counts)


def test_truncated_tiff_is_refused(tmp_path, counts):
    path = tmp_path / "x.tif"
    cv2.imwrite(str(path), counts)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ThermogramError, match="truncated"):
        read_thermogram(path, SCALE)


def write_float_tiff(path: Path, celsius: np.ndarray) -> Path:
    assert cv2.imwrite(str(path), celsius)
    return path


def test_float_tiff_keeps_its_temperatures_to_5_mk(tmp_path):
    celsius = np.linspace(-40, 130, 600, dtype=np.float32).reshape(20, 30)
    frame = read_thermogram(write_float_tiff(tmp_path / "x.tif", celsius))
    assert np.abs(frame.celsius() - celsius).max() <= 0.0051


def test_float64_tiff_is_read_too(tmp_path):
    frame = read_thermogram(write_float_tiff(tmp_path / "x.tif", np.full((4, 4), 21.5)))
    assert frame.celsius()[0, 0] == pytest.approx(21.5, abs=0.005)


def test_scene_too_hot_for_10_mk_is_coded_more_coarsely(tmp_path):
    celsius = np.full((4, 4), 900, np.float32)
    frame = read_thermogram(write_float_tiff(tmp_path / "x.tif", celsius))
    assert frame.celsius()[0, 0] == pytest.approx(900, abs=0.011)


def test_nan_in_a_float_tiff_becomes_the_invalid_mask(tmp_path):
    celsius = np.full((4, 4), 20, np.float32)
    celsius[1, 2] = np.nan
    frame = read_thermogram(write_float_tiff(tmp_path / "x.tif", celsius))
    assert frame.invalid is not None and np.argwhere(frame.invalid).tolist() == [[1, 2]]


def test_invalid_pixel_has_count_0(tmp_path):
    celsius = np.full((4, 4), 20, np.float32)
    celsius[1, 2] = np.inf
    assert read_thermogram(write_float_tiff(tmp_path / "x.tif", celsius)).counts[1, 2] == 0


def test_float_tiff_without_any_number_is_refused(tmp_path):
    with pytest.raises(ThermogramError, match="no pixel"):
        read_thermogram(write_float_tiff(tmp_path / "x.tif", np.full((4, 4), np.nan, np.float32)))


def test_values_below_absolute_zero_are_no_celsius(tmp_path):
    with pytest.raises(ThermogramError, match="no temperatures in °C"):
        read_thermogram(write_float_tiff(tmp_path / "x.tif", np.full((4, 4), -1000, np.float32)))


def test_colour_tiff_is_refused(tmp_path):
    path = tmp_path / "x.tif"
    cv2.imwrite(str(path), np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(ThermogramError, match="3 × 8 bit"):
        read_thermogram(path)


@pytest.mark.parametrize("content", [b"", b"hello", b"%PDF-1.7", b"\xff\xd8\xff\xd9"])
def test_foreign_file_is_refused_by_name(tmp_path, content):
    path = tmp_path / "x.png"
    path.write_bytes(content)
    with pytest.raises(ThermogramError, match=r"x\.png"):
        read_thermogram(path)


def test_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(ThermogramError, match=r"gone\.png"):
        read_thermogram(tmp_path / "gone.png")


def test_folder_is_refused_by_name(tmp_path):
    with pytest.raises(ThermogramError, match="can't be read"):
        read_thermogram(tmp_path)


def test_format_is_known_by_content_not_by_name(tmp_path, counts):
    path = tmp_path / "x.jpg"
    path.write_bytes(cv2.imencode(".png", counts)[1].tobytes())
    assert np.array_equal(read_thermogram(path, SCALE).counts, counts)


def test_damaged_tiff_is_refused(tmp_path, counts):
    content = bytearray(cv2.imencode(".tiff", counts)[1].tobytes())
    middle = len(content) // 2
    content[middle : middle + 40] = bytes(40)
    (tmp_path / "x.tif").write_bytes(content)
    with pytest.raises(ThermogramError, match="damaged"):
        read_thermogram(tmp_path / "x.tif", SCALE)
