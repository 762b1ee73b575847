"""Pictures of any kind as counts."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thermoscout_core.errors import DatasetError
from thermoscout_core.learning.datasets.pictures import read_counts
from thermoscout_core.thermograms import read_thermogram

RAMP = np.tile(np.arange(256, dtype=np.uint8), (32, 1))
DATA = Path(os.environ.get("THERMOSCOUT_DATA", Path(__file__).parents[3] / "shared" / "data"))


def written(path: Path, pixels: np.ndarray) -> Path:
    cv2.imwrite(str(path), pixels)
    return path


@pytest.mark.parametrize("suffix", ["png", "bmp"])
def test_grey_pictures_span_all_counts(tmp_path: Path, suffix: str) -> None:
    counts = read_counts(written(tmp_path / f"a.{suffix}", RAMP))
    assert counts.dtype == np.uint16
    np.testing.assert_array_equal(counts[0], np.arange(256) * 257)


def test_a_palette_that_brightens_with_heat_keeps_its_order(tmp_path: Path) -> None:
    hot = cv2.applyColorMap(RAMP, cv2.COLORMAP_INFERNO)
    counts = read_counts(written(tmp_path / "a.png", hot)).astype(int)
    assert counts.shape == RAMP.shape
    assert (np.diff(counts[0]) >= -257).all()
    assert np.corrcoef(counts[0], np.arange(256))[0, 1] > 0.98


def test_an_alpha_channel_is_passed_over(tmp_path: Path) -> None:
    opaque = np.dstack([RAMP] * 3 + [np.full_like(RAMP, 9)])
    np.testing.assert_array_equal(
        read_counts(written(tmp_path / "a.png", opaque))[0], np.arange(256) * 257
    )


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_16_bit_counts_come_as_they_are_without_a_scale(tmp_path: Path, suffix: str) -> None:
    counts = np.random.default_rng(0).integers(0, 65536, (12, 16), np.uint16)
    np.testing.assert_array_equal(read_counts(written(tmp_path / f"a.{suffix}", counts)), counts)


def test_celsius_become_counts_in_their_order(tmp_path: Path) -> None:
    celsius = np.linspace(-20, 120, 192, dtype=np.float32).reshape(12, 16)
    counts = read_counts(written(tmp_path / "a.tif", celsius))
    assert (np.diff(counts.ravel().astype(int)) > 0).all()


def test_a_radiometric_jpeg_gives_its_temperatures_not_its_palette() -> None:
    path = DATA / "flir_rjpeg" / "15 - Linear_load.jpg"
    if not path.is_file():
        pytest.skip(f"{path} isn't there (THERMOSCOUT_DATA)")
    np.testing.assert_array_equal(read_counts(path), read_thermogram(path).counts)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.bmp"])
def test_a_truncated_picture_is_refused(tmp_path: Path, name: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    path = written(tmp_path / name, noise)
    path.write_bytes(path.read_bytes()[:-1200])
    with pytest.raises(DatasetError, match=name.replace(".", r"\.")):
        read_counts(path)


def test_a_truncated_thermogram_is_not_taken_for_a_picture(tmp_path: Path) -> None:
    path = written(tmp_path / "a.png", RAMP.astype(np.uint16))
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DatasetError, match=r"a\.png: truncated"):
        read_counts(path)


def test_a_folder_is_no_picture(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="can't be read"):
        read_counts(tmp_path)


BEGINNINGS = st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM", b"II*\x00"])


@given(BEGINNINGS, st.binary(max_size=80))
def test_any_bytes_are_a_picture_or_refused(
    tmp_path_factory: pytest.TempPathFactory, beginning: bytes, rest: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.png"
    path.write_bytes(beginning + rest)
    try:
        counts = read_counts(path)
    except DatasetError as error:
        assert "any.png" in str(error)
    else:
        assert counts.ndim == 2 and counts.dtype == np.uint16


@given(st.data())
def test_a_damaged_picture_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    suffix = data.draw(st.sampled_from([".png", ".jpg", ".bmp"]))
    content = bytearray(cv2.imencode(suffix, RAMP[:8, ::8])[1].tobytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / f"damaged{suffix}"
    path.write_bytes(content)
    try:
        assert read_counts(path).ndim == 2
    except DatasetError as error:
        assert "damaged" in str(error)
