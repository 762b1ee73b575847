"""The thread that holds a device, with a scripted device in the place of a real one."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from thermoscout_core.cameras.base import EndOfStream
from thermoscout_core.device_attempts import DeviceCounters
from thermoscout_core.device_reader import DeviceReader
from thermoscout_core.errors import DeviceError
from thermoscout_core.supervision import Phase, Supervisor

DEADLINE_S = 20.0


class ScriptedDevice:
    """Gives what the test puts into its queue: a number is a sample, an error is raised."""

    rate_hz = 100.0

    def __init__(self, script: queue.Queue[Any], hardware_id: str = "A") -> None:
        self.hardware_id = hardware_id
        self.counters = DeviceCounters()
        self.closed = threading.Event()
        self._script = script

    def open(self) -> None:
        pass

    def read(self, timeout_s: float) -> int | None:
        try:
            item = self._script.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if isinstance(item, Exception):
            raise item
        return int(item)

    def close(self) -> None:
        self.closed.set()


class Rig:
    """A reader of scripted devices and what came of it."""

    def __init__(self, **options: Any) -> None:
        self.script: queue.Queue[Any] = queue.Queue()
        self.devices: list[ScriptedDevice] = []
        self.samples: list[int] = []
        self.reports: list[str] = []
        self.reader = DeviceReader(
            "scripted",
            Supervisor(**options),
            self._make,
            lambda device, sample: self.samples.append(sample),
            self.reports.append,
            read_timeout_s=0.05,
        )
        self.reader.start()

    def _make(self, stopping: threading.Event) -> ScriptedDevice:
        self.devices.append(ScriptedDevice(self.script))
        return self.devices[-1]

    def poll_until(self, condition: Callable[[], Any]) -> None:
        end_s = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < end_s, "the condition didn't come true in time"
            self.reader.poll()
            self.reader.stopping.wait(0.01)


@pytest.fixture
def rig() -> Iterator[Rig]:
    made = Rig(silence_s=30.0, first_sample_s=30.0)
    yield made
    made.reader.stop()


def test_samples_are_delivered_in_order(rig: Rig) -> None:
    for number in range(5):
        rig.script.put(number)
    rig.poll_until(lambda: len(rig.samples) == 5)
    assert rig.samples == [0, 1, 2, 3, 4]


def test_a_loss_closes_the_device_and_opens_a_fresh_one(rig: Rig) -> None:
    rig.script.put(1)
    rig.poll_until(lambda: rig.samples)
    rig.poll_until(lambda: rig.reader.supervisor.phase is Phase.STREAMING)
    rig.script.put(DeviceError("cable pulled"))
    rig.poll_until(lambda: "lost: cable pulled" in rig.reports)
    rig.script.put(2)
    rig.poll_until(lambda: rig.samples == [1, 2])
    assert len(rig.devices) == 2 and rig.devices[0].closed.is_set()
    rig.poll_until(lambda: rig.reports[-1] == "streaming")
    assert rig.reader.supervisor.totals.reconnects == 1


def test_whatever_a_driver_raises_is_a_loss(rig: Rig) -> None:
    rig.script.put(1)
    rig.script.put(ZeroDivisionError("in the vendor's library"))
    rig.poll_until(lambda: any("ZeroDivisionError" in report for report in rig.reports))


def test_the_end_of_a_recording_is_no_loss(rig: Rig) -> None:
    rig.script.put(1)
    rig.script.put(EndOfStream("done"))
    rig.poll_until(lambda: rig.reports[-1] == "finished")
    assert rig.samples == [1] and rig.devices[0].closed.is_set()


def test_a_sample_that_comes_after_the_loss_was_noticed_is_stale() -> None:
    rig = Rig(silence_s=0.2)
    rig.script.put(1)
    rig.poll_until(lambda: rig.samples)
    rig.poll_until(lambda: any("nothing came" in report for report in rig.reports))
    lost = rig.devices[0]
    rig.poll_until(lost.closed.is_set)
    assert rig.samples == [1]
    rig.reader.stop()


def test_a_question_is_answered_in_the_devices_thread(rig: Rig) -> None:
    rig.script.put(1)
    rig.poll_until(lambda: rig.reader.supervisor.phase is Phase.STREAMING)
    answers: list[tuple[Any, str, str]] = []

    def done(answer: Any, problem: str) -> None:
        answers.append((answer, problem, threading.current_thread().name))

    rig.reader.ask(lambda device: device.hardware_id, done)
    rig.poll_until(lambda: answers)
    assert answers == [("A", "", "scripted")]


def test_a_question_that_the_device_refuses_gets_its_reason(rig: Rig) -> None:
    rig.script.put(1)
    rig.poll_until(lambda: rig.reader.supervisor.phase is Phase.STREAMING)
    answers: list[tuple[Any, str]] = []

    def refuse(device: Any) -> None:
        raise DeviceError("emissivity must be 0.1 to 1")

    rig.reader.ask(refuse, lambda answer, problem: answers.append((answer, problem)))
    rig.poll_until(lambda: answers)
    assert answers == [(None, "emissivity must be 0.1 to 1")]
    assert rig.reader.supervisor.phase is Phase.STREAMING


def test_a_question_without_a_device_is_refused_at_once() -> None:
    reader: DeviceReader[int] = DeviceReader(
        "scripted",
        Supervisor(),
        lambda stopping: ScriptedDevice(queue.Queue()),
        lambda device, sample: None,
        lambda sentence: None,
    )
    answers: list[str] = []
    reader.ask(lambda device: 1, lambda answer, problem: answers.append(problem))
    assert answers == ["scripted: the device is stopped"]
