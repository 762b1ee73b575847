"""Video and measurement of one camera: rtsp://host/path?radiometry=isapi&channel=2.

The measurement is the ISAPI's, at its own rate, with its own stamps; the video's pictures come in
between, flagged is_picture, for people. No picture is given a temperature of another moment.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import replace
from typing import Protocol

from thermoscout_core.cameras.base import Camera
from thermoscout_core.device_attempts import DeviceCounters
from thermoscout_core.errors import DeviceError
from thermoscout_core.frames import ThermalFrame

REQUEST_S = 0.2
JOIN_S = 5.0


class Counting(Camera, Protocol):
    """A camera that counts what it lost."""

    counters: DeviceCounters


class Identified(Counting, Protocol):
    """One that takes only the camera that it is told to."""

    wanted_id: str


class PairedCamera:
    """Both must be there: the loss of either is the loss of the camera.

    hardware_id and rate_hz are the measuring side's, whose serial number tells cameras apart.
    """

    def __init__(self, video: Counting, measuring: Identified) -> None:
        self.hardware_id = measuring.hardware_id
        self.rate_hz = measuring.rate_hz
        self.is_alive = True
        self.wanted_id = ""
        self.counters = DeviceCounters()
        self._video = video
        self._measuring = measuring
        self._measured: deque[ThermalFrame] = deque(maxlen=1)
        self._problem: Exception | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        self.close()
        self._measuring.wanted_id = self.wanted_id
        self._measuring.open()
        self.hardware_id = self._measuring.hardware_id
        self._video.open()
        self._problem, self._stopping = None, threading.Event()
        self._thread = threading.Thread(target=self._measure, name="isapi", daemon=True)
        self._thread.start()

    def read(self, timeout_s: float) -> ThermalFrame | None:
        if self._thread is None:
            raise DeviceError(f"{self.hardware_id} isn't open; call open() first")
        if self._problem is not None:
            raise self._problem
        if self._measured:
            return self._measured.popleft()
        picture = self._video.read(timeout_s)
        sides = self._video.counters, self._measuring.counters
        self.counters.dropped = sum(side.dropped for side in sides)
        self.counters.torn = sum(side.torn for side in sides)
        return None if picture is None else replace(picture, is_picture=True)

    def close(self) -> None:
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(JOIN_S)
        self._video.close()
        self._measuring.close()
        self._measured.clear()

    def _measure(self) -> None:
        try:
            while not self._stopping.is_set():
                frame = self._measuring.read(REQUEST_S)
                if frame is not None:
                    self._measured.append(frame)
        except Exception as error:  # raised again where the camera is read
            self._problem = error
