"""Whatever happens to a file, the reader gives a frame or a ThermogramError that names it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from thermoscout_core.errors import ThermogramError
from thermoscout_core.frames import LinearScale, ThermalFrame
from thermoscout_core.thermograms import read_thermogram
from thermoscout_core.thermograms.annex_c import AnnexCThermogram, encode_annex_c

SCALE = LinearScale(0.1, -1000.0)
FUZZ = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@cache
def whole_file(kind: str) -> bytes:
    counts = np.random.default_rng(5).integers(9_000, 11_000, (20, 30)).astype(np.uint16)
    if kind == "png":
        return cv2.imencode(".png", counts)[1].tobytes()
    if kind == "tiff":
        return cv2.imencode(".tiff", counts)[1].tobytes()
    if kind == "float tiff":
        return cv2.imencode(".tiff", (counts / 100).astype(np.float32))[1].tobytes()
    if kind == "jpeg":
        return cv2.imencode(".jpg", (counts >> 8).astype(np.uint8))[1].tobytes()
    matrix = (counts / 100).astype(np.float32)
    return encode_annex_c(AnnexCThermogram(matrix, "20260102030405", 0.9, 20.0, 20.0))


def frame_or_named_error(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    try:
        assert isinstance(read_thermogram(path, SCALE), ThermalFrame)
    except ThermogramError as error:
        assert path.name in str(error)


KINDS = ["png", "tiff", "float tiff", "jpeg", "annex c"]


@pytest.mark.parametrize("kind", KINDS)
@FUZZ
@given(data=st.data())
def test_truncated_files(tmp_path, kind, data):
    content = whole_file(kind)
    frame_or_named_error(tmp_path / "x.bin", content[: data.draw(st.integers(0, len(content)))])


@pytest.mark.parametrize("kind", KINDS)
@FUZZ
@given(data=st.data())
def test_mutated_files(tmp_path, kind, data):
    content = bytearray(whole_file(kind))
    places = st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255))
    for place, value in data.draw(st.lists(places, min_size=1, max_size=8)):
        content[place] = value
    frame_or_named_error(tmp_path / "x.bin", bytes(content))


@FUZZ
@given(content=st.binary(max_size=400))
def test_foreign_bytes(tmp_path, content):
    frame_or_named_error(tmp_path / "x.bin", content)


@pytest.mark.parametrize("kind", ["truncated", "mutated"])
@settings(FUZZ, max_examples=60)
@given(data=st.data())
def test_broken_flir_files(tmp_path, data_folder, kind, data):
    content = bytearray((data_folder / "flir_rjpeg" / "01 - 200_deg_neutral.jpg").read_bytes())
    if kind == "truncated":
        content = content[: data.draw(st.integers(0, len(content)))]
    else:
        places = st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255))
        for place, value in data.draw(st.lists(places, min_size=1, max_size=20)):
            content[place] = value
    frame_or_named_error(tmp_path / "x.jpg", bytes(content))
