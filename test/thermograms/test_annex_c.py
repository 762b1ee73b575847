"""DL/T 664-2016 Annex C: what is written comes back exactly."""

from __future__ import annotations

import dataclasses
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from thermoscout_core.errors import ThermogramError
from thermoscout_core.frames import ObjectParameters, Radiometry, ThermalFrame
from thermoscout_core.thermograms import read_thermogram
from thermoscout_core.thermograms.annex_c import (
    END_MARK,
    AnnexCThermogram,
    decode_annex_c,
    encode_annex_c,
)
from thermoscout_core.thermograms.annex_c_frames import annex_c_of_frame, write_annex_c
from thermoscout_core.thermograms.celsius import encode_celsius

float32s = st.floats(width=32, allow_nan=False)
short_text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
thermograms = st.builds(
    AnnexCThermogram,
    celsius=hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9)),
    taken=st.from_regex(r"[0-9]{14}", fullmatch=True),
    emissivity=float32s,
    ambient_c=float32s,
    reflected_c=float32s,
    distance_m=st.integers(0, 2**32 - 1),
    relative_humidity_percent=st.integers(0, 255),
    lens_angle_deg=st.integers(0, 255),
    manufacturer=short_text,
    model=short_text,
    serial_number=short_text,
    longitude_deg=st.floats(allow_nan=False),
    latitude_deg=st.floats(allow_nan=False),
    altitude_m=st.integers(-(2**31), 2**31 - 1),
    description=st.text(st.characters(exclude_categories=["Cs"])),
    picture=st.binary(max_size=60),
)


def example(**changes) -> AnnexCThermogram:
    thermogram = AnnexCThermogram(
        celsius=np.linspace(10, 90, 12, dtype=np.float32).reshape(3, 4),
        taken="20260102030405",
        emissivity=float(np.float32(0.9)),
        ambient_c=21.5,
        reflected_c=18.0,
        distance_m=7,
        relative_humidity_percent=45,
        lens_angle_deg=25,
        manufacturer="宇",
        model="T",
        serial_number="42",
        description="B phase",
        picture=b"\xff\xd8jpeg\xff\xd9",
    )
    return dataclasses.replace(thermogram, **changes)


def same(a: AnnexCThermogram, b: AnnexCThermogram) -> bool:
    fields = [field.name for field in dataclasses.fields(a) if field.name != "celsius"]
    return a.celsius.tobytes() == b.celsius.tobytes() and all(
        getattr(a, name) == getattr(b, name) for name in fields
    )


@given(thermograms)
def test_every_thermogram_comes_back_exactly(thermogram):
    assert same(decode_annex_c(encode_annex_c(thermogram), "x"), thermogram)


@given(thermograms)
def test_writing_what_was_read_gives_the_same_bytes(thermogram):
    content = encode_annex_c(thermogram)
    assert encode_annex_c(decode_annex_c(content, "x")) == content


def test_layout_is_the_standards():
    content = encode_annex_c(example(description=""))
    start = len(example().picture)
    matrix_end = start + 20 + 4 * 12
    assert content[start : start + 20] == b"\x00\x01\x04\x00\x03\x0020260102030405"
    assert len(content) - matrix_end == 158
    assert struct.unpack_from("<f", content, matrix_end)[0] == pytest.approx(0.9)
    assert struct.unpack_from("<I", content, len(content) - 20) == (start,)
    assert content[-16:] == END_MARK


def test_bytes_behind_the_end_mark_do_no_harm():
    assert same(decode_annex_c(encode_annex_c(example()) + b"more", "x"), example())


def test_data_are_found_when_the_picture_in_front_was_rewritten():
    content = b"\xff\xd8longer jpeg\xff\xd9" + encode_annex_c(example())[len(example().picture) :]
    assert decode_annex_c(content, "x").celsius.tobytes() == example().celsius.tobytes()


def test_text_in_another_encoding_survives():
    raw = "变电站".encode("gbk")
    thermogram = example(description=raw.decode("utf-8", "surrogateescape"))
    assert same(decode_annex_c(encode_annex_c(thermogram), "x"), thermogram)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("taken", "yesterday"),
        ("model", "x" * 33),
        ("distance_m", -1),
        ("relative_humidity_percent", 256),
        ("lens_angle_deg", 300),
        ("altitude_m", 2**31),
        ("celsius", np.zeros(4, np.float32)),
    ],
)
def test_field_that_does_not_fit_is_named(field, value):
    with pytest.raises(ThermogramError, match=field):
        encode_annex_c(example(**{field: value}))


def test_file_becomes_a_frame_with_its_settings(tmp_path):
    frame = read_thermogram(write_annex_c(tmp_path / "x.jpg", example()))
    assert np.abs(frame.celsius() - example().celsius).max() <= 0.0051
    emissivity = float(np.float32(0.9))
    assert frame.radiometry.applied == ObjectParameters(emissivity, 18.0, 21.5, 0.45, 7)
    assert frame.radiometry.camera == "宇 T 42"
    assert frame.stamp_s == 1_767_323_045  # 2026-01-02 03:04:05


def test_impossible_emissivity_means_unknown_settings(tmp_path):
    path = write_annex_c(tmp_path / "x.jpg", example(emissivity=0.0))
    assert not read_thermogram(path).radiometry.applied.is_complete


def test_frame_written_and_read_keeps_its_temperatures(tmp_path):
    coded = encode_celsius(np.linspace(5, 95, 48).reshape(6, 8), "x")
    applied = ObjectParameters(0.95, 20.0, 20.0, 0.5, 3.0)
    frame = ThermalFrame(coded.counts, Radiometry(coded.scale, applied), 1_700_000_000.0)
    again = read_thermogram(write_annex_c(tmp_path / "x.jpg", annex_c_of_frame(frame)))
    assert np.abs(again.celsius() - frame.celsius()).max() <= 0.0051
    assert again.stamp_s == frame.stamp_s


def test_frame_with_unknown_settings_cannot_be_written_as_annex_c():
    coded = encode_celsius(np.full((4, 4), 20.0), "x")
    frame = ThermalFrame(coded.counts, Radiometry(coded.scale, ObjectParameters()))
    with pytest.raises(ThermogramError, match="emissivity"):
        annex_c_of_frame(frame)


@settings(max_examples=50)
@given(st.integers(0, 400))
def test_truncated_file_is_refused(cut):
    content = encode_annex_c(example())
    with pytest.raises(ThermogramError, match="Annex C"):
        decode_annex_c(content[: min(cut, len(content) - 1)], "x")
