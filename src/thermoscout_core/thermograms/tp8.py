"""Camera files of the Guide/Dali TP8: a palette JPEG, a temperature matrix and a visible picture.

Layout, fixed: JPEG 384×288 at byte 0; int16 little-endian 288×384 matrix, 0.1 °C per count, at
209,536; visible 640×480 RGB565 BMP at 430,720; 2,028,240 bytes in all. Which object parameters
the camera worked in is not known from the file.
"""

from __future__ import annotations

import numpy as np

from thermoscout_core.errors import ThermogramError
from thermoscout_core.frames import LinearScale, ObjectParameters, Radiometry
from thermoscout_core.thermograms.celsius import ABSOLUTE_ZERO_C, CodedCelsius

FILE_SIZE = 2_028_240
MATRIX_OFFSET = 209_536
VISIBLE_OFFSET = 430_720
WIDTH_PX, HEIGHT_PX = 384, 288
STEP_C = 0.1
_ZERO_COUNT = 10_000  # the count of 0 °C, as in data exported by others: °C = 0.1·count − 1000
SCALE = LinearScale(STEP_C, -_ZERO_COUNT * STEP_C)
CAMERA = "Guide/Dali TP8"


def looks_like_tp8(data: bytes) -> bool:
    """True for a JPEG with a bitmap at the place where the TP8 writes its visible picture."""
    return data[:2] == b"\xff\xd8" and data[VISIBLE_OFFSET : VISIBLE_OFFSET + 2] == b"BM"


def decode_tp8(data: bytes, source: str) -> tuple[CodedCelsius, Radiometry]:
    """Content of a TP8 file -> counts with their scale, and the radiometry.

    Raises ThermogramError when the file isn't whole or the matrix is no temperature.
    """
    if len(data) != FILE_SIZE:
        raise ThermogramError(
            f"{source}: a TP8 camera file has {FILE_SIZE:,} bytes, this one {len(data):,}; "
            "copy it again from the camera"
        )
    matrix = np.frombuffer(data, "<i2", WIDTH_PX * HEIGHT_PX, MATRIX_OFFSET)
    if int(matrix.min()) * STEP_C < ABSOLUTE_ZERO_C:
        raise ThermogramError(
            f"{source}: the TP8 temperature matrix holds values below absolute zero; "
            "the file is damaged"
        )
    counts = (matrix.astype(np.int32) + _ZERO_COUNT).astype(np.uint16)
    coded = CodedCelsius(counts.reshape(HEIGHT_PX, WIDTH_PX), SCALE, None)
    return coded, Radiometry(scale=SCALE, applied=ObjectParameters(), camera=CAMERA)
