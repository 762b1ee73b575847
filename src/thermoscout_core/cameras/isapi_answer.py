"""What a Hikvision camera answers to "JPEG with appended data": multipart, JSON, float32.

Part 1 is a JSON description, then come image/jpeg, application/octet-stream with the temperatures,
and on some models a visible JPEG. Any but the first and the temperatures may be missing. Each part
is as long as its Content-Length says: the delimiter may occur inside binary data.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from email.message import Message

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.errors import DeviceError

MOST_HEADER_BYTES = 4096
MOST_PARTS = 8
MOST_SIDE_PX = 4096


@dataclass(frozen=True)
class Part:
    """content_type: lower case, without parameters."""

    content_type: str
    body: bytes


@dataclass(frozen=True)
class Thermometry:
    """celsius: (H, W) float32 °C. formula_is_confirmed: False for the two-byte coding, whose
    formula no manual gives. is_frozen: the camera repeats a picture (shutter, freeze)."""

    celsius: NDArray[np.float32]
    formula_is_confirmed: bool
    is_frozen: bool


def boundary_of(content_type: str) -> bytes:
    """The delimiter's text. Raises DeviceError when the answer is no multipart."""
    header = Message()
    header["Content-Type"] = content_type
    boundary = header.get_param("boundary")
    if header.get_content_maintype() != "multipart" or not isinstance(boundary, str):
        raise DeviceError(f"the camera answers {content_type!r} where multipart was expected")
    return boundary.encode("latin-1", "replace")


def split_parts(body: bytes, boundary: bytes) -> list[Part]:
    """The parts of a multipart body, by Content-Length. Raises DeviceError when it is torn."""
    parts: list[Part] = []
    delimiter, at = b"--" + boundary, 0
    while len(parts) < MOST_PARTS:
        while body[at : at + 2] == b"\r\n":
            at += 2
        if not body.startswith(delimiter, at):
            raise DeviceError(f"torn answer: no delimiter at byte {at} of {len(body)}")
        at += len(delimiter)
        if body[at : at + 2] == b"--":
            break
        end = body.find(b"\r\n\r\n", at, at + MOST_HEADER_BYTES)
        if end < 0:
            raise DeviceError(f"torn answer: part {len(parts) + 1} has no end of its header")
        headers = _headers(body[at:end])
        length = _length(headers, len(parts) + 1)
        at = end + 4
        if at + length > len(body):
            missing = at + length - len(body)
            raise DeviceError(f"torn answer: {missing} bytes of part {len(parts) + 1} are missing")
        content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        parts.append(Part(content_type, body[at : at + length]))
        at += length
        if at >= len(body):
            break
    return parts


def read_thermometry(parts: list[Part]) -> Thermometry:
    """The temperatures of an answer. Raises DeviceError when it holds none that can be read."""
    description = _description(parts)
    width = _whole(description, "jpegPicWidth", MOST_SIDE_PX)
    height = _whole(description, "jpegPicHeight", MOST_SIDE_PX)
    size = _whole(description, "temperatureDataLength", 4)
    data = next((p.body for p in parts if p.content_type == "application/octet-stream"), None)
    if data is None:
        raise DeviceError("the camera sent no temperatures; switch its thermometry on")
    if size not in (2, 4) or len(data) != width * height * size:
        raise DeviceError(
            f"torn answer: {len(data)} bytes of temperatures, where {width}x{height} pixels of "
            f"{size} bytes are announced"
        )
    is_frozen = description.get("isFreezedata") in (True, 1, "true")
    if size == 4:
        celsius = np.frombuffer(data, "<f4").reshape(height, width).astype(np.float32)
        return Thermometry(celsius, True, is_frozen)
    scale, offset = _number(description, "scale"), _number(description, "offset")
    if scale == 0:
        raise DeviceError("the camera states a scale of 0 for its two-byte temperatures")
    counts = np.frombuffer(data, "<i2").reshape(height, width)
    return Thermometry(np.asarray(counts / scale + offset, np.float32), False, is_frozen)


def _headers(block: bytes) -> dict[str, str]:
    lines = block.decode("latin-1").split("\r\n")
    fields = (line.partition(":") for line in lines if ":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in fields}


def _length(headers: dict[str, str], number: int) -> int:
    text = headers.get("content-length", "")
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise DeviceError(
            f"torn answer: part {number} has no usable Content-Length ({text[:20]!r})"
        )
    return int(text)


def _description(parts: list[Part]) -> dict[str, object]:
    for part in parts:
        if part.content_type == "application/json":
            try:
                tree = json.loads(part.body)["JpegPictureWithAppendData"]
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                raise DeviceError(f"torn answer: its description isn't JSON: {error}") from error
            if isinstance(tree, dict):
                return tree
    raise DeviceError("the answer has no JSON description (JpegPictureWithAppendData)")


def _number(description: dict[str, object], name: str) -> float:
    value = description.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not _is_finite(value):
        raise DeviceError(f"torn answer: {name} is {str(value)[:40]!r}, not a number")
    return float(value)


def _is_finite(value: int | float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond every float
        return False


def _whole(description: dict[str, object], name: str, most: int) -> int:
    value = _number(description, name)
    if value != int(value) or not 1 <= value <= most:
        raise DeviceError(f"torn answer: {name} is {value:g}, not a whole number up to {most}")
    return int(value)
