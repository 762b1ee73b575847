"""Software decoding of RTSP video: PyAV beside OpenCV, and beside a plain OpenCV loop.

python benchmarks/camera_video.py --frames 500 --json camera_video.json

The camera (test/cameras/peers/rtsp_server.py, FFmpeg's own encoder and packetiser) runs in a
process of its own on loopback; each reader runs in a fresh process, in turns. CPU is the reader's,
per frame that it gave; the plain loop is cv2.VideoCapture alone, without stamps or checks.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from camera_peers import FakeCamera

from thermoscout_core import machine

WIDTH, HEIGHT, RATE_HZ = 640, 512, 25
READERS = ("pyav", "opencv", "plain loop")
SETTLING_FRAMES = 25


def through_driver(url: str, decoder: str, frames: int) -> dict[str, Any]:
    from thermoscout_core.cameras.registry import open_camera

    camera: Any = open_camera(url, decoder=decoder)
    begun_s = time.perf_counter()
    camera.open()
    while camera.read(0.2) is None:
        pass
    first_s = time.perf_counter() - begun_s
    got = 0
    while got < SETTLING_FRAMES:
        got += camera.read(0.2) is not None
    got, cpu_s = 0, time.process_time()
    while got < frames:
        got += camera.read(0.2) is not None
    cpu_s = time.process_time() - cpu_s
    camera.close()
    return {"first_frame_s": first_s, "cpu_ms_per_frame": 1e3 * cpu_s / frames}


def plain_loop(url: str, frames: int) -> dict[str, Any]:
    import cv2

    begun_s = time.perf_counter()
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG)
    capture.read()
    first_s = time.perf_counter() - begun_s
    for _ in range(SETTLING_FRAMES):
        capture.read()
    cpu_s = time.process_time()
    for _ in range(frames):
        capture.read()
    cpu_s = time.process_time() - cpu_s
    return {"first_frame_s": first_s, "cpu_ms_per_frame": 1e3 * cpu_s / frames}


def measure(codec: str, reader: str, frames: int) -> dict[str, Any]:
    """One reader in a fresh process against a fresh camera."""
    camera = FakeCamera("rtsp_server.py", codec, WIDTH, HEIGHT, RATE_HZ, "camera")
    try:
        command = [sys.executable, __file__, "--frames", str(frames), "--read", reader]
        done = subprocess.run(
            [*command, "--url", f"rtsp://127.0.0.1:{camera.port}/thermal"],
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(done.stdout.splitlines()[-1])
    finally:
        camera.unplug()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--frames", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--read", choices=READERS, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read == "plain loop":
        print(json.dumps(plain_loop(options.url, options.frames)))
        return
    if options.read:
        print(json.dumps(through_driver(options.url, options.read, options.frames)))
        return
    records = []
    for _ in range(options.rounds):
        for codec in ("h264", "mpeg4", "mjpeg"):
            for reader in READERS:
                record = measure(codec, reader, options.frames)
                records.append({"codec": codec, "reader": reader, **record})
    print(f"{WIDTH}x{HEIGHT} at {RATE_HZ} Hz, TCP, best of {options.rounds}; {machine.in_words()}")
    print(f"{'codec':<8}{'reader':<12}{'CPU ms/frame':>14}{'first frame s':>15}")
    for codec in ("h264", "mpeg4", "mjpeg"):
        for reader in READERS:
            own = [r for r in records if (r["codec"], r["reader"]) == (codec, reader)]
            cpu_ms = min(r["cpu_ms_per_frame"] for r in own)
            first_s = min(r["first_frame_s"] for r in own)
            print(f"{codec:<8}{reader:<12}{cpu_ms:>14.2f}{first_s:>15.2f}")
    if options.json:
        record = {"machine": machine.describe(), "runs": records}
        options.json.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
