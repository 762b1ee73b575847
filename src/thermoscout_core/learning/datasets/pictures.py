"""Any picture file as counts: thermograms as they are, 8-bit pictures by their luminance."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from thermoscout_core.errors import DatasetError, ThermogramError
from thermoscout_core.frames import Counts, LinearScale
from thermoscout_core.thermograms import annex_c, flir, png, tp8
from thermoscout_core.thermograms.decoding import decode_picture
from thermoscout_core.thermograms.reading import read_thermogram

COUNTS_PER_GREY = 257
"""0..255 becomes 0..65535."""
_ANY_SCALE = LinearScale(1.0, 0.0)  # training looks at counts alone
_JPEG = b"\xff\xd8"
_RADIOMETRIC = (annex_c.looks_like_annex_c, tp8.looks_like_tp8, flir.looks_like_flir)


def read_counts(path: Path) -> Counts:
    """The counts of a 16-bit PNG or TIFF, a float TIFF, a radiometric file, or (8-bit PNG, JPEG,
    BMP) the grey or luminance of a picture times 257; (H, W) uint16.

    A picture keeps the order of its tones, no temperatures; of a palette that isn't brighter where
    it is hotter (rainbow) not even that.
    Raises DatasetError naming the file when it is missing, truncated or no picture.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"{path}: can't be read: {error.strerror or error}") from error
    try:
        if _is_ordinary(data):
            return _luminance(data, str(path))
        return read_thermogram(path, _ANY_SCALE).counts
    except ThermogramError as error:
        raise DatasetError(str(error)) from error


def _is_ordinary(data: bytes) -> bool:
    if data.startswith(png.SIGNATURE):
        return len(data) > 24 and data[24] <= 8  # bit depth
    if data.startswith(_JPEG):
        return not any(looks_like(data) for looks_like in _RADIOMETRIC)
    return data.startswith(b"BM")


def _luminance(data: bytes, source: str) -> Counts:
    if data.startswith(png.SIGNATURE):
        png.verified_header(data, source)
    # an end inside the coded picture; OpenCV would fill up with grey
    elif data.startswith(_JPEG) and data.rfind(b"\xff\xd9") < data.rfind(b"\xff\xda"):
        raise DatasetError(f"{source}: truncated JPEG; copy it again")
    picture = decode_picture(data)
    if picture is None or picture.dtype != np.uint8:
        raise DatasetError(f"{source}: damaged picture; copy it again")
    grey = _grey(picture)
    return grey.astype(np.uint16) * np.uint16(COUNTS_PER_GREY)


def _grey(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if picture.ndim == 2:
        return picture
    return cv2.cvtColor(picture[:, :, :3], cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)
