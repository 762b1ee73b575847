"""numpy arrays <-> sensor_msgs/Image, without a copy where the message allows it.

One fast path for the four encodings of the graph; a test holds it equal to cv_bridge's result.
Data goes out as array.array('B'): rclpy checks anything else byte by byte on some releases.
"""

from __future__ import annotations

import array
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import Image

from thermoscout_core.errors import FrameError
from thermoscout_core.wire import LAYOUTS, image_to_array, image_to_counts

__all__ = ["array_to_image", "image_to_array", "image_to_counts"]


def array_to_image(pixels: NDArray[Any], encoding: str, header: Any) -> Image:
    """(H, W) or (H, W, 3) pixels of the encoding's type -> Image with that header.

    Raises FrameError when dtype or shape doesn't fit the encoding.
    """
    dtype, channels = LAYOUTS[encoding]
    shape_fits = pixels.ndim == (2 if channels == 1 else 3) and pixels.size > 0
    if pixels.dtype != dtype or not shape_fits or (channels > 1 and pixels.shape[2] != channels):
        raise FrameError(
            f"pixels of shape {pixels.shape} and type {pixels.dtype} are no {encoding} image"
        )
    message = Image(
        header=header,
        height=pixels.shape[0],
        width=pixels.shape[1],
        encoding=encoding,
        is_bigendian=sys.byteorder == "big",
        step=pixels.shape[1] * channels * pixels.itemsize,
    )
    data = array.array("B")
    data.frombytes(memoryview(np.ascontiguousarray(pixels)).cast("B"))
    message.data = data
    return message
