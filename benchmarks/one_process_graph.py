"""The one-process graph as the benchmarks run it: the real nodes on frames drawn beforehand."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rclpy
from rclpy.context import Context
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import Image

from thermoscout_core import machine
from thermoscout_nodes.graph_processes import private_domain, write_overrides
from thermoscout_nodes.inspection import make_graph
from thermoscout_nodes.process import begin, share_the_cores
from thermoscout_nodes.qos import SENSOR_SUBSCRIBE
from thermoscout_nodes.turns import TurnTakingExecutor

PICTURES = ("overlay", "thermal/temperature", "thermal/image_color")


def size(text: str) -> tuple[int, int]:
    """640x512 -> (640, 512)"""
    width, height = text.split("x")
    return int(width), int(height)


def parser_of(description: str) -> argparse.ArgumentParser:
    """The options that all benchmarks of the one-process graph share."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--size", type=size, default=(640, 512), help="of frames")
    parser.add_argument("--json", type=Path, help="file that takes the figures")
    return parser


def host() -> dict[str, Any]:
    """The machine and the versions that the figures belong to; says it on the terminal, too."""
    described = {**machine.describe(), "ros_distro": os.environ.get("ROS_DISTRO", "")}
    print(f"{machine.in_words()}; load {described['load_average']:.1f} before")
    return described


def write_json(path: Path | None, name: str, options: argparse.Namespace, **results: Any) -> None:
    """The figures with everything that they belong to."""
    if path is None:
        return
    written = {name: str(value) for name, value in vars(options).items()}
    record = {"benchmark": name, "options": written, **results}
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


class Viewer:
    """A node that looks at pictures and does nothing with them."""

    def __init__(self, context: Context) -> None:
        self.node = rclpy.create_node("viewer", context=context)

    def watch(self, topics: Sequence[str]) -> None:
        for topic in topics:
            self.node.create_subscription(Image, topic, lambda _: None, SENSOR_SUBSCRIBE, raw=True)


@dataclass(frozen=True)
class Running:
    """A started graph. nodes: in the order of the flow."""

    executor: TurnTakingExecutor
    nodes: Sequence[Any]
    viewer: Viewer

    def spin(self, seconds: float) -> None:
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            self.executor.spin_once(timeout_sec=0.1)

    def spin_until_judged(self, frames: int) -> None:
        """Until so many frames, counted from the start, have their verdicts."""
        while self.judged < frames:
            self.executor.spin_once(timeout_sec=0.1)

    @property
    def judged(self) -> int:
        return int(self.nodes[-1].diagnostics.total("processed"))

    @property
    def model_id(self) -> str:
        detector = next(node for node in self.nodes if node.get_name() == "detector")
        return str(detector.diagnostics.hardware_id)


@contextmanager
def running_graph(
    rate_hz: float, threads: int, lockstep: bool = False, model: str = "", looks: int = 1
) -> Iterator[Running]:
    """The five nodes on recorded_camera's frames in a ROS domain of their own, started.

    lockstep: the next frame comes when the verdicts of the one before did, whatever the rate.
    model: ONNX file, "" is the shipped detector. looks: as the detector's parameter.
    """
    context = Context()
    share_the_cores()
    with private_domain() as domain, tempfile.TemporaryDirectory() as folder:
        parameters = Path(folder) / "parameters.yaml"
        write_overrides(
            parameters,
            {
                "ir_camera": {"url": f"recorded://patrol?rate={rate_hz}", "lockstep": lockstep},
                "laser_rangefinder": {"url": "sim://patrol?seed=7&hold=2"},
                "detector": {"threads": threads, "model": model, "looks": looks},
            },
        )
        handlers = SignalHandlerOptions.NO
        arguments = ["--ros-args", "--log-level", "error", "--params-file", str(parameters)]
        rclpy.init(
            args=arguments, context=context, domain_id=domain, signal_handler_options=handlers
        )
        nodes = make_graph(context=context, cli_args=arguments)
        executor = TurnTakingExecutor(context=context)
        viewer = Viewer(context)
        executor.add_node(viewer.node)
        begin(nodes, executor)
        try:
            yield Running(executor, nodes, viewer)
        finally:
            executor.shutdown(timeout_sec=1.0)
            viewer.node.destroy_node()
            for node in nodes:
                node.close()
            rclpy.try_shutdown(context=context)
