"""Thermograms from a folder as a camera: file:///folder?rate=2&loop=0&split=val&start=0."""

from __future__ import annotations

import logging
import math

from thermoscout_core.cameras.base import EndOfStream
from thermoscout_core.clock import Clock
from thermoscout_core.device_urls import DeviceUrl
from thermoscout_core.errors import DeviceError, ThermogramError
from thermoscout_core.frames import ThermalFrame
from thermoscout_core.thermograms.finding import ThermogramFile, find_thermograms
from thermoscout_core.thermograms.reading import read_thermogram

_LOG = logging.getLogger(__name__)
MAX_RATE_HZ = 200.0


class FilesCamera:
    """Every thermogram of a folder (or one file) in the order of their paths.

    Frames are stamped with the time at which they are given, at most rate_hz a second, none is
    left out, beginning with number `start` (from 0). A file that can't be read is passed over and
    told in `errors` (one sentence a file) and in the log; it doesn't end the stream.
    """

    silence_is_loss = False  # it follows a clock, which may stand still

    def __init__(
        self,
        place: str,
        rate_hz: float,
        clock: Clock,
        *,
        loop: bool = False,
        split: str = "",
        start: int = 0,
    ) -> None:
        self.place = place
        self.rate_hz = rate_hz
        self.hardware_id = f"thermograms in {place}"
        self.errors: list[str] = []
        self._clock = clock
        self._loop = loop
        self._split = split or None
        self._start = start
        self._files: list[ThermogramFile] = []
        self._next = 0
        self._next_s = -math.inf
        self._good_in_pass = 0

    @classmethod
    def from_url(cls, url: DeviceUrl, clock: Clock) -> FilesCamera:
        """Options: rate, loop (0 or 1), split (of a dataset folder), start (a file's number)."""
        rate_hz = url.number("rate", 2.0, 0.01, MAX_RATE_HZ)
        loop, split = url.flag("loop", False), url.text("split", "")
        start = url.whole("start", 0, 0, 10**9)
        url.finish()
        return cls(url.place, rate_hz, clock, loop=loop, split=split, start=start)

    def open(self) -> None:
        try:
            self._files = find_thermograms([self.place], self._split)
        except ThermogramError as error:
            raise DeviceError(str(error)) from error
        self._next_s = self._clock.now_s()
        self._good_in_pass = 0
        self.seek(self._start)

    def seek(self, number: int) -> None:
        """Give that file next, counted from 0. Raises DeviceError when there is none."""
        if not 0 <= number < len(self._files):
            raise DeviceError(
                f"{self.hardware_id}: no file {number}, they are 0 to {len(self._files) - 1}"
            )
        self._next = number

    def read(self, timeout_s: float) -> ThermalFrame | None:
        if not self._files:
            raise DeviceError(f"{self.hardware_id}: not open; call open() first")
        if self._next >= len(self._files):
            self._turn_round()
        # a clock that was set back must not hold the next file for hours
        wait_s = min(self._next_s - self._clock.now_s(), 1.0 / self.rate_hz)
        if wait_s > timeout_s:
            self._clock.sleep(timeout_s)
            return None
        if wait_s > 0:
            self._clock.sleep(wait_s)
        item = self._files[self._next]
        self._next += 1
        try:
            frame = read_thermogram(item.path, item.scale)
        except ThermogramError as error:
            self._complain(str(error))
            return None
        return self._stamped(frame)

    def close(self) -> None:
        self._files = []

    def _stamped(self, frame: ThermalFrame) -> ThermalFrame:
        stamp_s = self._clock.now_s()
        self._next_s = stamp_s + 1.0 / self.rate_hz
        self._good_in_pass += 1
        return ThermalFrame(
            counts=frame.counts,
            radiometry=frame.radiometry,
            stamp_s=stamp_s,
            source=frame.source,
            invalid=frame.invalid,
        )

    def _turn_round(self) -> None:
        if not self._loop:
            raise EndOfStream(f"{self.hardware_id}: all {len(self._files)} files are done")
        if self._good_in_pass == 0:
            raise DeviceError(f"{self.hardware_id}: none of {len(self._files)} files is readable")
        self._next, self._good_in_pass = 0, 0

    def _complain(self, sentence: str) -> None:
        if sentence not in self.errors:
            self.errors.append(sentence)
            _LOG.warning("%s; passed over", sentence)
