"""Latency of the one-process graph, frame by frame: where each millisecond goes.

scripts/with_ros python benchmarks/graph_latency.py --seconds 60 --json graph_latency.json

The real nodes in one process, as `ros2 launch thermoscout inspection.launch.py` runs them. Their
camera gives frames that were drawn beforehand, so neither a simulation nor a device's decoding is
in any figure.

"frame to verdict" runs from the moment the camera node publishes the image to the moment the
judge has published its verdicts. "less the network" subtracts of each frame the time within ONNX
Runtime's run() and nothing else: not the 8-bit view, not the warping to the network's size, not
the suppression of boxes, not the way between threads. The search for hot regions runs in a thread
beside the network (docs/graph.md): what it takes of the cores makes the network's own time longer.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
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

from thermoscout_core.bench.timing import percentiles_ms
from thermoscout_core.machine import rss_mib

WARM_UP_S = 4.0
RATES_HZ = (25.0, 30.0, 40.0, 50.0, 60.0, 80.0, 100.0, 125.0, 150.0, 200.0)
MOST_DROPPED = 0.01
STAGES = ("waiting", "preprocess", "network", "postprocess", "handing_over")


@dataclass
class Trace:
    """When each node published what it had to say of a frame, by stamp (perf_counter seconds)."""

    published_s: dict[str, dict[tuple[int, int], float]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    network_s: dict[tuple[int, int], float] = field(default_factory=dict)

    def listen_to(self, node: Any) -> None:
        """Note every publication of a node by way of its diagnostics."""
        diagnostics, name = node.diagnostics, node.get_name()
        age, latency = diagnostics.age, diagnostics.latency
        latest = {"network": float("nan")}

        def noted_latency(stage: str, seconds: float) -> None:
            latest[stage] = seconds
            latency(stage, seconds)

        def noted_age(stage: str, stamp: Any) -> None:
            key = (stamp.sec, stamp.nanosec)
            self.published_s[name][key] = time.perf_counter()
            if name == "detector":
                self.network_s[key] = latest["network"]
            age(stage, stamp)

        diagnostics.latency, diagnostics.age = noted_latency, noted_age

    def between(self, first: str, second: str) -> dict[tuple[int, int], float]:
        """Seconds from one node's publication to the other's, of the frames that both had."""
        begun, ended = self.published_s[first], self.published_s[second]
        return {key: ended[key] - begun[key] for key in ended if key in begun}


def measure(
    rate_hz: float, seconds: float, options: argparse.Namespace, watched: bool = False
) -> dict[str, Any]:
    """One run of the graph -> its figures. watched: every picture has a subscriber."""
    with running_graph(
        rate_hz, options.threads, model=options.model, looks=options.looks
    ) as graph:
        if watched:
            graph.viewer.watch(PICTURES)
        graph.spin(WARM_UP_S)
        trace = Trace()
        before = {node.get_name(): _totals(node) for node in graph.nodes}
        for node in graph.nodes:
            node.diagnostics.latencies_s.clear()
            trace.listen_to(node)
        begun_s, used_s = time.monotonic(), time.process_time()
        graph.spin(seconds)
        passed_s, used_s = time.monotonic() - begun_s, time.process_time() - used_s
        counts = {node.get_name(): _totals(node) for node in graph.nodes}
        for name, totals in counts.items():
            totals.subtract(before[name])
        shown = counts["ir_camera"]["frames"]
        unseen = counts["ir_camera"]["dropped"]
        dropped = unseen + counts["detector"]["dropped"]
        return {
            "rate_hz": rate_hz,
            "model": graph.model_id,
            "stages_ms": _stages_ms(graph, trace),
            "frames_shown_hz": shown / passed_s,
            "frames_judged_hz": counts["fault_judge"]["processed"] / passed_s,
            "dropped_share": dropped / (shown + unseen or 1),
            "rss_mib": rss_mib(),
            "cpu_cores": used_s / passed_s,
            "counts": counts,
        }


def _totals(node: Any) -> Counter[str]:
    return Counter({name: each.total for name, each in node.diagnostics.counters.items()})


def _stages_ms(graph: Running, trace: Trace) -> dict[str, dict[str, float]]:
    by_name = {node.get_name(): node.diagnostics.latencies_s for node in graph.nodes}
    samples = {f"detector: {stage}": by_name["detector"].get(stage, ()) for stage in STAGES}
    for name in ("temperature_correction", "fault_judge"):
        samples[name] = by_name[name].get("total", ())
    whole = trace.between("ir_camera", "fault_judge")
    hops = {
        "frame to detections": ("ir_camera", "detector"),
        "detections to readings": ("detector", "temperature_correction"),
        "readings to verdicts": ("temperature_correction", "fault_judge"),
    }
    for title, (first, second) in hops.items():
        samples[title] = trace.between(first, second).values()
    samples["frame to verdict"] = whole.values()
    samples["frame to verdict, less the network"] = [
        seconds - trace.network_s[key] for key, seconds in whole.items() if key in trace.network_s
    ]
    return {title: percentiles_ms(list(values)) for title, values in samples.items()}


def highest_rate(options: argparse.Namespace) -> dict[str, Any]:
    """The figures at the highest of RATES_HZ at which less than 1 % of the frames is dropped."""
    best: dict[str, Any] = {}
    for rate_hz in RATES_HZ:
        figures = measure(rate_hz, options.seconds_a_rate, options)
        print(f"{rate_hz:g} Hz: {100 * figures['dropped_share']:.1f} % dropped")
        if figures["dropped_share"] >= MOST_DROPPED:
            break
        best = figures
    print(f"highest rate with less than 1 % dropped: {best.get('rate_hz', 'none')} Hz")
    return best


def _print(title: str, figures: dict[str, Any]) -> None:
    print(f"\n{title}")
    print(f"{'stage, ms':38}{'p50':>9}{'p95':>9}{'p99':>9}")
    for stage, values in figures["stages_ms"].items():
        if values:
            print(f"{stage:38}{values['p50']:9.2f}{values['p95']:9.2f}{values['p99']:9.2f}")
    print(
        f"shown {figures['frames_shown_hz']:.1f} Hz, judged {figures['frames_judged_hz']:.1f} Hz, "
        f"dropped {100 * figures['dropped_share']:.1f} %, RSS {figures['rss_mib']:.0f} MiB, "
        f"CPU {figures['cpu_cores']:.2f} cores"
    )


def main() -> None:
    parser = parser_of("Latency of the one-process graph.")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads of the network")
    parser.add_argument("--model", default="", help="a shipped name or a file; else the default")
    parser.add_argument("--looks", type=int, default=1, help="at each frame: 1, 2 or 12")
    parser.add_argument("--seconds", type=float, default=60.0, help="measured, per run")
    parser.add_argument("--rate", type=float, default=25.0, help="frames per second")
    parser.add_argument("--highest-rate", action="store_true", help="look for it, too")
    parser.add_argument("--seconds-a-rate", type=float, default=15.0, help="for it")
    options = parser.parse_args()
    described, data = host(), recorded_camera.offer(options.size)
    print(f"the frames held by the benchmark are {data['held_mib']:.0f} MiB of the RSS")
    width, height = options.size
    runs = {}
    for name, watched in (("nobody watches", False), ("every picture watched", True)):
        runs[name] = measure(options.rate, options.seconds, options, watched)
        _print(f"{width}x{height}, {options.rate:g} Hz, {name}", runs[name])
    if options.highest_rate:
        runs["highest rate"] = highest_rate(options)
    write_json(options.json, "graph_latency", options, host=described, data=data, runs=runs)


if __name__ == "__main__":
    main()
