"""640x512 Mono16 at 60 Hz from a GigE Vision camera to a ROS subscriber: drops, time, memory.

scripts/with_ros python benchmarks/camera_gige.py --frames 3600 --json camera_gige.json

Aravis' fake camera runs in a process of its own on loopback; ir_camera and the subscriber share
one process and one executor thread, as in the launched graph. Beside it, in the same run, a bare
loop over the client library without ROS. A driver of somebody else's (camera_aravis) is C++ and
not on PyPI; it isn't compared. "to subscriber" is from the end of the client's read to the
subscriber's callback.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import Image

from thermoscout_core import machine
from thermoscout_core.cameras.registry import open_camera
from thermoscout_nodes.diagnostics import percentiles_ms
from thermoscout_nodes.graph_processes import private_domain
from thermoscout_nodes.ir_camera import IrCamera
from thermoscout_nodes.qos import SENSOR_SUBSCRIBE

ROOT = Path(__file__).resolve().parents[1]
PEER = ROOT / "test" / "cameras" / "peers" / "aravis_camera.py"
WIDTH, HEIGHT, PORT = 640, 512, 3956
URL = "gige://127.0.0.1"
SETTLING_FRAMES = 120
SILENCE_S = 5.0


class FakeCamera:
    """The camera's process."""

    def __init__(self, rate_hz: float) -> None:
        fetched = sorted((ROOT / ".venv" / "aravis").rglob("libaravis-0.8.so.0"))
        environment = dict(os.environ)
        if fetched:
            environment.setdefault("THERMOSCOUT_ARAVIS", str(fetched[0]))
        arguments = [PORT, WIDTH, HEIGHT, rate_hz, "SN60", "still"]
        self._process = subprocess.Popen(
            [sys.executable, str(PEER), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert self._process.stdout is not None
        if not self._process.stdout.readline().startswith("ready"):
            sys.exit("the fake camera didn't start: apt install libaravis-0.8-0?")

    def unplug(self) -> None:
        self._process.kill()
        self._process.communicate()


def rss_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


class Measurement:
    """What a run of so many frames took, from the frame on that ends the settling."""

    def __init__(self) -> None:
        self.begun_s, self.cpu_s, self.rss_mib = (
            time.perf_counter(),
            time.process_time(),
            rss_mib(),
        )

    def record(self, frames: int, sent: int, **more: Any) -> dict[str, Any]:
        seconds = time.perf_counter() - self.begun_s
        return {
            "frames": frames,
            "sent": sent,
            "dropped_percent": 100.0 * (1 - frames / sent),
            "rate_hz": frames / seconds,
            "cpu_ms_per_frame": 1e3 * (time.process_time() - self.cpu_s) / frames,
            "rss_mib": rss_mib(),
            "rss_growth_mib": rss_mib() - self.rss_mib,
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--frames", type=int, default=3600)
    parser.add_argument("--rate", type=float, default=60.0, help="Hz")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    records = {}
    for name, run in (("bare loop", bare_loop), ("ir_camera to subscriber", through_ros)):
        camera = FakeCamera(options.rate)
        try:
            records[name] = run(options.frames)
        finally:
            camera.unplug()
    print(
        f"{WIDTH}x{HEIGHT} Mono16 at {options.rate:g} Hz, simulated camera; {machine.in_words()}"
    )
    for name, record in records.items():
        print(name)
        for key, value in record.items():
            print(
                f"    {key:<22} {value:,.2f}"
                if isinstance(value, float)
                else f"    {key:<22} {value:,}"
            )
    if options.json:
        record = {"machine": machine.describe(), "runs": records}
        options.json.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
