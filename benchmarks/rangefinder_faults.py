"""How soon a lost rangefinder is noticed and measures again, and whether memory stays flat.

python benchmarks/rangefinder_faults.py --cycles 5 --json faults.json

An emulated device (test/rangefinders/emulator.py, a process of its own, on ptys and a TCP port)
fails in each way and returns; the driver runs under the supervisor as in the node, polled ten
times a second. A distance that the device doesn't measure any more, or any at all between the loss
and the return, is stale; none may be. On time is who measures again within a second of the attempt
that the back-off had set when the device returned.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from thermoscout_core.device_reader import DeviceReader
from thermoscout_core.machine import describe, in_words, rss_mib
from thermoscout_core.rangefinders.base import RangeSample
from thermoscout_core.rangefinders.registry import open_rangefinder
from thermoscout_core.supervision import Phase, Supervisor

EMULATOR = Path(__file__).resolve().parents[1] / "test" / "rangefinders" / "emulator.py"
POLL_S = 0.1
GIVE_UP_S = 30.0
FAST_HZ = 500


class Device:
    """The emulator's process."""

    def __init__(self, family: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(EMULATOR), family],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, line: str) -> str:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


class Watched:
    """The driver under the supervisor, and when what came."""

    def __init__(self, url: str) -> None:
        self.supervisor = Supervisor()
        self.samples: list[tuple[float, float]] = []
        self._same_again: dict[str, object] = {}
        self._changed = threading.Event()
        self.reader: DeviceReader[RangeSample] = DeviceReader(
            "benchmark",
            self.supervisor,
            lambda stopping: open_rangefinder(url, **self._same_again),
            self._take,
            lambda sentence: None,
        )
        self.reader.start()

    def _take(self, device: Any, sample: RangeSample) -> None:
        self.samples.append((time.monotonic(), sample.range_m))
        self._same_again = device.same_again
        self._changed.set()

    def until(self, condition: Callable[[], bool]) -> float:
        """Poll as the node's timer does; the moment at which the condition held."""
        end_s = time.monotonic() + GIVE_UP_S
        while not condition():
            if time.monotonic() > end_s:
                raise SystemExit(f"gave up; {self.supervisor.phase}: {self.supervisor.problem}")
            self._changed.wait(POLL_S)
            self._changed.clear()
            self.reader.poll()
        return time.monotonic()

    def streams(self) -> bool:
        return self.supervisor.phase is Phase.STREAMING

    def lost(self) -> bool:
        return self.supervisor.phase is Phase.LOST


def faults(port: Path) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Name -> what the emulator is told to fail, and to return."""
    return {
        "unplugged": (("unplug",), (f"plug {port}",)),
        "silent on an open line": (("silent 1",), ("silent 0",)),
        "only noise": (("garbage 1",), ("garbage 0",)),
        "another device first": (("unplug",), (f"plug {port}",)),
        "TCP connection reset": (("hang_up",), ()),
    }


def one_cycle(watched: Watched, device: Device, fault: str, port: Path, metres: float) -> Any:
    """Fail and return once: seconds to notice, to the first distance, allowed; stale samples."""
    begin, end = faults(port)[fault]
    failed_s = time.monotonic()
    for line in begin:
        device.tell(line)
    noticed_s = watched.until(watched.lost)
    taken = len(watched.samples)
    if fault == "another device first":
        device.tell("serial_number 99999999")
        device.tell(f"plug {port}")
        refused = watched.supervisor.totals.refused
        watched.until(lambda: watched.supervisor.totals.refused > refused)
        watched.until(lambda: watched.supervisor.attempt is None)
        device.tell("unplug")
        device.tell("serial_number 12345601")
    device.tell(f"distance {metres}")
    for line in end:
        device.tell(line)
    returned_s = time.monotonic()
    allowed_s = watched.supervisor.next_try_in_s + 1.0
    watched.until(lambda: watched.streams() and len(watched.samples) > taken)
    after = watched.samples[taken:]
    stale = sum(abs(range_m - metres) > 0.011 for _, range_m in after)
    return noticed_s - failed_s, after[0][0] - returned_s, allowed_s, stale


def memory(frames: int) -> dict[str, float]:
    """RSS in MiB after a tenth of the frames and after all of them, at FAST_HZ."""
    device = Device("benewake")
    url = f"socket://127.0.0.1:{device.tell('listen')}?protocol=benewake&rate={FAST_HZ}"
    rangefinder = open_rangefinder(url)
    rangefinder.open()
    begun_mib, count = 0.0, 0
    while count < frames:
        count += rangefinder.read(1.0) is not None
        if count == frames // 10:
            begun_mib = rss_mib()
    grown = {"frames": frames, "begun_mib": begun_mib, "ended_mib": rss_mib()}
    rangefinder.close()
    device.close()
    return grown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cycles", type=int, default=5, help="of each fault")
    parser.add_argument("--frames", type=int, default=10_000, help="for the memory")
    parser.add_argument("--json", type=Path, help="write the record there")
    arguments = parser.parse_args()
    record: dict[str, Any] = {"machine": describe(), "faults": {}}
    print(in_words())
    print("| fault | noticed after, s (median, max) | measures again after, s | on time | stale |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for fault in faults(Path()):
            port = Path(folder) / "port"
            device = Device("benewake")
            if fault.startswith("TCP"):
                url = f"socket://127.0.0.1:{device.tell('listen')}?protocol=benewake"
            else:
                device.tell(f"plug {port}")
                url = f"serial://{port}?protocol=benewake"
            watched = Watched(url)
            watched.until(watched.streams)
            cycles = [
                one_cycle(watched, device, fault, port, 3.0 + cycle)
                for cycle in range(arguments.cycles)
            ]
            watched.reader.stop()
            device.close()
            port.unlink(missing_ok=True)
            noticed, back, allowed, stale = zip(*cycles, strict=True)
            record["faults"][fault] = {
                "noticed_s": noticed,
                "back_s": back,
                "allowed_s": allowed,
                "stale": sum(stale),
            }
            late = sum(b > a for b, a in zip(back, allowed, strict=True))
            print(
                f"| {fault} | {statistics.median(noticed):.2f}, {max(noticed):.2f} "
                f"| {statistics.median(back):.2f}, {max(back):.2f} "
                f"| {len(back) - late} of {len(back)} | {sum(stale)} |",
                flush=True,
            )
    record["memory"] = grown = memory(arguments.frames)
    print(
        f"\nmemory over {grown['frames']} frames: {grown['begun_mib']:.1f} MiB after a tenth, "
        f"{grown['ended_mib']:.1f} MiB at the end"
    )
    if arguments.json:
        arguments.json.write_text(json.dumps(record, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
