"""Thermogram files of DL/T 664-2016 Annex C: a JPEG with a temperature matrix behind it.

Little-endian, from ``data_start`` on: version 00 01 · width u16 · height u16 · date and time,
14 ASCII digits · float32 °C matrix, row-major · emissivity f32 · ambient °C f32 · lens angle u8
(degrees) · distance u32 (metres) · relative humidity u8 (%) · reflected °C f32 · manufacturer,
model, serial number of 32 bytes each, NUL-padded · longitude f64 · latitude f64 · altitude i32 ·
length of the description u32 · description · data_start u32 · the 16-byte end mark.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.errors import ThermogramError

END_MARK = bytes.fromhex("37 66 07 1A 12 3A 4C 9F A9 5D 21 D2 DA 7D 26 BC")
VERSION = b"\x00\x01"
_HEAD = struct.Struct("<2sHH14s")
_TAIL = struct.Struct("<ffBIBf32s32s32sddiI")
_START = struct.Struct("<I")
_TEXT_BYTES = 32
_MAX_U8, _MAX_U16, _MAX_U32, _MAX_I32 = 255, 65_535, 4_294_967_295, 2_147_483_647


@dataclass(frozen=True, eq=False)
class AnnexCThermogram:
    """What an Annex C file holds, field by field.

    celsius: (H, W) float32 °C. taken: 14 digits YYYYMMDDHHMMSS. lens_angle_deg 0..255.
    distance_m: whole metres. relative_humidity_percent 0..255. Text fields hold at most
    32 bytes of UTF-8; bytes of another encoding are kept as surrogate escapes. picture: the JPEG
    in front.
    """

    celsius: NDArray[np.float32]
    taken: str
    emissivity: float
    ambient_c: float
    reflected_c: float
    distance_m: int = 0
    relative_humidity_percent: int = 0
    lens_angle_deg: int = 0
    manufacturer: str = ""
    model: str = ""
    serial_number: str = ""
    longitude_deg: float = 0.0
    latitude_deg: float = 0.0
    altitude_m: int = 0
    description: str = ""
    picture: bytes = b""


def looks_like_annex_c(data: bytes) -> bool:
    """True when the end mark is in the file."""
    return END_MARK in data


def decode_annex_c(data: bytes, source: str) -> AnnexCThermogram:
    """Content of an Annex C file -> its fields, exactly as stored.

    The data are found by ``data_start``; where a program has rewritten the JPEG in front and so
    moved them, by their own structure. Raises ThermogramError for a damaged file.
    """
    mark = data.rfind(END_MARK)
    if mark < _START.size:
        raise ThermogramError(f"{source}: no DL/T 664 Annex C data (the end mark is missing)")
    (stated,) = _START.unpack_from(data, mark - _START.size)
    for start in (stated, *_candidate_starts(data, mark)):
        thermogram = _decode_at(data, start, mark)
        if thermogram is not None:
            return thermogram
    raise ThermogramError(
        f"{source}: damaged DL/T 664 Annex C data (no matrix fits between the JPEG and the end "
        "mark); copy the file again from the camera"
    )


def _candidate_starts(data: bytes, mark: int) -> list[int]:
    head = re.compile(re.escape(VERSION) + rb"....\d{14}", re.DOTALL)
    return [match.start() for match in head.finditer(data, 0, mark)]


def _decode_at(data: bytes, start: int, mark: int) -> AnnexCThermogram | None:
    """The thermogram whose ``version`` lies at start, or None when the sizes don't add up."""
    if start + _HEAD.size > mark:
        return None
    version, width, height, taken = _HEAD.unpack_from(data, start)
    matrix_at = start + _HEAD.size
    tail_at = matrix_at + 4 * width * height
    text_at = tail_at + _TAIL.size
    if version != VERSION or not width * height or text_at + _START.size > mark:
        return None
    if not taken.isdigit():
        return None
    tail = _TAIL.unpack_from(data, tail_at)
    if text_at + tail[-1] + _START.size != mark:
        return None
    matrix = np.frombuffer(data, "<f4", width * height, matrix_at).reshape(height, width)
    return AnnexCThermogram(
        celsius=matrix.astype(np.float32),
        taken=taken.decode("ascii"),
        emissivity=tail[0],
        ambient_c=tail[1],
        lens_angle_deg=tail[2],
        distance_m=tail[3],
        relative_humidity_percent=tail[4],
        reflected_c=tail[5],
        manufacturer=_text(tail[6].split(b"\0")[0]),
        model=_text(tail[7].split(b"\0")[0]),
        serial_number=_text(tail[8].split(b"\0")[0]),
        longitude_deg=tail[9],
        latitude_deg=tail[10],
        altitude_m=tail[11],
        description=_text(data[text_at : text_at + tail[-1]]),
        picture=data[:start],
    )


def encode_annex_c(thermogram: AnnexCThermogram) -> bytes:
    """The fields -> content of an Annex C file; :func:`decode_annex_c` gives them back exactly
    (emissivity and the two temperatures as float32).

    Raises ThermogramError naming a field that doesn't fit into the format.
    """
    matrix = thermogram.celsius
    if (
        matrix.ndim != 2
        or not 0 < matrix.shape[0] <= _MAX_U16
        or not 0 < matrix.shape[1] <= _MAX_U16
    ):
        raise ThermogramError(f"Annex C: celsius must be a (H, W) matrix, got {matrix.shape}")
    if not re.fullmatch(r"[0-9]{14}", thermogram.taken):
        raise ThermogramError(f"Annex C: taken must be YYYYMMDDHHMMSS, got {thermogram.taken!r}")
    start = len(thermogram.picture)
    _check_range("size of the picture", start, 0, _MAX_U32)
    _check_range("lens_angle_deg", thermogram.lens_angle_deg, 0, _MAX_U8)
    _check_range("distance_m", thermogram.distance_m, 0, _MAX_U32)
    _check_range("relative_humidity_percent", thermogram.relative_humidity_percent, 0, _MAX_U8)
    _check_range("altitude_m", thermogram.altitude_m, -_MAX_I32 - 1, _MAX_I32)
    description = thermogram.description.encode("utf-8", "surrogateescape")
    head = _HEAD.pack(VERSION, matrix.shape[1], matrix.shape[0], thermogram.taken.encode())
    try:
        tail = _TAIL.pack(
            thermogram.emissivity,
            thermogram.ambient_c,
            thermogram.lens_angle_deg,
            thermogram.distance_m,
            thermogram.relative_humidity_percent,
            thermogram.reflected_c,
            _bytes32("manufacturer", thermogram.manufacturer),
            _bytes32("model", thermogram.model),
            _bytes32("serial_number", thermogram.serial_number),
            thermogram.longitude_deg,
            thermogram.latitude_deg,
            thermogram.altitude_m,
            len(description),
        )
    except (struct.error, OverflowError) as error:
        raise ThermogramError(f"Annex C: a field doesn't fit into the format: {error}") from error
    pixels = matrix.astype("<f4").tobytes()
    return b"".join(
        (thermogram.picture, head, pixels, tail, description, _START.pack(start), END_MARK)
    )


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _bytes32(name: str, text: str) -> bytes:
    raw = text.encode("utf-8", "surrogateescape")
    if len(raw) > _TEXT_BYTES or b"\0" in raw:
        raise ThermogramError(f"Annex C: {name} must fit into {_TEXT_BYTES} bytes, got {text!r}")
    return raw


def _check_range(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ThermogramError(f"Annex C: {name} must lie in {low}..{high}, got {value}")
