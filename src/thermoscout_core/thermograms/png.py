"""16-bit PNG: counts, to be read with a scale. Every chunk's checksum is verified."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

import numpy as np

from thermoscout_core.errors import ThermogramError
from thermoscout_core.frames import Counts
from thermoscout_core.thermograms.decoding import decode_picture

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_PIXELS = 1 << 26
_GREY = 0


@dataclass(frozen=True)
class PngHeader:
    """bit_depth: of a channel. color_type: as the format numbers it, 0 is grey."""

    width_px: int
    height_px: int
    bit_depth: int
    color_type: int


def decode_png_counts(data: bytes, source: str) -> Counts:
    """Content of a 16-bit grey PNG -> counts (H, W) uint16.

    Raises ThermogramError for a truncated or damaged file, and for a PNG that isn't 16-bit grey.
    """
    header = verified_header(data, source)
    if header.bit_depth != 16 or header.color_type != _GREY:
        kind = "grey" if header.color_type == _GREY else "colour"
        raise ThermogramError(
            f"{source}: a {header.bit_depth}-bit {kind} PNG is a picture without temperatures; "
            "give the camera's 16-bit grey counts with a scale.yaml, or a radiometric file"
        )
    counts = decode_picture(data)
    if counts is None or counts.shape != (header.height_px, header.width_px):
        raise ThermogramError(f"{source}: damaged PNG; copy it again from the camera")
    return np.ascontiguousarray(counts, np.uint16)


def verified_header(data: bytes, source: str) -> PngHeader:
    """Walk the chunks: OpenCV alone would fill the missing rows of a truncated file with zeros.

    Raises ThermogramError for a truncated or damaged file.
    """
    position, header = len(SIGNATURE), None
    while True:
        if position + 12 > len(data):
            raise ThermogramError(f"{source}: truncated PNG; copy it again from the camera")
        (length,) = struct.unpack_from(">I", data, position)
        kind = data[position + 4 : position + 8]
        end = position + 12 + length
        if end > len(data):
            raise ThermogramError(f"{source}: truncated PNG; copy it again from the camera")
        (stated,) = struct.unpack_from(">I", data, end - 4)
        if zlib.crc32(data[position + 4 : end - 4]) != stated:
            raise ThermogramError(f"{source}: damaged PNG (checksum of {kind!r} is wrong)")
        if kind == b"IHDR" and length == 13:
            header = PngHeader(*struct.unpack_from(">IIBB", data, position + 8))
        if kind == b"IEND":
            break
        position = end
    if header is None or not 0 < header.width_px * header.height_px <= MAX_PIXELS:
        raise ThermogramError(f"{source}: damaged PNG (no usable header)")
    return header
