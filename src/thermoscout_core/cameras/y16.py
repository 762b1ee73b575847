"""16-bit temperatures of UVC cameras: one function from a device's buffer to counts and scale.

Lepton and Boson: kelvin × 100, the Lepton with telemetry rows below or above its picture. InfiRay
P2 Pro and Topdon TC001: the lower half of a YUYV picture of double height, kelvin × 64.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np

from thermoscout_core.errors import DeviceError
from thermoscout_core.frames import Counts, LinearScale

ABSOLUTE_ZERO_C = -273.15


@dataclass(frozen=True)
class UvcModel:
    """fourcc: what V4L2 is asked for. width, height: of the picture. sent_height: rows that the
    device sends. first_row: where the temperatures begin. kelvin_per_count."""

    fourcc: str
    width: int
    height: int
    sent_height: int
    first_row: int
    kelvin_per_count: float
    rate_hz: float

    @property
    def scale(self) -> LinearScale:
        return LinearScale(self.kelvin_per_count, ABSOLUTE_ZERO_C)


UVC_MODELS = {
    "lepton": UvcModel("Y16 ", 160, 120, 120, 0, 0.01, 8.7),
    "lepton-footer": UvcModel("Y16 ", 160, 120, 122, 0, 0.01, 8.7),
    "lepton-header": UvcModel("Y16 ", 160, 120, 122, 2, 0.01, 8.7),
    "boson-320": UvcModel("Y16 ", 320, 256, 256, 0, 0.01, 30.0),
    "boson-640": UvcModel("Y16 ", 640, 512, 512, 0, 0.01, 30.0),
    "infiray-p2": UvcModel("YUYV", 256, 192, 384, 192, 1 / 64, 25.0),
    "topdon-tc001": UvcModel("YUYV", 256, 192, 384, 192, 1 / 64, 25.0),
}


def decode_y16(buffer: bytes | bytearray | memoryview, model: UvcModel) -> Counts:
    """A device's buffer -> counts (H, W) uint16 in this machine's byte order.

    Raises DeviceError for a buffer of another size: it is torn, or of another model.
    """
    expected = model.sent_height * model.width * 2
    size = memoryview(buffer).nbytes
    if size != expected:
        raise DeviceError(
            f"torn frame: {size} bytes, where {model.width}x{model.sent_height} of 16 bits are "
            f"{expected}"
        )
    rows = np.frombuffer(buffer, "<u2").reshape(model.sent_height, model.width)
    picture = rows[model.first_row : model.first_row + model.height]
    native = picture if sys.byteorder == "little" else picture.byteswap()
    return np.ascontiguousarray(native, np.uint16)
