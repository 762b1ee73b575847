"""The simulated camera: sim://patrol?seed=7&width=640&height=512&rate=25."""

from __future__ import annotations

import math

from thermoscout_core.cameras.base import EndOfStream
from thermoscout_core.clock import Clock
from thermoscout_core.device_urls import DeviceUrl
from thermoscout_core.errors import ConfigurationError, DeviceError
from thermoscout_core.frames import ThermalFrame
from thermoscout_core.simulation.patrol import DEFAULT_FAULTS, Patrol, Truth

MAX_RATE_HZ = 200.0


def patrol_of_url(url: DeviceUrl, width_px: int = 640, height_px: int = 512) -> Patrol:
    """The patrol that a camera's or a rangefinder's address means.

    Takes the options that both share: seed, hold (seconds at a waypoint), faults (0: healthy).
    """
    if url.place.strip("/") != "patrol":
        raise ConfigurationError(f"{url.url}: the simulation has only sim://patrol")
    seed = url.whole("seed", 7, 0, 2**31 - 1)
    hold_s = url.number("hold", 4.0, 0.1, 3600.0)
    faults = DEFAULT_FAULTS if url.flag("faults", True) else ()
    return Patrol(seed, width_px, height_px, hold_s=hold_s, faults=faults)


class SimulatedCamera:
    """Frames of a patrol on a fixed grid of stamps (whole multiples of 1/rate on the clock).

    laps: EndOfStream after so many periods since open(); 0 is endless. A reader that is late
    gets the newest frame; the ones between are lost, as with a live camera. loss_every_s,
    loss_for_s: for so long in every so many seconds of the clock the camera is gone; 0 never.
    """

    silence_is_loss = False  # it follows a clock, which may stand still

    def __init__(
        self,
        patrol: Patrol,
        rate_hz: float,
        clock: Clock,
        laps: int = 0,
        loss_every_s: float = 0.0,
        loss_for_s: float = 3.0,
    ) -> None:
        self.patrol = patrol
        self.rate_hz = rate_hz
        self.hardware_id = f"simulated patrol {patrol.seed} ({patrol.width_px}x{patrol.height_px})"
        self._clock = clock
        self._laps = laps
        self._loss_every_s, self._loss_for_s = loss_every_s, loss_for_s
        self._first = -1
        self._last = -1

    @classmethod
    def from_url(cls, url: DeviceUrl, clock: Clock) -> SimulatedCamera:
        """Options: seed, hold, faults, width, height, rate, laps, loss_every, loss_for."""
        width, height = url.whole("width", 640, 64, 4096), url.whole("height", 512, 64, 4096)
        rate_hz = url.number("rate", 25.0, 0.1, MAX_RATE_HZ)
        laps = url.whole("laps", 0, 0, 1_000_000)
        loss_every_s = url.number("loss_every", 0.0, 0.0, 86400.0)
        loss_for_s = url.number("loss_for", 3.0, 0.0, 86400.0)
        patrol = patrol_of_url(url, width, height)
        url.finish()
        return cls(patrol, rate_hz, clock, laps, loss_every_s, loss_for_s)

    def open(self) -> None:
        self._refuse_while_lost()
        self._first = math.floor(self._clock.now_s() * self.rate_hz) + 1
        self._last = self._first - 1

    def read(self, timeout_s: float) -> ThermalFrame | None:
        if self._first < 0:
            raise DeviceError(f"{self.hardware_id} isn't open; call open() first")
        self._refuse_while_lost()
        index = self._due(timeout_s)
        if index is None:
            return None
        self._last = index
        frames = self._laps * self.patrol.period_s * self.rate_hz
        if self._laps and index - self._first >= frames:
            raise EndOfStream(f"{self.hardware_id}: {self._laps} laps are done")
        return self.patrol.frame_at(index / self.rate_hz).frame

    def truth_of(self, frame: ThermalFrame) -> tuple[Truth, ...]:
        """What is true of a frame that this camera has given."""
        return self.patrol.truth_at(frame.stamp_s)

    def waypoint_of(self, frame: ThermalFrame) -> str:
        """Where the simulated robot stood when it took that frame."""
        return f"stop {self.patrol.waypoint_at(frame.stamp_s) + 1}"

    def close(self) -> None:
        self._first = self._last = -1

    def _refuse_while_lost(self) -> None:
        if self._loss_every_s and self._clock.now_s() % self._loss_every_s < self._loss_for_s:
            raise DeviceError(f"{self.hardware_id} is gone: a simulated loss")

    def _due(self, timeout_s: float) -> int | None:
        """Number of the frame to give now, waiting for it; None when that takes too long."""
        now_s = self._clock.now_s()
        if now_s < (self._last - 1) / self.rate_hz:  # the clock was set back
            self._first = self._last = math.floor(now_s * self.rate_hz)
        wait_s = (self._last + 1) / self.rate_hz - now_s
        if wait_s > timeout_s:
            self._clock.sleep(timeout_s)
            return None
        if wait_s > 0:
            self._clock.sleep(wait_s)
            return self._last + 1
        return max(self._last + 1, math.floor(now_s * self.rate_hz))
