"""Memory and CPU of the one-process graph over many frames, with and without watchers.

scripts/with_ros python benchmarks/graph_endurance.py --frames 100000 --json graph_endurance.json

The real nodes of `ros2 launch thermoscout inspection.launch.py` in one process, on the simulated
patrol, as fast as --rate asks. Memory is this process's resident set, sampled every thousandth of
the run after a warm-up of 2000 frames (the simulation has drawn its scenes by then); growth is the
median of the last tenth against that of the first. CPU is of the whole process, the simulated
camera included; each picture topic gets a subscriber for the second figure.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from graph_latency import PICTURES, host, rss_mib, running_graph

from thermoscout_core import machine
from thermoscout_nodes.process import THREAD_TURN_S

WARM_UP_FRAMES = 2000
CPU_SECONDS = 20.0


def judged(nodes: Any) -> int:
    return int(nodes[-1].diagnostics.total("processed"))


def spin_frames(executor: Any, nodes: Any, frames: int, every: int) -> list[float]:
    """Spin until so many more frames are judged; the memory after each `every` of them, MiB."""
    samples = []
    begun = judged(nodes)
    for goal in range(begun + every, begun + frames + 1, every):
        while judged(nodes) < goal:
            executor.spin_once(timeout_sec=0.1)
        samples.append(rss_mib())
    return samples


def cpu_cores(executor: Any, seconds: float) -> float:
    """Mean of processors that this process keeps busy."""
    begun_s, used_s = time.monotonic(), time.process_time()
    while time.monotonic() - begun_s < seconds:
        executor.spin_once(timeout_sec=0.1)
    return (time.process_time() - used_s) / (time.monotonic() - begun_s)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """One run -> its figures."""
    with running_graph(options.size, options.rate, options.threads) as (executor, nodes, viewer):
        warm_up = min(WARM_UP_FRAMES, options.frames // 5)
        spin_frames(executor, nodes, warm_up, warm_up)
        idle = cpu_cores(executor, CPU_SECONDS)
        begun_s = time.monotonic()
        every = max(1, options.frames // 1000)
        samples = spin_frames(executor, nodes, options.frames - warm_up, every)
        passed_s = time.monotonic() - begun_s
        viewer.watch(PICTURES)
        watched = cpu_cores(executor, CPU_SECONDS)
        errors = {n.get_name(): n.diagnostics.total("callback_errors") for n in nodes}
    tenth = max(1, len(samples) // 10)
    first, last = statistics.median(samples[:tenth]), statistics.median(samples[-tenth:])
    return {
        "frames": options.frames,
        "frames_hz": (options.frames - warm_up) / passed_s,
        "rss_mib": {"first": first, "last": last, "most": max(samples)},
        "growth": last / first - 1.0,
        "torch_loaded": "torch" in sys.modules,
        "cpu_cores": {"nobody watches": idle, "every picture watched": watched},
        "callback_errors": errors,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Memory and CPU over many frames.")
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--rate", type=float, default=25.0, help="frames per second asked for")
    parser.add_argument("--size", type=int, nargs=2, default=(640, 512), help="width height")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads of the network")
    parser.add_argument("--json", type=Path, help="file that takes the figures")
    options = parser.parse_args()
    sys.setswitchinterval(THREAD_TURN_S)
    described = host()
    print(f"{machine.in_words()}; load {described['load_average']:.1f} before")
    figures = measure(options)
    rss, cpu = figures["rss_mib"], figures["cpu_cores"]
    print(f"{figures['frames']} frames at {figures['frames_hz']:.1f} Hz")
    print(f"RSS {rss['first']:.1f} MiB first, {rss['last']:.1f} last, {rss['most']:.1f} at most: ")
    print(f"growth {100 * figures['growth']:.2f} %; torch loaded: {figures['torch_loaded']}")
    print("CPU, cores: " + ", ".join(f"{cores:.2f} {who}" for who, cores in cpu.items()))
    if options.json:
        result = {
            "benchmark": "graph_endurance",
            "host": described,
            "options": {name: str(value) for name, value in vars(options).items()},
            "figures": figures,
        }
        options.json.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
