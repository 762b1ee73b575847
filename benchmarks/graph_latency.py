"""Latency of the one-process graph, frame by frame: where each millisecond goes.

scripts/with_ros python benchmarks/graph_latency.py --seconds 60 --json graph_latency.json

The real nodes on the simulated patrol, in one process on one executor thread, as
`ros2 launch thermoscout inspection.launch.py` runs them. The first round of the patrol, in which
the simulation draws its scenes, isn't counted. "frame to verdict" runs from the moment the camera
node publishes the image to the moment the judge has published its verdicts.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import Image

from thermoscout_core import machine
from thermoscout_nodes.diagnostics import percentiles_ms
from thermoscout_nodes.graph_processes import private_domain, write_overrides
from thermoscout_nodes.inspection import make_graph
from thermoscout_nodes.process import THREAD_TURN_S
from thermoscout_nodes.qos import SENSOR_SUBSCRIBE

HOLD_S = 2.0
STATIONS = 9
RATES_HZ = (25.0, 30.0, 40.0, 50.0, 60.0, 80.0, 100.0, 125.0, 150.0, 200.0)
MOST_DROPPED = 0.01
PICTURES = ("overlay", "thermal/temperature", "thermal/image_color")
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


def rss_mib() -> float:
    """Resident memory of this process, MiB."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def host() -> dict[str, Any]:
    """The machine and the versions that the figures belong to."""
    return {**machine.describe(), "ros_distro": os.environ.get("ROS_DISTRO", "")}


class Viewer:
    """A node that looks at pictures and does nothing with them."""

    def __init__(self, context: Context) -> None:
        self.node = rclpy.create_node("viewer", context=context)

    def watch(self, topics: Sequence[str]) -> None:
        for topic in topics:
            self.node.create_subscription(Image, topic, lambda _: None, SENSOR_SUBSCRIBE, raw=True)


@contextmanager
def running_graph(
    size: tuple[int, int], rate_hz: float, threads: int
) -> Iterator[tuple[SingleThreadedExecutor, Sequence[Any], Viewer]]:
    """The five nodes on the simulated patrol in a ROS domain of their own, started."""
    patrol = f"sim://patrol?seed=7&hold={HOLD_S}"
    camera = f"{patrol}&width={size[0]}&height={size[1]}&rate={rate_hz}"
    context = Context()
    with private_domain() as domain, tempfile.TemporaryDirectory() as folder:
        parameters = Path(folder) / "parameters.yaml"
        write_overrides(
            parameters,
            {
                "ir_camera": {"url": camera},
                "laser_rangefinder": {"url": patrol},
                "detector": {"threads": threads},
            },
        )
        handlers = SignalHandlerOptions.NO
        rclpy.init(context=context, domain_id=domain, signal_handler_options=handlers)
        arguments = ["--ros-args", "--params-file", str(parameters)]
        nodes = make_graph(context=context, cli_args=arguments)
        executor = SingleThreadedExecutor(context=context)
        viewer = Viewer(context)
        for node in (*nodes, viewer.node):
            executor.add_node(node)
        for node in reversed(nodes):
            node.start_if_asked()
        try:
            yield executor, nodes, viewer
        finally:
            executor.shutdown(timeout_sec=1.0)
            viewer.node.destroy_node()
            for node in nodes:
                node.close()
            rclpy.try_shutdown(context=context)


def measure(options: argparse.Namespace, watched: bool) -> dict[str, Any]:
    """One run of the graph -> its figures. watched: every picture has a subscriber."""
    with running_graph(options.size, options.rate, options.threads) as (executor, nodes, viewer):
        if watched:
            viewer.watch(PICTURES)
        _spin(executor, STATIONS * HOLD_S + 1.0)
        trace = Trace()
        before = {node.get_name(): dict(_totals(node)) for node in nodes}
        for node in nodes:
            node.diagnostics.latencies_s.clear()
            trace.listen_to(node)
        begun_s, used_s = time.monotonic(), time.process_time()
        _spin(executor, options.seconds)
        passed_s, used_s = time.monotonic() - begun_s, time.process_time() - used_s
        counts = {
            node.get_name(): {
                name: total - before[node.get_name()].get(name, 0) for name, total in _totals(node)
            }
            for node in nodes
        }
        return _figures(nodes, trace, counts, passed_s, used_s)


