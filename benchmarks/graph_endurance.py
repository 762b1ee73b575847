"""Memory and CPU of the one-process graph over many frames, with and without watchers.

scripts/with_ros python benchmarks/graph_endurance.py --frames 100000 --json graph_endurance.json
scripts/with_ros python benchmarks/graph_endurance.py --frames 100000 --rate 0 --size 320x256

The real nodes of `ros2 launch thermoscout inspection.launch.py` in one process, fed with frames
that were drawn beforehand. --rate 0 is as fast as the graph goes: the next frame comes when the
verdicts of the one before did. --model int8 takes a faster network, for the
long run is about the graph's memory, not the network's; the record says which. Memory is this
process's resident set, sampled every thousandth of the run after a warm-up of 10,000 frames, or
half of them where fewer than 20,000 are asked for: so long the windows that the nodes keep (4096
latencies a stage, 64 views, 100 alarms) fill, which is growth, but ends. Growth is the median of
the last tenth of the samples against that of the first. CPU is of the whole process, at 25 Hz or
--rate; each picture topic gets a subscriber for the second figure.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from typing import Any

import recorded_camera
from one_process_graph import (
    PICTURES,
    Running,
    host,
    parser_of,
    running_graph,
    write_json,
)

from thermoscout_core.machine import rss_mib

WARM_UP_FRAMES = 10_000
CPU_WARM_UP_S = 3.0
CPU_SECONDS = 20.0
CAMERA_HZ = 25.0
UNPACED_HZ = 1e4
TELL_EVERY = 20


def cpu_cores(graph: Running, seconds: float) -> float:
    """Mean of processors that this process keeps busy."""
    begun_s, used_s = time.monotonic(), time.process_time()
    graph.spin(seconds)
    return (time.process_time() - used_s) / (time.monotonic() - begun_s)


def cpu_figures(rate_hz: float, threads: int, model: str) -> dict[str, float]:
    """Of a camera at that rate."""
    with running_graph(rate_hz, threads, model=model) as graph:
        graph.spin(CPU_WARM_UP_S)
        nobody = cpu_cores(graph, CPU_SECONDS)
        graph.viewer.watch(PICTURES)
        graph.spin(CPU_WARM_UP_S)
        everybody = cpu_cores(graph, CPU_SECONDS)
    return {"nobody watches": nobody, "every picture watched": everybody}


def memory_figures(options: argparse.Namespace) -> dict[str, Any]:
    """Of so many frames, one run of the graph."""
    unpaced = options.rate == 0
    rate_hz = UNPACED_HZ if unpaced else options.rate
    warm_up = min(WARM_UP_FRAMES, options.frames // 2)
    every = max(1, options.frames // 1000)
    with running_graph(rate_hz, options.threads, unpaced, options.model) as graph:
        print(f"warming up for {warm_up} frames", flush=True)
        graph.spin_until_judged(warm_up)
        begun_s = time.monotonic()
        samples = []
        for goal in range(warm_up + every, options.frames + 1, every):
            graph.spin_until_judged(goal)
            samples.append(rss_mib())
            if len(samples) % TELL_EVERY == 0:
                print(f"{goal} frames: RSS {samples[-1]:.1f} MiB", flush=True)
        passed_s = time.monotonic() - begun_s
        errors = {n.get_name(): n.diagnostics.total("callback_errors") for n in graph.nodes}
        model = graph.model_id
    tenth = max(1, len(samples) // 10)
    first, last = statistics.median(samples[:tenth]), statistics.median(samples[-tenth:])
    return {
        "model": model,
        "frames": options.frames,
        "warm_up_frames": warm_up,
        "paced": "by the verdicts" if unpaced else f"{rate_hz:g} Hz",
        "frames_hz": len(samples) * every / passed_s,
        "rss_mib": {"first": first, "last": last, "most": max(samples), "samples": samples},
        "growth": last / first - 1.0,
        "torch_loaded": "torch" in sys.modules,
        "callback_errors": errors,
    }


def main() -> None:
    parser = parser_of("Memory and CPU over many frames.")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads of the network")
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--rate", type=float, default=CAMERA_HZ, help="Hz; 0: as fast as it goes")
    parser.add_argument("--model", default="", help="int8 or a file; else the default")
    options = parser.parse_args()
    described, data = host(), recorded_camera.offer(options.size)
    print(f"the frames held by the benchmark are {data['held_mib']:.0f} MiB of the RSS")
    memory = memory_figures(options)
    rss, (width, height) = memory["rss_mib"], options.size
    print(
        f"{memory['frames']} frames of {width}x{height}, paced {memory['paced']}: "
        f"{memory['frames_hz']:.1f} Hz; errors: {sum(memory['callback_errors'].values())}\n"
        f"RSS {rss['first']:.1f} MiB first, {rss['last']:.1f} last, {rss['most']:.1f} at most: "
        f"growth {100 * memory['growth']:.2f} %; torch loaded: {memory['torch_loaded']}"
    )
    rate_hz = options.rate or CAMERA_HZ
    cpu = cpu_figures(rate_hz, options.threads, options.model)
    shares = ", ".join(f"{cores:.2f} {who}" for who, cores in cpu.items())
    print(f"CPU at {rate_hz:g} Hz, cores: {shares}")
    figures = {"memory": memory, "cpu_hz": rate_hz, "cpu_cores": cpu}
    write_json(
        options.json, "graph_endurance", options, host=described, data=data, figures=figures
    )


if __name__ == "__main__":
    main()
