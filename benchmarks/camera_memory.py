"""Whether memory stays flat over 10,000 frames of each camera.

python benchmarks/camera_memory.py --frames 10000 --json camera_memory.json

GigE, RTSP and ISAPI cameras are processes of their own on loopback (test/cameras/peers), as fast
as they go; folder, bag and simulation run on a clock that doesn't wait. Resident memory of this
process after a tenth of the frames, and at their end. UVC isn't here: it needs a device.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from camera_peers import FakeCamera, log_in

from thermoscout_core import machine
from thermoscout_core.cameras.registry import open_camera
from thermoscout_core.errors import DeviceError

SILENCE_S = 60.0
WIDTH, HEIGHT, RATE_HZ, VIDEO_HZ = 160, 128, 250, 50
SIZE = WIDTH, HEIGHT


class NoWaiting:
    """A clock that is always as late as somebody waits for."""

    def __init__(self) -> None:
        self.time_s = 1_800_000_000.0

    def now_s(self) -> float:
        return self.time_s

    def sleep(self, seconds: float) -> None:
        self.time_s += seconds


@contextmanager
def live(url: str, script: str, *arguments: object) -> Iterator[Any]:
    """That simulated camera and our driver on it; ISAPI is asked as fast as it answers."""
    peer = FakeCamera(script, *arguments)
    camera: Any = open_camera(url.format(port=peer.port))
    camera.rate_hz = float(RATE_HZ)
    try:
        camera.open()
        yield camera
    finally:
        camera.close()
        peer.unplug()


@contextmanager
def recorded(url: str) -> Iterator[Any]:
    """A folder, a bag or the simulation, without waiting."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(20):
            counts = np.full((HEIGHT, WIDTH), 29000 + number, np.uint16)
            cv2.imwrite(f"{folder}/{number:02}.png", counts)
        scale = "gain: 0.01\noffset: -273.15\nencoding: mono16\n"
        Path(folder, "scale.yaml").write_text(scale, encoding="utf-8")
        camera = open_camera(url.format(folder=folder, bag=_bag(folder)), NoWaiting())
        camera.open()
        yield camera
        camera.close()


def _bag(folder: str) -> str:
    from rosbags.rosbag2 import Writer
    from rosbags.typesys import Stores, get_typestore

    store = get_typestore(Stores.ROS2_JAZZY)
    image, header, stamp = (
        store.types[f"{package}/msg/{name}"]
        for package, name in (
            ("sensor_msgs", "Image"),
            ("std_msgs", "Header"),
            ("builtin_interfaces", "Time"),
        )
    )
    path = f"{folder}/bag"
    with Writer(path, version=9) as writer:
        name = image.__msgtype__
        connection = writer.add_connection("/thermal/image_raw", name, typestore=store)
        for number in range(200):
            pixels = np.full(SIZE[::-1], 29000 + number, "<u2").view(np.uint8).ravel()
            sent = image(
                header(stamp(number, 0), "camera"), HEIGHT, WIDTH, "mono16", 0, 2 * WIDTH, pixels
            )
            writer.write(connection, number * 10**9, store.serialize_cdr(sent, name))
    return path


CAMERAS: dict[str, Callable[[], Any]] = {
    "gige": lambda: live("gige://", "aravis_camera.py", *SIZE, RATE_HZ, "SN77", "still"),
    "isapi": lambda: live("isapi://127.0.0.1:{port}", "isapi_server.py", *SIZE, "A1"),
    **{
        f"rtsp-{codec}": lambda codec=codec: live(
            "rtsp://127.0.0.1:{port}/x", "rtsp_server.py", codec, *SIZE, VIDEO_HZ, "cam"
        )
        for codec in ("h264", "mpeg4", "mjpeg")
    },
    "file": lambda: recorded("file://{folder}?rate=200&loop=1"),
    "bag": lambda: recorded("bag://{bag}?loop=1"),
    "sim": lambda: recorded(f"sim://patrol?width={WIDTH}&height={HEIGHT}&rate=25"),
}


def read(camera: Any, frames: int) -> None:
    """Opens it again when it is lost, as the node does."""
    heard_s = time.monotonic()
    while frames:
        try:
            if camera.read(0.2) is not None:
                frames, heard_s = frames - 1, time.monotonic()
        except DeviceError as error:
            print(error, file=sys.stderr)
            camera.open()
        if time.monotonic() - heard_s > SILENCE_S:
            sys.exit(f"{camera.hardware_id} was silent for {SILENCE_S:g} s")


def measure(family: str, frames: int) -> dict[str, float]:
    with CAMERAS[family]() as camera:
        read(camera, frames // 10)
        begun_mib, begun_s = machine.rss_mib(), time.monotonic()
        read(camera, frames - frames // 10)
        seconds = time.monotonic() - begun_s
    ended_mib = machine.rss_mib()
    return {
        "frames": frames,
        "rate_hz": (frames - frames // 10) / seconds,
        "begun_mib": begun_mib,
        "ended_mib": ended_mib,
        "growth_mib": ended_mib - begun_mib,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--frames", type=int, default=10_000)
    parser.add_argument("--families", nargs="+", choices=CAMERAS, default=list(CAMERAS))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    log_in()
    print(f"Simulated cameras, {WIDTH}x{HEIGHT}; {machine.in_words()}")
    print("| camera | frames | a second | MiB after a tenth | MiB at the end |")
    print("|---|---|---|---|---|")
    runs = {}
    for family in options.families:
        runs[family] = run = measure(family, options.frames)
        print(
            f"| {family} | {run['frames']} | {run['rate_hz']:.0f} | {run['begun_mib']:.1f} "
            f"| {run['ended_mib']:.1f} |",
            flush=True,
        )
    if options.json:
        record = {"machine": machine.describe(), "runs": runs}
        options.json.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
