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
from thermoscout_core.frames import Counts

COUNT_ENCODINGS = ("mono16", "16UC1")

_LAYOUTS: dict[str, tuple[type[np.generic], int]] = {
    "mono16": (np.uint16, 1),
    "16UC1": (np.uint16, 1),
    "32FC1": (np.float32, 1),
    "mono8": (np.uint8, 1),
    "8UC1": (np.uint8, 1),
    "bgr8": (np.uint8, 3),
    "rgb8": (np.uint8, 3),
}


def image_to_array(message: Any) -> NDArray[Any]:
    """An Image -> (H, W) or (H, W, 3) array in this machine's byte order.

    Shares the message's memory unless rows are padded or bytes must be swapped. Raises FrameError
    for an encoding that isn't mono16, 16UC1, 32FC1, mono8, 8UC1, bgr8 or rgb8, for an empty image,
    and for a step or an amount of data that doesn't fit the size.
    """
    layout = _LAYOUTS.get(message.encoding)
    if layout is None:
        raise FrameError(
            f"image encoding {message.encoding!r} can't be used; send one of {', '.join(_LAYOUTS)}"
        )
    dtype, channels = np.dtype(layout[0]), layout[1]
    height, width, step = message.height, message.width, message.step
    size = f"{width}x{height} {message.encoding}"
    if not (height and width):
        raise FrameError(f"image of {size} is empty")
    row_bytes = width * channels * dtype.itemsize
    data = np.frombuffer(memoryview(message.data), np.uint8)
    if step < row_bytes:
        raise FrameError(f"image of {size} has a step of {step} bytes, a row needs {row_bytes}")
    if data.size != step * height:
        raise FrameError(
            f"image of {size} with a step of {step} needs {step * height} bytes, got {data.size}"
        )
    rows = data.reshape(height, step)
    if step != row_bytes:
        rows = np.ascontiguousarray(rows[:, :row_bytes])
    pixels: NDArray[Any] = rows.view(dtype)
    if dtype.itemsize > 1 and bool(message.is_bigendian) != (sys.byteorder == "big"):
        pixels = pixels.byteswap()
    return pixels.reshape(height, width, channels) if channels > 1 else pixels


def image_to_counts(message: Any) -> Counts:
    """A raw thermal Image -> counts (H, W) uint16. Raises FrameError unless it is mono16."""
    if message.encoding not in COUNT_ENCODINGS:
        raise FrameError(
            f"a raw thermal image must be mono16, got {message.encoding!r}; "
            "set the camera to send 16-bit counts"
        )
    return image_to_array(message)


def array_to_image(pixels: NDArray[Any], encoding: str, header: Any) -> Image:
    """(H, W) or (H, W, 3) pixels of the encoding's type -> Image with that header.

    Raises FrameError when dtype or shape doesn't fit the encoding.
    """
    dtype, channels = _LAYOUTS[encoding]
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
