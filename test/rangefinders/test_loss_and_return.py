"""A rangefinder under the supervisor: gone, back, elsewhere, or another one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from thermoscout_core.clock import SystemClock
from thermoscout_core.device_reader import DeviceReader
from thermoscout_core.rangefinders.base import RangeSample
from thermoscout_core.rangefinders.registry import open_rangefinder
from thermoscout_core.supervision import Phase, Supervisor

DEADLINE_S = 20.0
SLACK_S = 1.5  # on top of what is promised: a machine that does other things too


@dataclass
class Adapter:
    """A USB adapter, as the list of ports has it."""

    device: str
    vid: int = 0x0403
    pid: int = 0x6001
    serial_number: str = "A50285BI"


class Watched:
    """A reader that is polled as a node would, with what it delivered and said."""

    def __init__(self, url: str, **options: Any) -> None:
        self.supervisor = Supervisor(**options)
        self.samples: list[RangeSample] = []
        self.said: list[str] = []
        self._same_again: dict[str, object] = {}
        self.reader: DeviceReader[RangeSample] = DeviceReader(
            "test reader",
            self.supervisor,
            lambda stopping: open_rangefinder(url, SystemClock(), **self._same_again),
            self._take,
            self.said.append,
        )
        self.reader.start()

    def _take(self, device: Any, sample: RangeSample) -> None:
        self.samples.append(sample)
        if not self.supervisor.any_device:
            self._same_again = device.same_again

    def until(self, condition: Callable[[], Any]) -> float:
        """Poll until the condition holds; the seconds that it took."""
        begun_s = time.monotonic()
        while not condition():
            assert time.monotonic() - begun_s < DEADLINE_S, self.said
            self.reader.poll()
            self.reader.stopping.wait(0.01)
        return time.monotonic() - begun_s

    def streams(self) -> bool:
        return self.supervisor.phase is Phase.STREAMING

    def waits(self) -> bool:
        """Whether it waits for the back-off to pass."""
        return self.lost() and self.supervisor.attempt is None

    def lost(self) -> bool:
        return self.supervisor.phase is Phase.LOST


@pytest.fixture
def watch() -> Iterator[Callable[..., Watched]]:
    made: list[Watched] = []

    def make(url: str, **options: Any) -> Watched:
        made.append(Watched(url, **options))
        return made[-1]

    yield make
    for watched in made:
        watched.reader.stop()


@pytest.fixture
def device(emulate: Any) -> Any:
    return emulate("benewake")


def test_unplugged_and_back_under_another_path(device: Any, watch: Any, tmp_path: Path) -> None:
    by_id, first = tmp_path / "by-id", tmp_path / "ttyUSB0"
    device.tell(f"plug {first}")
    by_id.symlink_to(first)
    watched = watch(f"serial://{by_id}?protocol=benewake")
    watched.until(watched.streams)

    device.tell("unplug")
    assert watched.until(watched.lost) < 1.0 + SLACK_S
    assert "gone" in watched.supervisor.problem
    taken = len(watched.samples)
    by_id.unlink()
    watched.until(lambda: watched.supervisor.totals.attempts > 2 and watched.waits())
    assert len(watched.samples) == taken

    device.tell("distance 9.0")
    device.tell(f"plug {tmp_path / 'ttyUSB3'}")
    by_id.symlink_to(tmp_path / "ttyUSB3")
    left_s = watched.supervisor.next_try_in_s
    assert watched.until(watched.streams) < left_s + 1.0 + SLACK_S
    assert {round(s.range_m, 2) for s in watched.samples[taken:]} == {9.0}
    assert watched.supervisor.totals.reconnects == 1


def test_the_usb_adapter_is_taken_back_wherever_it_is_plugged_in(
    device: Any, watch: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    links = tmp_path / "ttyUSB0", tmp_path / "ttyUSB7"
    monkeypatch.setattr(
        "thermoscout_core.rangefinders.links.present_ports",
        lambda: [Adapter(str(link.resolve())) for link in links if link.exists()],
    )
    device.tell(f"plug {links[0]}")
    watched = watch(f"serial://{links[0]}?protocol=benewake")
    watched.until(watched.streams)
    device.tell("unplug")
    watched.until(lambda: "0403:6001:A50285BI isn't plugged in" in watched.supervisor.problem)
    device.tell(f"plug {links[1]}")
    watched.until(watched.streams)
    assert watched.supervisor.totals.refused == 0


def test_a_silent_device_is_lost_within_a_second_and_taken_back(
    device: Any, watch: Any, tmp_path: Path
) -> None:
    device.tell(f"plug {tmp_path / 'port'}")
    watched = watch(f"serial://{tmp_path / 'port'}?protocol=benewake")
    watched.until(watched.streams)
    device.tell("silent 1")
    assert watched.until(watched.lost) < 1.0 + SLACK_S
    assert "nothing came" in watched.supervisor.problem
    watched.until(lambda: "no benewake answers" in watched.supervisor.problem)
    watched.until(watched.waits)
    device.tell("silent 0")
    left_s = watched.supervisor.next_try_in_s
    assert watched.until(watched.streams) < left_s + 1.0 + SLACK_S


def test_a_device_that_starts_slowly_is_taken_at_the_first_attempt(
    device: Any, watch: Any, tmp_path: Path
) -> None:
    port = tmp_path / "port"
    device.tell(f"plug {port}")
    watched = watch(f"serial://{port}?protocol=benewake")
    watched.until(watched.streams)
    device.tell("unplug")
    watched.until(watched.waits)
    attempts = watched.supervisor.totals.attempts
    device.tell("silent 1")
    device.tell(f"plug {port}")
    watched.until(lambda: watched.supervisor.totals.attempts > attempts)
    device.tell("silent 0")
    watched.until(watched.streams)
    assert watched.supervisor.totals.attempts == attempts + 1


def test_another_device_in_its_place_is_refused(device: Any, watch: Any, tmp_path: Path) -> None:
    port = tmp_path / "port"
    device.tell(f"plug {port}")
    watched = watch(f"serial://{port}?protocol=benewake")
    watched.until(watched.streams)
    device.tell("unplug")
    watched.until(watched.lost)
    taken = len(watched.samples)
    device.tell("serial_number 99999999")
    device.tell(f"plug {port}")
    watched.until(lambda: watched.supervisor.totals.refused)
    watched.until(lambda: "another device answers" in watched.supervisor.problem)
    assert "benewake 00000099999999" in watched.supervisor.problem
    assert len(watched.samples) == taken

    device.tell("unplug")
    device.tell("serial_number 12345601")
    device.tell(f"plug {port}")
    watched.until(watched.streams)


def test_another_device_is_taken_when_told_so(device: Any, watch: Any, tmp_path: Path) -> None:
    port = tmp_path / "port"
    device.tell(f"plug {port}")
    watched = watch(f"serial://{port}?protocol=benewake", any_device=True)
    watched.until(watched.streams)
    device.tell("unplug")
    watched.until(watched.lost)
    device.tell("serial_number 99999999")
    device.tell(f"plug {port}")
    watched.until(watched.streams)
    assert watched.supervisor.hardware_id == "benewake 00000099999999"


def test_a_line_that_turns_to_noise_is_lost_with_its_cause(
    device: Any, watch: Any, tmp_path: Path
) -> None:
    device.tell(f"plug {tmp_path / 'port'}")
    watched = watch(f"serial://{tmp_path / 'port'}?protocol=benewake")
    watched.until(watched.streams)
    device.tell("garbage 1")
    assert watched.until(watched.lost) < 1.0 + SLACK_S
    taken = len(watched.samples)
    assert "none made a benewake measurement" in watched.supervisor.problem
    device.tell("garbage 0")
    watched.until(watched.streams)
    assert {round(s.range_m, 2) for s in watched.samples[taken:]} == {5.0}


def test_a_serial_server_that_resets_its_connection_is_reached_again(
    emulate: Any, watch: Any
) -> None:
    device = emulate("jrt")
    watched = watch(f"socket://127.0.0.1:{device.tell('listen')}?protocol=jrt")
    watched.until(watched.streams)
    device.tell("hang_up")
    assert watched.until(watched.lost) < 1.0 + SLACK_S
    assert watched.until(watched.streams) < 0.5 + 1.0 + SLACK_S
