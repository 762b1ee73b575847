"""The driver on real ptys and sockets, with an emulated device in another process."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from thermoscout_core.clock import SystemClock
from thermoscout_core.errors import ConfigurationError, DeviceError
from thermoscout_core.rangefinders.base import RangeSample
from thermoscout_core.rangefinders.registry import open_rangefinder
from thermoscout_core.rangefinders.serial_line import SerialRangefinder

DEADLINE_S = 15.0
FAMILIES = ("benewake", "jrt", "dimetix", "lightware")
MODES = ("continuous", "trigger")


def opened(url: str, clock: Any = None) -> SerialRangefinder:
    device = open_rangefinder(url, clock)
    assert isinstance(device, SerialRangefinder)
    device.open()
    return device


def samples(device: SerialRangefinder, count: int) -> list[RangeSample]:
    taken: list[RangeSample] = []
    end_s = time.monotonic() + DEADLINE_S
    while len(taken) < count:
        assert time.monotonic() < end_s, f"only {taken} came in time"
        sample = device.read(0.2)
        if sample is not None:
            taken.append(sample)
    return taken


def read_until_error(device: SerialRangefinder) -> str:
    end_s = time.monotonic() + DEADLINE_S
    with pytest.raises(DeviceError) as caught:
        while time.monotonic() < end_s:
            device.read(0.2)
    return str(caught.value)


@pytest.fixture
def plugged(emulate: Any, tmp_path: Path) -> Callable[[str], tuple[Any, str]]:
    """plugged("jrt"): that device on a pty, and the path to it."""

    def plug(family: str) -> tuple[Any, str]:
        emulator, link = emulate(family), str(tmp_path / f"{family}-by-id")
        emulator.tell(f"plug {link}")
        return emulator, link

    return plug


@pytest.mark.parametrize(
    ("family", "mode"),
    # the LW20 answers questions only
    [(f, m) for f in FAMILIES for m in MODES if (f, m) != ("lightware", "continuous")],
)
def test_every_family_measures_over_a_pty(plugged: Any, family: str, mode: str) -> None:
    emulator, link = plugged(family)
    emulator.tell("distance 7.25")
    device = opened(f"serial://{link}?protocol={family}&mode={mode}&rate=20")
    try:
        taken = samples(device, 5)
        assert [s.range_m for s in taken] == [pytest.approx(7.25)] * 5
        stamps = [s.stamp_s for s in taken]
        assert stamps == sorted(set(stamps))
        assert abs(stamps[-1] - SystemClock().now_s()) < 2.0
        assert (taken[0].min_range_m, taken[0].max_range_m) == (
            device.protocol.min_range_m,
            device.protocol.max_range_m,
        )
    finally:
        device.close()


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_measures_through_a_tcp_serial_server(emulate: Any, family: str) -> None:
    port = emulate(family).tell("listen")
    device = opened(f"socket://127.0.0.1:{port}?protocol={family}&rate=20")
    assert samples(device, 3)[-1].range_m == pytest.approx(5.0)
    device.close()


@pytest.mark.parametrize(
    ("family", "identity"),
    [
        ("benewake", "benewake 00000012345601"),
        ("jrt", "jrt 12345601"),
        ("dimetix", "dimetix 12345601"),
    ],
)
def test_the_device_s_own_serial_number_is_its_identity(
    plugged: Any, family: str, identity: str
) -> None:
    _, link = plugged(family)
    device = opened(f"serial://{link}?protocol={family}")
    assert device.hardware_id == identity
    device.close()


def test_a_device_that_does_not_say_who_it_is_is_known_by_its_place(plugged: Any) -> None:
    _, link = plugged("lightware")
    device = opened(f"serial://{link}?protocol=lightware")
    assert device.hardware_id == f"lightware at {link}"
    assert device.details["firmware"].startswith("LW20")
    device.close()


def test_noise_half_frames_and_stray_headers_give_no_wrong_distance(plugged: Any) -> None:
    emulator, link = plugged("benewake")
    emulator.tell("noise 1")
    device = opened(f"serial://{link}?protocol=benewake")
    taken = samples(device, 60)
    assert {round(s.range_m, 2) for s in taken if math.isfinite(s.range_m)} == {5.0}
    assert device.counters.torn > 0
    device.close()


def test_a_late_reader_gets_the_distance_of_now_and_not_of_then(plugged: Any) -> None:
    emulator, link = plugged("benewake")
    device = opened(f"serial://{link}?protocol=benewake")
    samples(device, 1)
    end_s = time.monotonic() + 0.5
    while time.monotonic() < end_s:  # the reader is busy elsewhere, the line fills
        emulator.tell("distance 6.5")
    assert samples(device, 1)[0].range_m == pytest.approx(6.5)
    assert device.counters.dropped >= 10
    device.close()


def test_after_a_network_that_stood_still_only_the_newest_distance_counts(emulate: Any) -> None:
    emulator = emulate("benewake")
    device = opened(f"socket://127.0.0.1:{emulator.tell('listen')}?protocol=benewake")
    samples(device, 3)
    emulator.tell("hold 1")
    while device.read(0.2) is not None:
        pass
    assert device.read(0.2) is None
    emulator.tell("distance 8.5")
    assert device.read(0.2) is None
    emulator.tell("hold 0")
    assert [s.range_m for s in samples(device, 3)] == [8.5] * 3
    device.close()


def test_the_rate_is_changed_and_read_back(plugged: Any) -> None:
    _, link = plugged("benewake")
    device = opened(f"serial://{link}?protocol=benewake")
    assert device.set_rate(40.0) == 40.0
    with pytest.raises(ConfigurationError, match="whole number"):
        device.set_rate(12.5)
    device.close()


def test_a_rate_that_the_family_cannot_set_is_refused(plugged: Any) -> None:
    _, link = plugged("jrt")
    device = opened(f"serial://{link}?protocol=jrt")
    with pytest.raises(ConfigurationError, match="mode=trigger"):
        device.set_rate(5.0)
    device.close()


def test_an_unplugged_device_is_noticed_at_once(plugged: Any) -> None:
    emulator, link = plugged("benewake")
    device = opened(f"serial://{link}?protocol=benewake")
    samples(device, 1)
    emulator.tell("unplug")
    gone_s = time.monotonic()
    assert "gone" in read_until_error(device)
    assert time.monotonic() - gone_s < 1.0
    device.close()


def test_a_reset_connection_is_noticed_at_once(emulate: Any) -> None:
    emulator = emulate("dimetix")
    port = emulator.tell("listen")
    device = opened(f"socket://127.0.0.1:{port}?protocol=dimetix")
    samples(device, 1)
    emulator.tell("hang_up")
    assert f"127.0.0.1:{port}" in read_until_error(device)
    device.close()


def test_another_family_on_the_line_is_named_as_the_cause(plugged: Any) -> None:
    _, link = plugged("benewake")
    device = opened(f"serial://{link}?protocol=dimetix&timeout=0.3")
    told = read_until_error(device)
    assert "none made a dimetix measurement" in told
    assert "19200 7E1" in told
    device.close()


def test_a_port_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="nothing-here can't be opened: it isn't there"):
        opened(f"serial://{tmp_path}/nothing-here?protocol=jrt")


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(DeviceError, match=r"127\.0\.0\.1:1 can't be reached"):
        opened("socket://127.0.0.1:1?protocol=jrt")


def test_a_port_in_use_is_refused(plugged: Any) -> None:
    _, link = plugged("benewake")
    device = opened(f"serial://{link}?protocol=benewake")
    with pytest.raises(DeviceError, match="can't be opened"):
        opened(f"serial://{link}?protocol=benewake")
    device.close()


def test_after_close_nothing_is_read_and_closing_again_is_harmless(plugged: Any) -> None:
    _, link = plugged("benewake")
    device = opened(f"serial://{link}?protocol=benewake")
    device.close()
    device.close()
    with pytest.raises(DeviceError, match=r"open\(\) first"):
        device.read(0.1)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("serial:///dev/x", "protocol must be one of benewake, jrt, dimetix, lightware"),
        ("serial:///dev/x?protocol=jrt&sped=1", "'sped'"),
        ("serial://?protocol=jrt", "no port is named"),
        ("socket://10.0.0.7?protocol=jrt", "host:port"),
        ("socket://10.0.0.7:99999?protocol=jrt", "host:port"),
        ("serial:///dev/x?protocol=benewake&model=tf99", "model must be one of"),
        ("serial:///dev/x?protocol=benewake&rate=12.5", "whole number of Hz"),
    ],
)
def test_a_wrong_address_says_what_is_wrong(url: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        open_rangefinder(url)


def test_a_jump_of_the_clock_moves_the_stamps_and_nothing_else(plugged: Any) -> None:
    class JumpingClock(SystemClock):
        ahead_s = 0.0

        def now_s(self) -> float:
            return super().now_s() + self.ahead_s

    clock = JumpingClock()
    _, link = plugged("benewake")
    device = opened(f"serial://{link}?protocol=benewake", clock)
    samples(device, 3)
    for ahead_s in (3600.0, -3600.0):
        clock.ahead_s = ahead_s
        begun_s = time.monotonic()
        taken = samples(device, 3)
        assert time.monotonic() - begun_s < 1.0
        assert taken[-1].stamp_s == pytest.approx(clock.now_s(), abs=1.0)
    device.close()
