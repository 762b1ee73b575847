"""The messages of the graph read as frames, whichever library made them: rclpy or rosbags.

Only fields are looked at, so that the core needs no ROS to read a bag.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.errors import FrameError
from thermoscout_core.frames import (
    Counts,
    LinearScale,
    ObjectParameters,
    PlanckConstants,
    Radiometry,
    ThermalFrame,
)

COUNT_ENCODINGS = ("mono16", "16UC1")

LAYOUTS: dict[str, tuple[type[np.generic], int]] = {
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

    Shares the message's memory unless rows are padded or bytes must be swapped, and is read-only
    where it does, for others may hold the message, too. Raises FrameError for an encoding that
    isn't mono16, 16UC1, 32FC1, mono8, 8UC1, bgr8 or rgb8, for an empty image, and for a step or
    an amount of data that doesn't fit the size.
    """
    layout = LAYOUTS.get(message.encoding)
    if layout is None:
        raise FrameError(
            f"image encoding {message.encoding!r} can't be used; send one of {', '.join(LAYOUTS)}"
        )
    dtype, channels = np.dtype(layout[0]), layout[1]
    height, width, step = message.height, message.width, message.step
    size = f"{width}x{height} {message.encoding}"
    if not (height and width):
        raise FrameError(f"image of {size} is empty")
    row_bytes = width * channels * dtype.itemsize
    data = np.frombuffer(memoryview(message.data).toreadonly(), np.uint8)
    if step < row_bytes:
        raise FrameError(f"image of {size} has a step of {step} bytes, a row needs {row_bytes}")
    if data.size != step * height:
        raise FrameError(
            f"image of {size} with a step of {step} needs {step * height} bytes, got {data.size}"
        )
    rows: NDArray[Any] = data.reshape(height, step)
    if step != row_bytes:
        rows = np.ascontiguousarray(rows[:, :row_bytes])
    pixels: NDArray[Any] = rows.view(dtype)
    if dtype.itemsize > 1 and bool(message.is_bigendian) != (sys.byteorder == "big"):
        pixels = pixels.byteswap()
    return pixels.reshape(height, width, channels) if channels > 1 else pixels


def image_to_counts(message: Any) -> Counts:
    """A raw thermal Image -> counts (H, W) uint16, read-only where :func:`image_to_array` gives
    them so. Raises FrameError unless it is mono16."""
    if message.encoding not in COUNT_ENCODINGS:
        raise FrameError(
            f"a raw thermal image must be mono16, got {message.encoding!r}; "
            "set the camera to send 16-bit counts"
        )
    return image_to_array(message)


def to_seconds(stamp: Any) -> float:
    """Time -> seconds."""
    return float(stamp.sec) + float(stamp.nanosec) * 1e-9


def message_to_radiometry(message: Any) -> Radiometry:
    """Raises FrameError when has_scale is set and gain or offset is no usable number."""
    m = message
    return Radiometry(
        scale=LinearScale(m.gain, m.offset) if m.has_scale else None,
        applied=ObjectParameters(
            m.applied_emissivity,
            m.applied_reflected_c,
            m.applied_air_c,
            m.applied_relative_humidity,
            m.applied_distance,
        ),
        scene=ObjectParameters(
            m.emissivity, m.reflected_c, m.air_c, m.relative_humidity, m.distance
        ),
        planck=PlanckConstants(m.planck_r1, m.planck_r2, m.planck_b, m.planck_f, m.planck_o),
        camera=m.camera,
        saturation_count=m.saturation_count,
        hfov_rad=m.hfov,
        accuracy_c=m.accuracy_c,
    )


UNKNOWN_RADIOMETRY = Radiometry(scale=None, applied=ObjectParameters())
"""Of a frame whose camera hasn't told: no temperature can be read from it."""


def message_to_frame(image: Any, radiometry: Any | None) -> ThermalFrame:
    """A raw image and the Radiometry message that holds for it (None: none came) -> frame.

    Raises FrameError when either can't be used.
    """
    counts = image_to_counts(image)
    if radiometry is None:
        return ThermalFrame(counts, UNKNOWN_RADIOMETRY, to_seconds(image.header.stamp))
    invalid = counts == 0 if radiometry.zero_is_invalid else None
    return ThermalFrame(
        counts,
        message_to_radiometry(radiometry),
        stamp_s=to_seconds(image.header.stamp),
        source=radiometry.camera,
        invalid=invalid,
        shutter_closed=getattr(radiometry, "shutter_closed", False),  # bags from before it
    )
