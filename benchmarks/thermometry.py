"""Speed of the thermometry: a frame's temperatures, and the readings of its boxes.

python benchmarks/thermometry.py --repeats 500 --json thermometry.json

One core (the process is bound to it), 640x512, 20 boxes of the sizes that detectors find. "plain"
evaluates the same correction for every pixel, in the same run: what the table of counts saves.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from thermoscout_core import machine
from thermoscout_core.bench.timing import percentiles_ms
from thermoscout_core.detections import Box, Detection
from thermoscout_core.frames import (
    APPARENT,
    LinearScale,
    ObjectParameters,
    Radiometry,
    ThermalFrame,
)
from thermoscout_core.thermometry.bp_network import BpNetwork
from thermoscout_core.thermometry.correction import Corrector
from thermoscout_core.thermometry.ranging import RangeFix
from thermoscout_core.thermometry.thermometer import Thermometer

SIZE = 640, 512
BOXES = 20
WARM_UPS = 20
SCALE = LinearScale(0.04, -40.0)
SCENE = ObjectParameters(emissivity=0.92, reflected_c=10.0, air_c=18.0, relative_humidity=0.6)
NEAR, FAR = RangeFix(10.0, False, 0.0), RangeFix(25.0, False, 0.0)


def scene(rng: np.random.Generator) -> ThermalFrame:
    """A wall with warm blobs and the camera's noise, in counts."""
    width, height = SIZE
    celsius = np.full((height, width), 20.0, np.float32)
    yy, xx = np.mgrid[:height, :width]
    for x, y, rise, size in zip(
        rng.uniform(0, width, 40),
        rng.uniform(0, height, 40),
        rng.uniform(3, 60, 40),
        rng.uniform(1, 12, 40),
        strict=True,
    ):
        celsius += rise * np.exp(-((xx - x) ** 2 + (yy - y) ** 2) / (2 * size**2))
    celsius += rng.normal(0, 0.05, celsius.shape)
    radiometry = Radiometry(SCALE, APPARENT, SCENE, accuracy_c=1.0)
    return ThermalFrame(SCALE.to_counts(celsius), radiometry)


def boxes(rng: np.random.Generator) -> list[Detection]:
    """Log-uniform sides of 12 to 200 pixels, anywhere in the frame."""
    width, height = SIZE
    found = []
    for _ in range(BOXES):
        w, h = np.exp(rng.uniform(np.log(12), np.log(200), 2))
        x, y = rng.uniform(0, width - w), rng.uniform(0, height - h)
        found.append(Detection("connector", 0.9, Box(x, y, x + w, y + h)))
    return found


def seconds(work: Callable[[], object], repeats: int) -> list[float]:
    """The times of repeats runs after WARM_UPS."""
    for _ in range(WARM_UPS):
        work()
    gc.disable()
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    gc.enable()
    return times


def measure(repeats: int) -> dict[str, list[float]]:
    """Seconds of each kind of work."""
    rng = np.random.default_rng(0)
    frame, detections = scene(rng), boxes(rng)
    network = BpNetwork.load()
    thermometer, corrector = Thermometer(network), Corrector(network)
    fixes = iter(())

    def rebuild() -> object:
        nonlocal fixes
        fix = next(fixes, None)
        if fix is None:
            fixes = iter((NEAR, FAR))
            fix = next(fixes)
        return thermometer.celsius(frame, fix)

    def plain() -> object:
        stated_c = frame.counts * SCALE.gain_c_per_count + SCALE.offset_c
        parameters = vars(replace(SCENE, distance_m=NEAR.distance_m))
        values = {name: np.asarray(value) for name, value in parameters.items()}
        return corrector.correct({**values, "measured_c": stated_c}).surface_c

    return {
        "frame, warm table": seconds(lambda: thermometer.celsius(frame, NEAR), repeats),
        "frame, table rebuilt": seconds(rebuild, repeats),
        "frame, plain evaluation": seconds(plain, max(5, repeats // 20)),
        f"readings of {BOXES} boxes": seconds(
            lambda: thermometer.read(frame, detections, NEAR), repeats
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed of the thermometry.")
    parser.add_argument("--repeats", type=int, default=500)
    parser.add_argument("--json", type=Path, help="file that takes the figures")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    cv2.setNumThreads(1)
    print(f"{machine.in_words()}; one core, load {os.getloadavg()[0]:.1f} before")
    print(f"{'ms':28}{'p50':>9}{'p95':>9}{'p99':>9}")
    described, percentiles = machine.describe(), {}
    for name, times in measure(options.repeats).items():
        percentiles[name] = percentiles_ms(times)
        print(f"{name:28}" + "".join(f"{ms:9.3f}" for ms in percentiles[name].values()))
    if options.json:
        result = {
            "benchmark": "thermometry",
            "machine": described,
            "milliseconds": percentiles,
        }
        options.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
