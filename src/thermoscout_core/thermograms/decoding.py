"""Decode a picture with OpenCV."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


def decode_picture(data: bytes) -> NDArray[Any] | None:
    """Content of a picture file -> its pixels as stored; None when OpenCV can't decode it."""
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
