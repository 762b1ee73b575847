"""Time of the judge and the tracks per frame, for many boxes.

python benchmarks/judge_and_tracks.py --boxes 50 --frames 2000 --json judge_and_tracks.json

One core (the process is bound to it). Made-up readings: a quarter of the boxes of each of four
classes, in rows, a tenth of them hot; every box jitters by a pixel, the picture sways, one box in
twenty is missed in each frame. The judge takes the shipped rules.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import os
import time
from pathlib import Path

import numpy as np

from thermoscout_core import machine
from thermoscout_core.bench.timing import percentiles_ms
from thermoscout_core.detections import Box, Detection
from thermoscout_core.diagnosis.judge import Judge
from thermoscout_core.diagnosis.rules import KnowledgeBase
from thermoscout_core.diagnosis.tracks import Tracker
from thermoscout_core.readings import Correction, Reading

SIZE = 640, 512
CLASSES = ("connector", "bushing", "disconnector", "insulator")
WARM_UPS = 50
PERIOD_S = 0.04
MISSED = 0.05


def readings(rng: np.random.Generator, places: np.ndarray, frame: int) -> list[Reading]:
    """places: (n, 2) middles of the boxes, pixels."""
    sway = 6 * np.array([math.sin(0.05 * frame), math.cos(0.07 * frame)])
    found = []
    for index in np.flatnonzero(rng.random(len(places)) > MISSED):
        x, y = places[index] + sway + rng.normal(0, 1, 2)
        hot_c = (120.0 if index % 10 == 3 else 25.0) + rng.normal(0, 1)
        detection = Detection(CLASSES[index % 4], 0.9, Box(x - 20, y - 25, x + 20, y + 25))
        found.append(
            Reading(
                detection,
                measured_c=hot_c,
                corrected_c=hot_c,
                background_c=20.0,
                hot_spot_px=(int(x), int(y)),
                distance_m=8.0,
                correction=Correction.NETWORK,
            )
        )
    return found


def measure(boxes: int, frames: int) -> dict[str, np.ndarray]:
    """Seconds per frame: judge, tracks, both."""
    rng = np.random.default_rng(0)
    columns = math.ceil(math.sqrt(boxes * SIZE[0] / SIZE[1]))
    grid = np.stack(np.divmod(np.arange(boxes), columns)[::-1], axis=1)
    places = (grid + 0.5) * [SIZE[0] / columns, SIZE[1] / math.ceil(boxes / columns)]
    judge, tracker = Judge(KnowledgeBase.load()), Tracker()
    times = []
    gc.disable()
    for frame in range(WARM_UPS + frames):
        given = readings(rng, places, frame)
        begun = time.perf_counter()
        verdicts = judge.judge(given)
        judged = time.perf_counter()
        tracker.update(frame * PERIOD_S, verdicts, SIZE)
        times.append((judged - begun, time.perf_counter() - judged))
        if frame % 100 == 0:
            gc.collect()
    gc.enable()
    judge_s, tracks_s = np.array(times[WARM_UPS:]).T
    return {"judge": judge_s, "tracks": tracks_s, "both": judge_s + tracks_s}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--boxes", type=int, default=50)
    parser.add_argument("--frames", type=int, default=2000)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    record = {
        "benchmark": "judge_and_tracks",
        "machine": machine.describe(),
        "boxes": given.boxes,
        "frames": given.frames,
        "milliseconds": {
            name: percentiles_ms(times_s)
            for name, times_s in measure(given.boxes, given.frames).items()
        },
    }
    print(f"{given.boxes} boxes, {given.frames} frames, ms per frame")
    for name, values in record["milliseconds"].items():
        print(f"{name:8}" + "".join(f"{key} {value:7.3f}   " for key, value in values.items()))
    if given.json:
        given.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
