"""The simulated rangefinder: sim://patrol?seed=7, of the same patrol as the camera's."""

from __future__ import annotations

import math

import numpy as np

from thermoscout_core.cameras.simulated import patrol_of_url
from thermoscout_core.clock import Clock
from thermoscout_core.device_urls import DeviceUrl
from thermoscout_core.errors import DeviceError
from thermoscout_core.rangefinders.base import RangeSample, by_rep_117
from thermoscout_core.simulation.patrol import Patrol

NOISE_M = 0.003
MIN_RANGE_M, MAX_RANGE_M = 0.05, 50.0
FIELD_OF_VIEW_RAD = 0.003


class SimulatedRangefinder:
    """Distances of a patrol with 3 mm of noise, on a fixed grid of stamps.

    loss_every_s, loss_for_s: so long in every so many seconds of the clock it is gone; 0 never.
    """

    silence_is_loss = False

    def __init__(
        self,
        patrol: Patrol,
        rate_hz: float,
        clock: Clock,
        loss_every_s: float = 0.0,
        loss_for_s: float = 3.0,
    ) -> None:
        self.patrol = patrol
        self.rate_hz = rate_hz
        self.hardware_id = f"simulated rangefinder of patrol {patrol.seed}"
        self._clock = clock
        self._loss_every_s, self._loss_for_s = loss_every_s, loss_for_s
        self._last: int | None = None

    @classmethod
    def from_url(cls, url: DeviceUrl, clock: Clock) -> SimulatedRangefinder:
        """Options: seed, hold, faults (as the camera's), rate, loss_every, loss_for."""
        rate_hz = url.number("rate", 20.0, 0.1, 1000.0)
        loss_every_s = url.number("loss_every", 0.0, 0.0, 86400.0)
        loss_for_s = url.number("loss_for", 3.0, 0.0, 86400.0)
        patrol = patrol_of_url(url)
        url.finish()
        return cls(patrol, rate_hz, clock, loss_every_s, loss_for_s)

    def open(self) -> None:
        self._refuse_while_lost()
        self._last = math.floor(self._clock.now_s() * self.rate_hz)

    def read(self, timeout_s: float) -> RangeSample | None:
        if self._last is None:
            raise DeviceError(f"{self.hardware_id} isn't open; call open() first")
        self._refuse_while_lost()
        now_s = self._clock.now_s()
        if now_s < (self._last - 1) / self.rate_hz:  # the clock was set back
            self._last = math.floor(now_s * self.rate_hz)
        wait_s = (self._last + 1) / self.rate_hz - now_s
        if wait_s > timeout_s:
            self._clock.sleep(timeout_s)
            return None
        if wait_s > 0:
            self._clock.sleep(wait_s)
            self._last += 1
        else:
            self._last = max(self._last + 1, math.floor(now_s * self.rate_hz))
        return self.sample_at(self._last / self.rate_hz)

    def _refuse_while_lost(self) -> None:
        if self._loss_every_s and self._clock.now_s() % self._loss_every_s < self._loss_for_s:
            raise DeviceError(f"{self.hardware_id} is gone: a simulated loss")

    def sample_at(self, stamp_s: float) -> RangeSample:
        """The sample of that time; the noise too is a function of it."""
        rng = np.random.default_rng([self.patrol.seed, 5, round(stamp_s * 1e6) % 2**63])
        distance_m = self.patrol.distance_at(stamp_s) + float(rng.normal(0, NOISE_M))
        range_m = by_rep_117(distance_m, MIN_RANGE_M, MAX_RANGE_M)
        return RangeSample(stamp_s, range_m, MIN_RANGE_M, MAX_RANGE_M, FIELD_OF_VIEW_RAD)

    def set_rate(self, rate_hz: float) -> float:
        self.rate_hz = rate_hz
        self._last = math.floor(self._clock.now_s() * rate_hz)
        return rate_hz

    def close(self) -> None:
        self._last = None
