"""A camera for benchmarks: frames of the simulated patrol, drawn beforehand in another process.

So the load of the simulation is in no figure: giving a frame costs nothing but the camera node's
own work.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

from thermoscout_core.cameras.registry import CAMERAS
from thermoscout_core.clock import Clock
from thermoscout_core.device_urls import DeviceUrl
from thermoscout_core.frames import ThermalFrame
from thermoscout_core.simulation.patrol import Patrol

SEED = 7
STATIONS = 9
HOLD_S = 2.0
MOST_HZ = 1e4
_frames: list[ThermalFrame] = []


def draw(size_px: tuple[int, int]) -> list[ThermalFrame]:
    """A frame of each of the patrol's stations and its neighbour, (width, height) pixels."""
    patrol = Patrol(SEED, *size_px, hold_s=HOLD_S)
    moments_s = [HOLD_S * (station + part) for station in range(STATIONS) for part in (0.3, 0.7)]
    return [patrol.frame_at(moment_s).frame for moment_s in moments_s]


def offer(size_px: tuple[int, int]) -> dict[str, object]:
    """Make recorded:// known in this process, with frames of that size; returns what they are."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        _frames[:] = pool.submit(draw, size_px).result()
    CAMERAS["recorded"] = f"{__name__}:RecordedCamera"
    digest = hashlib.sha256(b"".join(frame.counts.tobytes() for frame in _frames))
    return {
        "what": f"simulated patrol, seed {SEED}, drawn beforehand",
        "frames": len(_frames),
        "size_px": list(size_px),
        "held_mib": sum(frame.counts.nbytes for frame in _frames) / 2**20,
        "sha256": digest.hexdigest(),
    }


class RecordedCamera:
    """Gives its frames in turn, each for a second, at most rate_hz of them a second."""

    hardware_id = "recorded patrol"
    silence_is_loss = False  # in lockstep the verdicts set the pace

    def __init__(self, frames: Sequence[ThermalFrame], rate_hz: float, clock: Clock) -> None:
        self.rate_hz = rate_hz
        self._frames = frames
        self._clock = clock
        self._given = 0
        self._next_s = -math.inf

    @classmethod
    def from_url(cls, url: DeviceUrl, clock: Clock) -> RecordedCamera:
        """recorded://patrol?rate=25"""
        rate_hz = url.number("rate", 25.0, 0.1, MOST_HZ)
        url.finish()
        return cls(_frames, rate_hz, clock)

    def open(self) -> None:
        self._next_s = self._clock.now_s()

    def read(self, timeout_s: float) -> ThermalFrame | None:
        """The next frame at its time; who comes late gets it at once, and none twice."""
        wait_s = self._next_s - self._clock.now_s()
        if wait_s > 0:
            self._clock.sleep(min(wait_s, timeout_s))
            if wait_s > timeout_s:
                return None
        now_s = self._clock.now_s()
        self._next_s = max(self._next_s + 1 / self.rate_hz, now_s - 1 / self.rate_hz)
        frame = self._frames[int(self._given / min(self.rate_hz, 25.0)) % len(self._frames)]
        self._given += 1
        return replace(frame, stamp_s=now_s)

    def close(self) -> None:
        """Nothing is open."""
