"""Thermogram files made for the tests, byte by byte where no library writes the format."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from thermoscout_core.thermograms import tp8

SCALE_YAML = "gain: 0.1\noffset: -1000.0\nencoding: mono16\n"


@pytest.fixture
def counts() -> NDArray[np.uint16]:
    rng = np.random.default_rng(3)
    return rng.integers(9_800, 11_500, (24, 32)).astype(np.uint16)


@pytest.fixture
def png_with_scale(tmp_path: Path, counts: NDArray[np.uint16]) -> Path:
    (tmp_path / "scale.yaml").write_text(SCALE_YAML)
    path = tmp_path / "frame.png"
    assert cv2.imwrite(str(path), counts)
    return path


@pytest.fixture
def dataset(tmp_path: Path, counts: NDArray[np.uint16]) -> Path:
    """A folder laid out like the substation data: a, b, c, of which a and b are the split val."""
    root = tmp_path / "dataset"
    for name in ("counts", "images", "splits"):
        (root / name).mkdir(parents=True)
    (root / "scale.yaml").write_text(SCALE_YAML)
    for stem in "abc":
        cv2.imwrite(str(root / "counts" / f"{stem}.png"), counts)
        cv2.imwrite(str(root / "images" / f"{stem}.jpg"), np.zeros((8, 8, 3), np.uint8))
    (root / "splits" / "val.txt").write_text("b\na\n")
    return root


def tp8_content(matrix: NDArray[np.int16]) -> bytes:
    """A TP8 file around a (288, 384) matrix of tenths of a degree."""
    content = bytearray(tp8.FILE_SIZE)
    jpeg = cv2.imencode(".jpg", np.zeros((288, 384), np.uint8))[1].tobytes()
    content[: len(jpeg)] = jpeg
    end = tp8.MATRIX_OFFSET + 2 * matrix.size
    content[tp8.MATRIX_OFFSET : end] = matrix.astype("<i2").tobytes()
    content[tp8.VISIBLE_OFFSET : tp8.VISIBLE_OFFSET + 2] = b"BM"
    return bytes(content)


@pytest.fixture
def make_tp8() -> Callable[[NDArray[np.int16]], bytes]:
    return tp8_content


@pytest.fixture
def data_folder() -> Path:
    """The founders' data; THERMOSCOUT_DATA or ../shared/data beside the repository."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    folder = Path(os.environ.get("THERMOSCOUT_DATA", beside))
    if not folder.is_dir():
        pytest.skip("no data folder; set THERMOSCOUT_DATA")
    return folder
