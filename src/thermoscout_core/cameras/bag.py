"""The thermal frames of a recorded bag as a camera: bag:///bags/patrol?speed=2&start=30&loop=1.

rosbag2 (MCAP or SQLite), read without ROS. For the camera alone; a whole bag through the graph is
`ros2 run thermoscout replay`.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from thermoscout_core.cameras.base import EndOfStream
from thermoscout_core.clock import Clock
from thermoscout_core.device_urls import DeviceUrl
from thermoscout_core.errors import DeviceError, FrameError
from thermoscout_core.frames import ThermalFrame
from thermoscout_core.wire import message_to_frame, to_seconds

_LOG = logging.getLogger(__name__)
IMAGES, RADIOMETRY = "thermal/image_raw", "thermal/radiometry"
LONGEST_GAP_S = 60.0
"""A longer pause in the recording isn't waited for."""


class BagCamera:
    """Frames at the recording's own pace, times speed, stamped with the time they are given.

    images: the topic of the raw frames; the radiometry's lies beside it. start_s: begin so many
    seconds after the first frame. A frame that can't be used is passed over and told in `errors`.
    """

    silence_is_loss = False  # it follows a clock, which may stand still

    def __init__(
        self,
        path: str,
        clock: Clock,
        *,
        images: str = IMAGES,
        speed: float = 1.0,
        start_s: float = 0.0,
        loop: bool = False,
    ) -> None:
        self.hardware_id = f"bag {path}"
        self.rate_hz = 25.0
        self.errors: list[str] = []
        self._path = Path(path)
        self._clock = clock
        self._images = images.strip("/")
        self._radiometry_topic = (
            self._images.rpartition("/")[0] + "/" + RADIOMETRY.rpartition("/")[2]
        )
        self._speed = speed
        self._start_s = start_s
        self._loop = loop
        self._reader: Any = None
        self._messages: Iterator[ThermalFrame] = iter(())
        self._waiting: ThermalFrame | None = None
        self._recorded_s = math.nan
        self._due_s = -math.inf
        self._gap_s = 0.0
        self._given = 0

    @classmethod
    def from_url(cls, url: DeviceUrl, clock: Clock) -> BagCamera:
        """Options: topic (of the raw images), speed, start (s), loop (0 or 1)."""
        images = url.text("topic", IMAGES)
        speed = url.number("speed", 1.0, 0.01, 100.0)
        start_s = url.number("start", 0.0, 0.0, 1e7)
        loop = url.flag("loop", False)
        url.finish()
        return cls(url.place, clock, images=images, speed=speed, start_s=start_s, loop=loop)

    def open(self) -> None:
        from rosbags.highlevel import AnyReader, AnyReaderError

        self.close()
        try:
            reader = AnyReader([self._path])
            reader.open()
        except (AnyReaderError, OSError) as error:
            raise DeviceError(f"{self.hardware_id}: {error}") from error
        self._reader = reader
        self.seek(self._start_s)

    def seek(self, start_s: float) -> None:
        """Go on with the first frame at or after start_s seconds from the recording's first."""
        self._messages = self._frames(start_s)
        self._waiting, self._recorded_s, self._given = None, math.nan, 0
        self._due_s = self._clock.now_s()

    def read(self, timeout_s: float) -> ThermalFrame | None:
        if self._reader is None:
            raise DeviceError(f"{self.hardware_id}: not open; call open() first")
        if self._waiting is None:
            self._waiting = self._next_frame()
        # a clock that was set back must not hold the next frame for hours
        wait_s = min(self._due_s - self._clock.now_s(), self._gap_s)
        if wait_s > timeout_s:
            self._clock.sleep(timeout_s)
            return None
        if wait_s > 0:
            self._clock.sleep(wait_s)
        frame, self._waiting = self._waiting, None
        self._given += 1
        return ThermalFrame(
            frame.counts,
            frame.radiometry,
            self._clock.now_s(),
            f"{self.hardware_id} at {frame.stamp_s:.3f} s",
            frame.invalid,
            frame.shutter_closed,
        )

    def close(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()

    def _next_frame(self) -> ThermalFrame:
        frame = next(self._messages, None)
        if frame is None:
            if self._given == 0:
                raise DeviceError(f"{self.hardware_id}: no usable frame on {self._images}")
            if not self._loop:
                raise EndOfStream(f"{self.hardware_id}: all frames are done")
            self.seek(self._start_s)
            frame = next(self._messages)
        gap_s = frame.stamp_s - self._recorded_s
        self._gap_s = gap_s / self._speed if 0 < gap_s < LONGEST_GAP_S else 0.0
        self._due_s += self._gap_s
        self._recorded_s = frame.stamp_s
        return frame

    def _frames(self, start_s: float) -> Iterator[ThermalFrame]:
        """The recorded frames with the radiometry that held for them."""
        topics = {self._images, self._radiometry_topic.strip("/")}
        chosen = [c for c in self._reader.connections if c.topic.strip("/") in topics]
        radiometry, first_s = None, math.nan
        for connection, _, data in self._reader.messages(connections=chosen):
            message = self._reader.deserialize(data, connection.msgtype)
            if connection.topic.strip("/") != self._images:
                radiometry = message
                continue
            stamp_s = to_seconds(message.header.stamp)
            first_s = stamp_s if math.isnan(first_s) else first_s
            if stamp_s - first_s < start_s:
                continue
            try:
                yield message_to_frame(message, radiometry)
            except FrameError as error:
                self._complain(str(error))

    def _complain(self, sentence: str) -> None:
        if sentence not in self.errors:
            self.errors.append(sentence)
            _LOG.warning("%s: %s; passed over", self.hardware_id, sentence)
