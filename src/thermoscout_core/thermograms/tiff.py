"""TIFF: 16-bit counts (with a scale) or floating-point °C.

The directory is read here, for the date and to see that the file is whole; the pixels are
decoded by OpenCV (libtiff).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.errors import ThermogramError
from thermoscout_core.thermograms.decoding import decode_picture

BYTE_ORDERS = {b"II*\x00": "<", b"MM\x00*": ">"}
MAX_PIXELS = 1 << 26
_TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_WIDTH, _HEIGHT, _BITS, _SAMPLES, _FORMAT, _DATE = 256, 257, 258, 277, 339, 306
_PIXEL_PLACES = ((273, 279), (324, 325))  # offsets and byte counts, of strips and of tiles
_UNSIGNED, _FLOAT = 1, 3


@dataclass(frozen=True)
class TiffImage:
    """pixels: (H, W) uint16 counts, or float32/float64 °C. date: "YYYY:MM:DD hh:mm:ss" or ""."""

    pixels: NDArray[Any]
    date: str


def decode_tiff(data: bytes, source: str) -> TiffImage:
    """Content of a TIFF -> its first image.

    Raises ThermogramError for a truncated or damaged file and for other pixel types.
    """
    try:
        entries = _first_directory(data)
        width, height = entries[_WIDTH][0], entries[_HEIGHT][0]
        bits = entries.get(_BITS, [1])[0]
        samples = entries.get(_SAMPLES, [1])[0]
        sample_format = entries.get(_FORMAT, [_UNSIGNED])[0]
        _check_pixels_inside(data, entries)
    except (struct.error, KeyError, IndexError, ValueError) as error:
        raise ThermogramError(
            f"{source}: truncated or damaged TIFF; copy it again from the camera"
        ) from error
    if samples != 1 or (sample_format, bits) not in ((_UNSIGNED, 16), (_FLOAT, 32), (_FLOAT, 64)):
        raise ThermogramError(
            f"{source}: a TIFF of {samples} × {bits} bit (sample format {sample_format}) is no "
            "thermogram; give one channel of 16-bit counts with a scale.yaml, or of float °C"
        )
    if not 0 < width * height <= MAX_PIXELS:
        raise ThermogramError(f"{source}: a TIFF of {width}×{height} pixels can't be a thermogram")
    pixels = decode_picture(data)
    if pixels is None or pixels.shape != (height, width):
        raise ThermogramError(f"{source}: damaged TIFF, or a compression that isn't supported")
    date = bytes(entries.get(_DATE, [])).split(b"\0")[0].decode("ascii", "replace")
    return TiffImage(np.ascontiguousarray(pixels), date)


def _first_directory(data: bytes) -> dict[int, list[int]]:
    """Tag -> integer values (other types are skipped). Raises struct.error, KeyError."""
    order = BYTE_ORDERS[data[:4]]
    (start,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, start)
    entries: dict[int, list[int]] = {}
    for index in range(count):
        at = start + 2 + 12 * index
        tag, kind, number = struct.unpack_from(order + "HHI", data, at)
        letter = {1: "B", 2: "B", 3: "H", 4: "I"}.get(kind)
        if letter is None:
            continue
        size = _TYPE_SIZES[kind] * number
        if size > len(data):
            raise ValueError(f"tag {tag} is longer than the file")
        place = at + 8 if size <= 4 else struct.unpack_from(order + "I", data, at + 8)[0]
        entries[tag] = list(struct.unpack_from(f"{order}{number}{letter}", data, place))
    return entries


def _check_pixels_inside(data: bytes, entries: dict[int, list[int]]) -> None:
    """Raises ValueError when a strip or tile ends behind the file: libtiff would give zeros."""
    found = False
    for offsets_tag, sizes_tag in _PIXEL_PLACES:
        for offset, size in zip(
            entries.get(offsets_tag, []), entries.get(sizes_tag, []), strict=True
        ):
            found = True
            if size == 0 or offset + size > len(data):
                raise ValueError("pixel data outside the file")
    if not found:
        raise ValueError("no pixel data")
