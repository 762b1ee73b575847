"""USB cameras with 16-bit temperatures: uvc:///dev/video0?model=lepton-footer.

By OpenCV's V4L2 backend without its conversion to RGB. No device has been tried; the decoder is
tested on buffers (y16.py).
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np

from thermoscout_core.cameras.y16 import UVC_MODELS, UvcModel, decode_y16
from thermoscout_core.clock import Clock
from thermoscout_core.device_attempts import DeviceCounters
from thermoscout_core.device_urls import DeviceUrl
from thermoscout_core.errors import DeviceError
from thermoscout_core.frames import APPARENT, Radiometry, ThermalFrame

MOST_TORN_IN_A_ROW = 10
SYSFS = "/sys/class/video4linux"


class UvcCamera:
    """A V4L2 device of a known model. Its °C are apparent temperatures (emissivity 1).

    hardware_id: the device's name and USB serial number, as the kernel tells, or its place on the
    bus: two cameras of one model without serial numbers are told apart by their sockets. A camera
    that comes back is looked for under every device's name, for it gets another one easily.
    """

    def __init__(
        self, device: str, model_name: str, clock: Clock, hfov_rad: float = math.nan
    ) -> None:
        self.model: UvcModel = UVC_MODELS[model_name]
        self.rate_hz = self.model.rate_hz
        self.hardware_id = f"{model_name} at {device}"
        self.wanted_id = ""
        self.counters = DeviceCounters()
        self._device = device
        self._clock = clock
        self._capture: Any = None
        self._torn_in_a_row = 0
        self._radiometry = Radiometry(
            self.model.scale, applied=APPARENT, camera=self.hardware_id, hfov_rad=hfov_rad
        )

    @classmethod
    def from_url(cls, url: DeviceUrl, clock: Clock) -> UvcCamera:
        """Options: model (see y16.UVC_MODELS), hfov (°)."""
        model = url.choice("model", "lepton", UVC_MODELS)
        hfov_deg = url.number("hfov", 0.0, 0.0, 179.0)
        url.finish()
        return cls(url.place, model, clock, math.radians(hfov_deg) if hfov_deg else math.nan)

    def open(self) -> None:
        import cv2

        self.close()
        device = find_device(self._device, self.wanted_id)
        if not Path(device).exists():
            raise DeviceError(f"{device} isn't there; v4l2-ctl --list-devices tells which are")
        capture: Any = cv2.VideoCapture(device, cv2.CAP_V4L2)
        if not capture.isOpened():
            raise DeviceError(f"{device} can't be opened; is somebody else using it?")
        capture.set(cv2.CAP_PROP_CONVERT_RGB, 0)
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*self.model.fourcc))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, self.model.width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self.model.sent_height)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        self._capture = capture
        self.hardware_id = kernel_name(device) or self.hardware_id
        self._torn_in_a_row = 0

    def read(self, timeout_s: float) -> ThermalFrame | None:
        """As base.py, but waits as long as V4L2 does (10 s): the supervisor notices before."""
        if self._capture is None:
            raise DeviceError(f"{self.hardware_id} isn't open; call open() first")
        got, image = self._capture.read()
        if not got:
            raise DeviceError(f"{self.hardware_id}: the device gives no more frames")
        stamp_s = self._clock.now_s()
        try:
            counts = decode_y16(np.ascontiguousarray(image).data, self.model)
        except DeviceError:
            self.counters.torn += 1
            self._torn_in_a_row += 1
            if self._torn_in_a_row >= MOST_TORN_IN_A_ROW:
                raise
            return None
        self._torn_in_a_row = 0
        return ThermalFrame(counts, self._radiometry, stamp_s, self.hardware_id)

    def close(self) -> None:
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()


def kernel_name(device: str, sysfs: str = SYSFS) -> str:
    """The device's name with its USB serial number, or with its place on the bus where it has
    none; "" when the kernel doesn't tell. Cameras whose maker gave all of them one serial number
    can't be told apart by it."""
    node = Path(sysfs) / Path(device).resolve().name
    interface = (node / "device").resolve()
    name = re.sub(r"\s+", " ", _text_of(node / "name"))
    serial = _text_of(interface.parent / "serial")
    return name and (f"{name} {serial}" if serial else f"{name} on {interface.name}")


def find_device(device: str, wanted_id: str, sysfs: str = SYSFS) -> str:
    """Where the camera of that identity is now; `device` when that is "" or isn't plugged in.

    Of several nodes of one camera the first gives the pictures; others give metadata.
    """
    if wanted_id in ("", kernel_name(device, sysfs)):
        return device
    nodes = [n for n in Path(sysfs).glob("video*") if kernel_name(n.name, sysfs) == wanted_id]
    first = min(nodes, key=lambda node: int(_text_of(node / "index") or 0), default=None)
    return device if first is None else f"/dev/{first.name}"


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
