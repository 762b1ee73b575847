"""Our detector beside a peer's node structure: same ONNX, same images, same machine, in turns.

scripts/with_ros python benchmarks/graph_peer.py --seconds 30 --turns 3 --json graph_peer.json

The peer is built as yolo_ros is (github.com/mgonzs13/yolo_ros, yolo_node.py): camera and detector
in a process each, cv_bridge, a best-effort subscription of depth 1, and inference inside the
callback. It runs our Detector, so the network's time is the same and the structure alone differs.
Ours: camera and detector in one process, which hands frames over by reference, and inference in a
worker thread. Both cameras give frames that were drawn beforehand. Latency is from the frame's
stamp to the arrival of its detections in a third process; dropped are frames without detections.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean
from typing import Any

import rclpy
import recorded_camera
from one_process_graph import host, parser_of, write_json
from one_process_graph import size as size_of
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import Image
from vision_msgs.msg import Detection2DArray

from thermoscout_core.bench.timing import percentiles_ms
from thermoscout_nodes import dds_profile
from thermoscout_nodes.detector import DetectorNode
from thermoscout_nodes.graph_processes import (
    private_domain,
    write_overrides,
)
from thermoscout_nodes.handover import Handover
from thermoscout_nodes.ir_camera import IrCamera
from thermoscout_nodes.process import run

START_S = 60.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class PeerDetector(Node):
    """Inference in the image's callback, as yolo_ros has it."""

    def __init__(self) -> None:
        from cv_bridge import CvBridge

        from thermoscout_core.detection.detector import ROBOT_MODEL, Detector
        from thermoscout_nodes.messages import detections_to_message

        super().__init__("detector")
        self._bridge, self._detector = CvBridge(), Detector.load(ROBOT_MODEL)
        self._to_message = detections_to_message
        self._publisher = self.create_publisher(Detection2DArray, "detections", 10)
        qos = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
        self.create_subscription(Image, "thermal/image_raw", self._on_image, qos)

    def _on_image(self, message: Image) -> None:
        counts = self._bridge.imgmsg_to_cv2(message)
        found = self._detector.detect(counts)
        self._publisher.publish(self._to_message(found, message.header))


def be(what: str, size: str, arguments: list[str]) -> None:
    """The main() of a child process."""
    if what != "peer":
        recorded_camera.offer(size_of(size))
    if what == "peer":
        rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.NO)
        rclpy.spin(PeerDetector())  # until SIGTERM
    elif what == "camera":
        run(lambda: [IrCamera()], arguments)
    else:
        handover = Handover()
        run(lambda: [IrCamera(handover=handover), DetectorNode(handover=handover)], arguments)


def cpu_s(process: subprocess.Popen[bytes]) -> float:
    """Processor time that a process has used, seconds."""
    fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1]
    user, system = fields.split()[11:13]
    return (int(user) + int(system)) / TICKS_PER_S


def measure(children: tuple[str, ...], options: argparse.Namespace) -> dict[str, Any]:
    """Run the processes and listen to their detections."""
    context = Context()
    with private_domain() as domain, tempfile.TemporaryDirectory() as folder:
        parameters = Path(folder) / "parameters.yaml"
        url = f"recorded://patrol?rate={options.rate}"
        once = {"looks": 1}  # as the peer
        write_overrides(parameters, {"ir_camera": {"url": url}, "detector": once})
        environment = {**os.environ, "ROS_DOMAIN_ID": str(domain)}
        command = [sys.executable, __file__, "--be"]
        size = "x".join(map(str, options.size))
        ros = ["--ros-args", "--log-level", "error", "--params-file", str(parameters)]
        processes = [
            subprocess.Popen([*command, child, size, *ros], env=environment) for child in children
        ]
        handlers = SignalHandlerOptions.NO
        rclpy.init(context=context, domain_id=domain, signal_handler_options=handlers)
        try:
            return _listen(context, processes, options.seconds)
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(60.0)
            rclpy.try_shutdown(context=context)


def _listen(
    context: Context, processes: list[subprocess.Popen[bytes]], seconds: float
) -> dict[str, Any]:
    node = rclpy.create_node("listener", context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    latencies_s: list[float] = []
    stamps_s: list[float] = []

    def heard(message: Detection2DArray) -> None:
        stamp = message.header.stamp
        stamps_s.append(stamp.sec + stamp.nanosec * 1e-9)
        latencies_s.append(time.time() - stamps_s[-1])

    node.create_subscription(Detection2DArray, "detections", heard, 100)
    end_s = time.monotonic() + START_S
    while len(stamps_s) < 50 and time.monotonic() < end_s:
        executor.spin_once(timeout_sec=0.1)
    latencies_s.clear()
    stamps_s.clear()
    begun_s, used_s = time.monotonic(), sum(map(cpu_s, processes))
    while time.monotonic() - begun_s < seconds:
        executor.spin_once(timeout_sec=0.1)
    passed_s = time.monotonic() - begun_s
    used_s = sum(map(cpu_s, processes)) - used_s
    executor.shutdown(timeout_sec=1.0)
    node.destroy_node()
    return {
        "latency_ms": percentiles_ms(latencies_s),
        "detections_hz": len(stamps_s) / passed_s,
        "cpu_cores": used_s / passed_s,
    }


def main() -> None:
    if sys.argv[1:2] == ["--be"]:
        be(sys.argv[2], sys.argv[3], sys.argv[4:])
        return
    parser = parser_of("Our structure beside yolo_ros'.")
    parser.add_argument("--seconds", type=float, default=30.0, help="measured, per turn")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--rate", type=float, default=25.0, help="frames per second")
    options = parser.parse_args()
    dds_profile.use()
    described, data = host(), recorded_camera.offer(options.size)
    sides = {"thermoscout": ("ours",), "yolo_ros' structure": ("camera", "peer")}
    turns: dict[str, list[dict[str, Any]]] = {side: [] for side in sides}
    for _ in range(options.turns):
        for side, children in sides.items():
            turns[side].append(measure(children, options))
    print(f"{'means of the turns':24}{'p50 ms':>9}{'p95':>9}{'p99':>9}{'dropped':>9}{'CPU':>7}")
    for side, figures in turns.items():
        known = [f for f in figures if f["latency_ms"]]
        p50, p95, p99 = (mean(f["latency_ms"][p] for f in known) for p in ("p50", "p95", "p99"))
        dropped = 1.0 - mean(f["detections_hz"] for f in figures) / options.rate
        cores = mean(f["cpu_cores"] for f in figures)
        print(f"{side:24}{p50:9.2f}{p95:9.2f}{p99:9.2f}{100 * dropped:8.1f}%{cores:7.2f}")
    write_json(options.json, "graph_peer", options, host=described, data=data, turns=turns)


if __name__ == "__main__":
    main()