def _spin(executor: SingleThreadedExecutor, seconds: float) -> None:
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        executor.spin_once(timeout_sec=0.1)


def _totals(node: Any) -> list[tuple[str, int]]:
    return [(name, counter.total) for name, counter in node.diagnostics.counters.items()]


def _figures(
    nodes: Any, trace: Trace, counts: dict[str, Any], passed_s: float, used_s: float
) -> dict[str, Any]:
    by_name = {node.get_name(): node for node in nodes}
    stages = {
        f"detector: {stage}": list(by_name["detector"].diagnostics.latencies_s.get(stage, ()))
        for stage in STAGES
    }
    for name in ("temperature_correction", "fault_judge"):
        stages[name] = list(by_name[name].diagnostics.latencies_s.get("total", ()))
    whole = trace.between("ir_camera", "fault_judge")
    stages["frame to detections"] = list(trace.between("ir_camera", "detector").values())
    stages["detections to readings"] = list(
        trace.between("detector", "temperature_correction").values()
    )
    stages["readings to verdicts"] = list(
        trace.between("temperature_correction", "fault_judge").values()
    )
    stages["frame to verdict"] = list(whole.values())
    stages["frame to verdict, less the network"] = [
        seconds - trace.network_s[key] for key, seconds in whole.items() if key in trace.network_s
    ]
    shown = counts["ir_camera"].get("frames", 0)
    judged = counts["fault_judge"].get("processed", 0)
    return {
        "stages_ms": {name: percentiles_ms(samples) for name, samples in stages.items()},
        "frames_shown_hz": shown / passed_s,
        "frames_judged_hz": judged / passed_s,
        "dropped_share": 1.0 - judged / shown if shown else float("nan"),
        "rss_mib": rss_mib(),
        "cpu_cores": used_s / passed_s,
        "counts": counts,
    }


def highest_rate(options: argparse.Namespace) -> dict[str, Any]:
    """The figures at the highest of RATES_HZ at which less than 1 % of the frames is dropped."""
    best: dict[str, Any] = {}
    for rate_hz in RATES_HZ:
        figures = measure(argparse.Namespace(**{**vars(options), "rate": rate_hz}), watched=False)
        print(f"{rate_hz:g} Hz: {100 * figures['dropped_share']:.1f} % dropped")
        if figures["dropped_share"] >= MOST_DROPPED:
            break
        best = {"rate_hz": rate_hz, **figures}
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
        f"CPU {figures['cpu_cores']:.2f} cores (the simulated camera included)"
    )


def _size(text: str) -> tuple[int, int]:
    width, height = text.split("x")
    return int(width), int(height)


def main() -> None:
    parser = argparse.ArgumentParser(description="Latency of the one-process graph.")
    parser.add_argument("--seconds", type=float, default=60.0, help="measured, per run")
    parser.add_argument("--rate", type=float, default=25.0, help="frames per second")
    parser.add_argument("--size", type=_size, default=(640, 512), help="of frames")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads of the network")
    parser.add_argument("--json", type=Path, help="file that takes the figures")
    parser.add_argument("--thread-turn", type=float, default=THREAD_TURN_S, help="seconds")
    parser.add_argument("--highest-rate", action="store_true", help="look for it, too (1 % drops)")
    options = parser.parse_args()
    sys.setswitchinterval(options.thread_turn)
    described = host()
    print(f"{machine.in_words()}; load {described['load_average']:.1f} before")
    runs = {}
    for name, watched in (("nobody watches", False), ("every picture watched", True)):
        runs[name] = measure(options, watched)
        width, height = options.size
        _print(f"{width}x{height}, {options.rate:g} Hz, {name}", runs[name])
    if options.highest_rate:
        runs["highest rate"] = highest_rate(options)
    if options.json:
        result = {
            "benchmark": "graph_latency",
            "host": described,
            "options": {name: str(value) for name, value in vars(options).items()},
            "runs": runs,
        }
        options.json.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
