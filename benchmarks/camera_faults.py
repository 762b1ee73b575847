"""How soon a lost camera is noticed and measures again, and whether a stale or mixed frame comes.

python benchmarks/camera_faults.py --cycles 3 --json camera_faults.json

Each camera is a process of its own on loopback (test/cameras/peers) and fails while it streams:
unplugged (killed, started again), hangs (frozen, thawed), stalls (answers, but sends no picture),
resets its connection within a frame. It returns after 0.1, 2 and 5 seconds in turn. The driver
runs under the supervisor as in the node, polled ten times a second. "back" is from the moment the
camera is ready to the first frame; "beyond back-off" is that without the time that the back-off
took. Every frame is checked: flat where one number was sent (else mixed), and newer than the one
before (else stale).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from camera_peers import FakeCamera, log_in

from thermoscout_core import machine
from thermoscout_core.cameras.registry import open_camera
from thermoscout_core.device_reader import DeviceReader
from thermoscout_core.supervision import Phase, Supervisor

POLL_S = 0.1
GIVE_UP_S = 30.0
STEADY_S = 6.0
"""After streaming for so long the back-off begins anew."""
GONE_S = (0.1, 2.0, 5.0)
FLAT = (slice(40, 60), slice(40, 60))
CAMERAS: dict[str, tuple[str, tuple[object, ...], str]] = {
    "isapi": ("isapi_server.py", (96, 64, "A1"), "isapi://127.0.0.1:{port}?rate=20"),
    "rtsp": ("rtsp_server.py", ("h264", 160, 128, 25, "cam"), "rtsp://127.0.0.1:{port}/x"),
    "gige": ("aravis_camera.py", (96, 64, 30, "SN77"), "gige://SN77"),
}
FAULTS = ("unplugged", "hangs", "stalls", "resets")


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


class Bench:
    """A camera that fails and returns, and who watches it."""

    def __init__(self, family: str) -> None:
        self._script, self._arguments, url = CAMERAS[family]
        self._camera = FakeCamera(self._script, *self._arguments)
        self.watched = Watched(url.format(port=self._camera.port))
        self.watched.poll_until(lambda: self.watched.frames > 10)

    def fail(self, fault: str) -> None:
        if fault == "unplugged":
            self._camera.unplug()
        elif fault == "hangs":
            self._camera.freeze()
        else:
            self._camera.tell({"stalls": "fault stall", "resets": "fault reset"}[fault])

    def return_from(self, fault: str) -> None:
        if fault == "unplugged":
            self._camera = FakeCamera(self._script, *self._arguments, port=self._camera.port)
        elif fault == "hangs":
            self._camera.thaw()
        else:
            self._camera.tell("fault")

    def close(self) -> None:
        self.watched.reader.stop()
        self._camera.unplug()


def measure(family: str, fault: str, cycles: int) -> dict[str, Any]:
    bench = Bench(family)
    watched = bench.watched
    noticed_s, back_s, waited_s = [], [], []
    try:
        for cycle in range(cycles):
            watched.poll_until(lambda: watched.supervisor.phase is Phase.STREAMING)
            watched.poll_for(STEADY_S)
            bench.fail(fault)
            noticed_s.append(watched.poll_until(lambda: watched.supervisor.phase is Phase.LOST))
            watched.poll_for(GONE_S[cycle % len(GONE_S)])
            bench.return_from(fault)
            waited_before_s = watched.waited_s
            before = watched.frames
            back_s.append(watched.poll_until(lambda before=before: watched.frames > before))
            waited_s.append(watched.waited_s - waited_before_s)
    finally:
        bench.close()
    return {
        "cycles": cycles,
        "noticed_s": noticed_s,
        "back_s": back_s,
        "waited_s": waited_s,
        "frames": watched.frames,
        "mixed": watched.mixed,
        "stale": watched.stale,
    }


def row(run: dict[str, Any]) -> str:
    beyond_s = [b - w for b, w in zip(run["back_s"], run["waited_s"], strict=True)]
    cells = [
        f"{statistics.median(times):.2f}, {max(times):.2f}"
        for times in (run["noticed_s"], run["back_s"], beyond_s)
    ]
    return " | ".join([*cells, str(run["mixed"]), str(run["stale"])])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cycles", type=int, default=3, help="of each fault")
    parser.add_argument("--families", nargs="+", choices=CAMERAS, default=list(CAMERAS))
    parser.add_argument("--faults", nargs="+", choices=FAULTS, default=list(FAULTS))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    log_in()
    print(f"Simulated cameras, {options.cycles} losses each; {machine.in_words()}")
    print("Seconds: median, longest.")
    print("| camera | fault | noticed | back | beyond back-off | mixed | stale |")
    print("|---|---|---|---|---|---|---|")
    runs: dict[str, dict[str, Any]] = {}
    for family in options.families:
        for fault in options.faults:
            if (family, fault) == ("gige", "resets"):
                continue  # there is no connection
            run = measure(family, fault, options.cycles)
            runs.setdefault(family, {})[fault] = run
            print(f"| {family} | {fault} | {row(run)} |", flush=True)
    if options.json:
        record = {"machine": machine.describe(), "runs": runs}
        options.json.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
