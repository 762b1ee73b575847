"""640x512 Mono16 at 60 Hz from a GigE Vision camera to a ROS subscriber: drops, time, memory.

scripts/with_ros python benchmarks/camera_gige.py --frames 3600 --json camera_gige.json

Aravis' fake camera runs in a process of its own on loopback; ir_camera and the subscriber share
one process and one executor thread, as in the launched graph. Beside it, in the same run and
without ROS: a bare loop over our driver, and a bare loop over Aravis' own client, on which the ROS
drivers camera_aravis and camera_aravis2 stand (those are C++ and not on PyPI: they aren't
compared; OpenCV's wheel can't read GigE). "to subscriber" is from the end of the client's read to
the subscriber's callback.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import aravis_client
import rclpy
from camera_peers import FakeCamera
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import Image

from thermoscout_core import machine
from thermoscout_core.bench.timing import percentiles_ms
from thermoscout_core.cameras.registry import open_camera
from thermoscout_nodes.graph_processes import private_domain
from thermoscout_nodes.ir_camera import IrCamera
from thermoscout_nodes.qos import SENSOR_SUBSCRIBE

WIDTH, HEIGHT = 640, 512
ADDRESS = "127.0.0.1"
URL = f"gige://{ADDRESS}"
SETTLING_FRAMES = 120
SILENCE_S = 5.0


class Measurement:
    """What a run of so many frames took, from the frame on that ends the settling."""

    def __init__(self) -> None:
        self.begun_s, self.cpu_s, self.rss_mib = (
            time.perf_counter(),
            time.process_time(),
            machine.rss_mib(),
        )

    def record(self, frames: int, sent: int, **more: Any) -> dict[str, Any]:
        seconds = time.perf_counter() - self.begun_s
        return {
            "frames": frames,
            "sent": sent,
            "dropped_percent": 100.0 * (1 - frames / sent),
            "rate_hz": frames / seconds,
            "cpu_ms_per_frame": 1e3 * (time.process_time() - self.cpu_s) / frames,
            "rss_mib": machine.rss_mib(),
            "rss_growth_mib": machine.rss_mib() - self.rss_mib,
            **more,
        }


def bare_loop(frames: int) -> dict[str, Any]:
    """The driver without ROS: read and count."""
    camera: Any = open_camera(URL)
    camera.open()
    try:
        for _ in range(SETTLING_FRAMES):
            camera.read(1.0)
        measurement, lost = Measurement(), camera.counters.dropped + camera.counters.torn
        got = 0
        while got < frames:
            if camera.read(SILENCE_S) is None:
                sys.exit(f"the camera was silent for {SILENCE_S:g} s after {got} frames")
            got += 1
        lost = camera.counters.dropped + camera.counters.torn - lost
        return measurement.record(got, got + lost)
    finally:
        camera.close()


def aravis_loop(frames: int) -> dict[str, Any]:
    """Aravis' client: read, copy and count."""
    library = aravis_client.load()
    assert library is not None, "the fake camera is of the same library"
    with aravis_client.streaming(library, ADDRESS, WIDTH, HEIGHT) as stream:
        for _ in range(SETTLING_FRAMES):
            stream.read(SILENCE_S)
        measurement = Measurement()
        got = sum(stream.read(SILENCE_S) is not None for _ in range(frames))
        return measurement.record(got, frames)


def through_ros(frames: int) -> dict[str, Any]:
    """ir_camera and a subscriber on one executor thread."""
    with private_domain() as domain_id:
        context = Context()
        rclpy.init(
            context=context, domain_id=domain_id, signal_handler_options=SignalHandlerOptions.NO
        )
        executor = SingleThreadedExecutor(context=context)
        listener = rclpy.create_node("listener", context=context)
        node = IrCamera(context=context, parameter_overrides=[Parameter("url", value=URL)])
        heard_s: list[float] = []
        read_s: dict[float, float] = {}
        delays_s: list[float] = []
        deliver = node._deliver

        def timed(camera: Any, frame: Any) -> None:
            read_s[round(frame.stamp_s, 5)] = time.perf_counter()
            deliver(camera, frame)

        def heard(image: Image) -> None:
            now_s = time.perf_counter()
            heard_s.append(now_s)
            stamp_s = image.header.stamp.sec + image.header.stamp.nanosec * 1e-9
            begun_s = read_s.pop(round(stamp_s, 5), None)
            if begun_s is not None:
                delays_s.append(now_s - begun_s)

        node._deliver = timed
        listener.create_subscription(Image, "thermal/image_raw", heard, SENSOR_SUBSCRIBE)
        executor.add_node(node)
        executor.add_node(listener)
        try:
            while len(heard_s) < SETTLING_FRAMES:
                executor.spin_once(timeout_sec=0.5)
            totals = node._device.supervisor.totals
            measurement, before = Measurement(), totals.samples + totals.dropped + totals.torn
            heard_s.clear()
            delays_s.clear()
            while len(heard_s) < frames:
                executor.spin_once(timeout_sec=0.5)
            totals = node._device.supervisor.totals
            sent = totals.samples + totals.dropped + totals.torn - before
            times = {f"to_subscriber_{k}_ms": v for k, v in percentiles_ms(delays_s).items()}
            return measurement.record(frames, max(sent, frames), **times)
        finally:
            node.close()
            listener.destroy_node()
            executor.shutdown(timeout_sec=1.0)
            rclpy.shutdown(context=context)


RUNS = {
    "Aravis' client, bare loop": aravis_loop,
    "our driver, bare loop": bare_loop,
    "ir_camera to subscriber": through_ros,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--frames", type=int, default=3600)
    parser.add_argument("--rate", type=float, default=60.0, help="Hz")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    records = {}
    for name, run in RUNS.items():
        arguments = WIDTH, HEIGHT, options.rate, "SN60", "still"
        camera = FakeCamera("aravis_camera.py", *arguments)
        try:
            records[name] = run(options.frames)
        finally:
            camera.unplug()
    print(
        f"{WIDTH}x{HEIGHT} Mono16 at {options.rate:g} Hz, simulated camera; {machine.in_words()}"
    )
    print("| | dropped % | Hz | CPU ms a frame | MiB | grown MiB | to subscriber p50, p95 ms |")
    print("|---|---|---|---|---|---|---|")
    for name, record in records.items():
        delay = [record.get(f"to_subscriber_{share}_ms") for share in ("p50", "p95")]
        print(
            f"| {name} | {record['dropped_percent']:.2f} | {record['rate_hz']:.1f} "
            f"| {record['cpu_ms_per_frame']:.2f} | {record['rss_mib']:.0f} "
            f"| {record['rss_growth_mib']:.1f} "
            f"| {', '.join(f'{ms:.2f}' for ms in delay if ms is not None)} |"
        )
    if options.json:
        record = {"machine": machine.describe(), "runs": records}
        options.json.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
