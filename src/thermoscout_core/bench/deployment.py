"""How fast a detector is where it is deployed: the record that a robot's owner sends back."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from thermoscout_core.bench.energy import find_meter
from thermoscout_core.bench.power_rails import PowerRails
from thermoscout_core.bench.timing import percentiles_ms
from thermoscout_core.detection.contract import Contract
from thermoscout_core.detection.detector import Detector
from thermoscout_core.frames import Counts
from thermoscout_core.machine import describe, peak_rss_mib

TEGRA_RELEASE = Path("/etc/nv_tegra_release")


def measure_deployment(
    detector: Detector,
    frames: Sequence[Counts],
    repeats: int,
    warm_up: int = 20,
    told: Callable[[int], None] = lambda done: None,
) -> dict[str, Any]:
    """Time the network alone and the whole way from counts to detections, frame by frame.

    told: hears how many of 2 × repeats frames are done. Returns what the JSON holds: times in ms,
    CPU time of the process per frame, power where the machine shows it, and the machine.
    """
    contract = Contract(detector.backend)
    tensors = contract.prepare(frames[0])

    def network(_: int) -> None:
        contract.run(tensors, detector.selection)

    def whole(number: int) -> None:
        detector.detect(frames[number % len(frames)])

    for number in range(warm_up):
        network(number)
        whole(number)
    meter = find_meter()
    with PowerRails() as rails:
        network_s, _ = _timed_s(network, repeats, 0, told)
        if meter is not None:
            meter.start()
        whole_s, cpu_s = _timed_s(whole, repeats, repeats, told)
        energy_j = None if meter is None else meter.stop_j()
    peak_mib = peak_rss_mib()
    height, width = frames[0].shape
    return {
        "machine": describe() | _jetson(),
        "model": detector.model_id,
        "runtime": detector.backend.name,
        "fallback_reasons": list(detector.fallback_reasons),
        "preprocessing_inside": contract.input == "counts",
        "frame_size_px": [width, height],
        "input_size_px": list(contract.input_size_px),
        "frames": repeats,
        "network_ms": percentiles_ms(network_s),
        "end_to_end_ms": percentiles_ms(whole_s),
        "cpu_per_frame_ms": percentiles_ms(cpu_s),
        "frames_per_s": round(len(whole_s) / sum(whole_s), 1),
        "peak_memory_mib": None if peak_mib is None else round(peak_mib, 1),
        "energy_per_frame_j": None if energy_j is None else round(energy_j / repeats, 4),
        "energy_counter": None if meter is None else meter.name,
        "power_rails_w": rails.mean_w,
    }


def _timed_s(
    call: Callable[[int], None], repeats: int, done: int, told: Callable[[int], None]
) -> tuple[list[float], list[float]]:
    """Wall-clock and CPU time (all threads of the process) of each call."""
    wall_s, cpu_s = [], []
    for number in range(repeats):
        begun_s, cpu_begun_s = time.perf_counter(), time.process_time()
        call(number)
        wall_s.append(time.perf_counter() - begun_s)
        cpu_s.append(time.process_time() - cpu_begun_s)
        told(done + number + 1)
    return wall_s, cpu_s


def _jetson() -> dict[str, str]:
    """JetPack's release and the power mode, where this is a Jetson."""
    found = {}
    if TEGRA_RELEASE.is_file():
        found["tegra_release"] = TEGRA_RELEASE.read_text(encoding="ascii").splitlines()[0]
    if shutil.which("nvpmodel"):
        answer = subprocess.run(["nvpmodel", "-q"], capture_output=True, text=True, check=False)
        found["power_mode"] = " ".join(answer.stdout.split())
    return found
