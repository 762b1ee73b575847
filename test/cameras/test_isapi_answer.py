"""The answer of a Hikvision camera taken apart: by its lengths, and never by searching in it."""

from __future__ import annotations

import json
import resource
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thermoscout_core.cameras.isapi import identity_of
from thermoscout_core.cameras.isapi_answer import (
    Part,
    boundary_of,
    read_thermometry,
    split_parts,
)
from thermoscout_core.errors import DeviceError
from thermoscout_core.thermograms.celsius import encode_celsius

HOT_C, HOT_PIXEL = 92.34, (7, 11)
MORE_MIB = 4


def answer(celsius, **changes):
    height, width = celsius.shape
    description = {
        "jpegPicWidth": width,
        "jpegPicHeight": height,
        "temperatureDataLength": 4,
        **changes,
    }
    text = json.dumps({"JpegPictureWithAppendData": description}).encode()
    return [
        Part("application/json", text),
        Part("application/octet-stream", celsius.astype("<f4").tobytes()),
    ]


def as_body(parts, boundary=b"boundary"):
    body = b""
    for part in parts:
        head = f"\r\nContent-Type: {part.content_type}\r\nContent-Length: {len(part.body)}\r\n\r\n"
        body += b"--" + boundary + head.encode() + part.body + b"\r\n"
    return body + b"--" + boundary + b"--\r\n"


PICTURE = np.full((24, 32), 20.0)
PICTURE[HOT_PIXEL] = HOT_C
BODY = as_body(answer(PICTURE))


def test_the_temperature_that_was_sent_comes_back():
    read = read_thermometry(split_parts(BODY, b"boundary"))
    assert read.celsius[HOT_PIXEL] == pytest.approx(HOT_C, abs=1e-5)
    assert read.formula_is_confirmed and not read.is_frozen


@given(st.lists(st.builds(Part, st.just("image/jpeg"), st.binary(max_size=200)), max_size=8))
def test_parts_come_back_whatever_they_hold(parts):
    assert split_parts(as_body(parts), b"boundary") == parts


@given(st.binary(max_size=300), st.binary(min_size=1, max_size=8))
def test_noise_is_torn_or_nothing(body, boundary):
    try:
        parts = split_parts(body, boundary)
    except DeviceError:
        return
    assert sum(len(part.body) for part in parts) <= len(body)


@settings(max_examples=300)
@given(st.integers(0, len(BODY) - 1), st.binary(min_size=1, max_size=6))
def test_an_answer_with_other_bytes_in_it_is_read_or_torn(at, other):
    body = BODY[:at] + other + BODY[at + len(other) :]
    try:
        read = read_thermometry(split_parts(body, b"boundary"))
    except DeviceError:
        return
    assert read.celsius.shape[0] * read.celsius.shape[1] == PICTURE.size


@pytest.mark.parametrize("cut", range(0, len(BODY) - 20, 97))
def test_an_answer_that_is_cut_short_is_torn(cut):
    with pytest.raises(DeviceError):
        read_thermometry(split_parts(BODY[:cut], b"boundary"))


@pytest.mark.parametrize(
    "changes",
    [
        {"jpegPicWidth": 31},
        {"jpegPicWidth": -32},
        {"jpegPicWidth": 1e400},
        {"jpegPicWidth": 10**400},
        {"jpegPicHeight": None},
        {"jpegPicHeight": True},
        {"temperatureDataLength": 3},
        {"temperatureDataLength": "4"},
    ],
)
def test_a_description_that_can_not_be_is_refused(changes):
    with pytest.raises(DeviceError):
        read_thermometry(answer(PICTURE, **changes))


@pytest.mark.parametrize("content_type", ["text/html", "", "multipart/form-data", "multipart"])
def test_what_is_no_multipart_is_named(content_type):
    with pytest.raises(DeviceError, match="multipart was expected"):
        boundary_of(content_type)


@given(st.binary(max_size=200))
def test_an_identity_is_a_serial_number_or_an_error(document):
    with suppress(DeviceError):
        assert identity_of(document)


def test_memory_stays_flat_over_ten_thousand_frames():
    def decode(frames):
        for _ in range(frames):
            encode_celsius(read_thermometry(split_parts(BODY, b"boundary")).celsius, "camera")
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 2**20

    settled_mib = decode(1000)
    assert decode(9000) - settled_mib < MORE_MIB
