"""How fast the simulation is here: python -m thermoscout_core.simulation.benchmark."""

from __future__ import annotations

import time

import cv2
import numpy as np

from thermoscout_core import machine
from thermoscout_core.simulation.dataset import random_frame
from thermoscout_core.simulation.patrol import Patrol


def patrol_rate_hz(width_px: int = 640, height_px: int = 512, frames: int = 200) -> float:
    """Frames a second of a rendered waypoint."""
    patrol = Patrol(7, width_px, height_px)
    patrol.frame_at(0.0)
    start = time.perf_counter()
    for index in range(frames):
        patrol.frame_at(index * 0.01)
    return frames / (time.perf_counter() - start)


def waypoint_s(width_px: int = 640, height_px: int = 512) -> float:
    """Seconds that a waypoint takes to render, once; mean over the patrol."""
    patrol = Patrol(8, width_px, height_px)
    start = time.perf_counter()
    for waypoint in range(patrol.waypoints):
        patrol.truth_at((waypoint + 0.5) * patrol.hold_s)
    return (time.perf_counter() - start) / patrol.waypoints


def training_frame_s(frames: int = 40) -> float:
    """Mean seconds of a random training frame, 384x288."""
    start = time.perf_counter()
    for index in range(frames):
        random_frame(np.random.default_rng(index))
    return (time.perf_counter() - start) / frames


def main() -> None:
    cv2.setNumThreads(1)
    print(f"{machine.in_words()}; one thread")
    print(
        f"patrol 640x512: {patrol_rate_hz():.0f} frames/s, {waypoint_s():.2f} s per new waypoint"
    )
    print(f"training frame 384x288: {1e3 * training_frame_s():.1f} ms")


if __name__ == "__main__":
    main()
