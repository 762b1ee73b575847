"""How soon a lost camera is noticed and measures again, and whether a stale or mixed frame comes.

python benchmarks/camera_faults.py --cycles 5 --json camera_faults.json

Each camera is a process of its own on loopback (test/cameras/peers), killed while it streams and
started again after 0.1, 2 and 5 seconds in turn; the driver runs under the supervisor as in the
node, polled ten times a second. "back" is from the moment the process is ready to the first frame;
"waited" is the part of it that the back-off took. Every frame is checked: flat where
one number was sent (else mixed), and newer than the one before (else stale).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from thermoscout_core import machine
from thermoscout_core.cameras.registry import open_camera
from thermoscout_core.device_reader import DeviceReader
from thermoscout_core.supervision import Phase, Supervisor

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / "test" / "cameras" / "peers"
POLL_S = 0.1
GIVE_UP_S = 30.0
GONE_S = (0.1, 2.0, 5.0)
FLAT = (slice(40, 60), slice(40, 60))
CAMERAS = {
    "isapi": ("isapi_server.py", 0, (96, 64, "A1"), "isapi://127.0.0.1:{port}?rate=20"),
    "rtsp": ("rtsp_server.py", 0, ("h264", 160, 128, 25, "cam"), "rtsp://127.0.0.1:{port}/x"),
    "gige": ("aravis_camera.py", 3956, (96, 64, 30, "SN77"), "gige://SN77"),
}


class FakeCamera:
    """A camera's process, ready when this returns."""

    def __init__(self, script: str, port: int, arguments: tuple[Any, ...]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(PEERS / script), str(port), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        ready = self._process.stdout.readline().split()
        if ready[:1] != ["ready"]:
            sys.exit(f"{script} didn't start")
        self.port = int(ready[1])

    def unplug(self) -> None:
        self._process.kill()
        self._process.communicate()


class Watched:
    """The camera's driver under a supervisor, and what is wrong with its frames."""

    def __init__(self, url: str) -> None:
        self.frames = self.mixed = self.stale = 0
        self.waited_s = 0.0
        self._newest_s = -np.inf
        self.supervisor = Supervisor()
        self.reader = DeviceReader(
            "camera",
            self.supervisor,
            lambda stopping: open_camera(url),
            lambda camera, frame: self._take(frame),
            lambda sentence: None,
        )
        self.reader.start()

    def _take(self, frame: Any) -> None:
        self.frames += 1
        self.mixed += int(np.ptp(frame.counts[FLAT].astype(int))) > 1
        self.stale += frame.stamp_s <= self._newest_s
        self._newest_s = frame.stamp_s

    def poll_until(self, condition: Callable[[], bool]) -> float:
        """How long that took, s."""
        begun_s = time.monotonic()
        polled_s = looked_s = -np.inf
        while not condition():
            now_s = time.monotonic()
            if looked_s > 0 and self.supervisor.next_try_in_s > 0:
                self.waited_s += now_s - looked_s
            looked_s = now_s
            if time.monotonic() - begun_s > GIVE_UP_S:
                sys.exit(f"not in {GIVE_UP_S:g} s; {self.supervisor.problem}")
            if time.monotonic() - polled_s >= POLL_S:
                polled_s = time.monotonic()
                self.reader.poll()
            time.sleep(0.002)
        return time.monotonic() - begun_s

    def poll_for(self, seconds: float) -> None:
        end_s = time.monotonic() + seconds
        self.poll_until(lambda: time.monotonic() >= end_s)


def measure(family: str, cycles: int) -> dict[str, Any]:
    script, port, arguments, url = CAMERAS[family]
    camera = FakeCamera(script, port, arguments)
    watched = Watched(url.format(port=camera.port))
    noticed_s, back_s, waited_s = [], [], []
    try:
        watched.poll_until(lambda: watched.frames > 10)
        for cycle in range(cycles):
            watched.poll_until(lambda: watched.supervisor.phase is Phase.STREAMING)
            watched.poll_for(6.0)  # so that the back-off begins anew
            camera.unplug()
            noticed_s.append(watched.poll_until(lambda: watched.supervisor.phase is Phase.LOST))
            watched.poll_for(GONE_S[cycle % len(GONE_S)])
            camera = FakeCamera(script, camera.port, arguments)
            waited_before_s = watched.waited_s
            before = watched.frames
            back_s.append(watched.poll_until(lambda before=before: watched.frames > before))
            waited_s.append(watched.waited_s - waited_before_s)
    finally:
        watched.reader.stop()
        camera.unplug()
    return {
        "cycles": cycles,
        "noticed_s": noticed_s,
        "back_s": back_s,
        "waited_s": waited_s,
        "frames": watched.frames,
        "mixed": watched.mixed,
        "stale": watched.stale,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cycles", type=int, default=6)
    parser.add_argument("--families", nargs="+", choices=CAMERAS, default=list(CAMERAS))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    os.environ["THERMOSCOUT_CAMERA_USER"] = "operator"
    os.environ["THERMOSCOUT_CAMERA_PASSWORD"] = "right horse"
    fetched = sorted((ROOT / ".venv" / "aravis").rglob("libaravis-0.8.so.0"))
    if fetched:
        os.environ.setdefault("THERMOSCOUT_ARAVIS", str(fetched[0]))
    runs = {family: measure(family, options.cycles) for family in options.families}
    print(f"Simulated cameras, {options.cycles} losses each; {machine.in_words()}")
    print(
        f"{'':<8}{'noticed s':>18}{'back s':>18}{'beyond back-off s':>20}{'mixed':>7}{'stale':>7}"
    )
    for family, run in runs.items():
        beyond_s = [b - w for b, w in zip(run["back_s"], run["waited_s"], strict=True)]
        cells = [
            f"{statistics.median(times):.2f} (max {max(times):.2f})"
            for times in (run["noticed_s"], run["back_s"], beyond_s)
        ]
        print(f"{family:<8}{cells[0]:>18}{cells[1]:>18}{cells[2]:>20}", end="")
        print(f"{run['mixed']:>7}{run['stale']:>7}")
    if options.json:
        record = {"machine": machine.describe(), "runs": runs}
        options.json.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
