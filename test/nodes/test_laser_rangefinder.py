"""The rangefinder's node on a real pty: losses told at once, the same device taken back."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from sensor_msgs.msg import Range

from thermoscout_core.supervision import Phase
from thermoscout_nodes.device_messages import to_seconds
from thermoscout_nodes.laser_rangefinder import LaserRangefinder
from thermoscout_nodes.qos import SENSOR_SUBSCRIBE, STANDARD

SLACK_S = 1.5  # on top of what is promised: a machine that does other things too
PART = "laser_rangefinder: rangefinder"


class Bench:
    """The node, the emulated device, and what is heard of both."""

    def __init__(self, graph: Any, device: Any, folder: Path) -> None:
        self.graph, self.device = graph, device
        self.port, self.by_id = folder / "ttyUSB0", folder / "by-id"
        self.ranges: list[Range] = graph.listen(Range, "range", SENSOR_SUBSCRIBE)
        self._reports = graph.listen(DiagnosticArray, "/diagnostics", STANDARD)
        self.plug(self.port)

    def plug(self, port: Path) -> None:
        self.device.tell(f"plug {port}")
        self.by_id.unlink(missing_ok=True)
        self.by_id.symlink_to(port)

    def start(self, query: str = "", **parameters: Any) -> LaserRangefinder:
        url = f"serial://{self.by_id}?protocol=benewake{query}"
        node: LaserRangefinder = self.graph.make(LaserRangefinder, {"url": url, **parameters})
        self.graph.spin_until(lambda: self.ranges)
        return node

    def status(self) -> DiagnosticStatus | None:
        found = [s for m in self._reports for s in m.status if s.name == PART]
        return found[-1] if found else None

    def until(self, level: bytes, message: str) -> tuple[DiagnosticStatus, float]:
        """The status of that level that says so, and the seconds until it came."""
        begun_s = time.monotonic()

        def there() -> bool:
            status = self.status()
            return status is not None and status.level == level and message in status.message

        self.graph.spin_until(there)
        status = self.status()
        assert status is not None
        return status, time.monotonic() - begun_s


def values(status: DiagnosticStatus) -> dict[str, str]:
    return {value.key: value.value for value in status.values}


@pytest.fixture
def bench(graph: Any, emulate: Any, tmp_path: Path) -> Bench:
    return Bench(graph, emulate("benewake"), tmp_path)


def test_ranges_carry_limits_beam_frame_and_a_stamp_of_their_own(bench: Bench) -> None:
    bench.device.tell("distance 7.25")
    bench.start("&model=tf-luna")
    bench.graph.spin_until(lambda: len(bench.ranges) >= 5)
    newest = bench.ranges[-1]
    assert newest.range == pytest.approx(7.25)
    assert (newest.min_range, newest.max_range) == (pytest.approx(0.2), pytest.approx(8.0))
    assert newest.field_of_view == pytest.approx(math.radians(2.0))
    assert newest.radiation_type == Range.INFRARED
    assert newest.header.frame_id == "laser_rangefinder"
    stamps = [to_seconds(message.header.stamp) for message in bench.ranges]
    assert stamps == sorted(set(stamps))


def test_beyond_the_reach_there_is_infinity_and_a_warning_that_says_so(bench: Bench) -> None:
    bench.device.tell("distance 7.25")
    node = bench.start("&max=5")
    bench.graph.spin_until(lambda: bench.ranges[-1].range == math.inf)
    status, _ = bench.until(DiagnosticStatus.WARN, "nothing in reach")
    assert values(status)["last_range_m"] == "inf"
    assert node.diagnostics.total("without_distance") > 0


def test_loss_and_return_under_another_path(bench: Bench) -> None:
    node = bench.start()
    bench.until(DiagnosticStatus.OK, "streaming")
    bench.device.tell("unplug")
    status, noticed_s = bench.until(DiagnosticStatus.ERROR, "gone")
    assert noticed_s < 1.0 + SLACK_S
    assert "since 20" in status.message
    supervisor = node._device.supervisor
    bench.graph.spin_until(lambda: supervisor.totals.attempts >= 2 and supervisor.attempt is None)
    lost_at = len(bench.ranges)

    bench.device.tell("distance 9.0")
    bench.plug(bench.port.with_name("ttyUSB3"))
    left_s = supervisor.next_try_in_s
    _, back_s = bench.until(DiagnosticStatus.OK, "streaming")
    assert back_s < left_s + 1.0 + SLACK_S
    bench.graph.spin_until(lambda: len(bench.ranges) > lost_at)
    assert {message.range for message in bench.ranges[lost_at:]} == {9.0}
    status, _ = bench.until(DiagnosticStatus.OK, "streaming")
    assert values(status)["reconnects"] == "1"
    assert status.hardware_id == "benewake 00000012345601"


def test_silence_is_an_error_within_a_second_and_nothing_is_published_meanwhile(
    bench: Bench,
) -> None:
    bench.start()
    bench.until(DiagnosticStatus.OK, "streaming")
    bench.device.tell("silent 1")
    _, noticed_s = bench.until(DiagnosticStatus.ERROR, "nothing came")
    assert noticed_s < 1.0 + SLACK_S
    heard = len(bench.ranges)
    newest = bench.ranges[-1].header.stamp
    bench.graph.spin_until(lambda: float(values(bench.status())["lost_for_s"]) > 0.5)
    assert len(bench.ranges) == heard
    bench.device.tell("silent 0")
    bench.graph.spin_until(lambda: len(bench.ranges) > heard)
    assert to_seconds(bench.ranges[heard].header.stamp) - to_seconds(newest) > 1.0


def test_another_device_is_refused_by_name(bench: Bench) -> None:
    node = bench.start()
    bench.device.tell("unplug")
    bench.until(DiagnosticStatus.ERROR, "gone")
    bench.device.tell("serial_number 99999999")
    bench.plug(bench.port)
    bench.until(DiagnosticStatus.ERROR, "another device answers: benewake 00000099999999")
    assert node._device.supervisor.phase is Phase.LOST


def test_the_rate_is_set_while_it_runs_and_what_the_device_can_t_do_is_told(bench: Bench) -> None:
    from rclpy.parameter import Parameter

    logs = bench.graph.logs()
    node = bench.start()
    bench.until(DiagnosticStatus.OK, "streaming")
    assert node.set_parameters([Parameter("rate", value=40.0)])[0].successful
    bench.graph.spin_until(lambda: [m for m in logs if "confirms 40 Hz" in m.msg])
    assert node.set_parameters([Parameter("rate", value=12.5)])[0].successful
    bench.until(DiagnosticStatus.WARN, "whole number of Hz")
    assert node.parameters["rate"] == 40.0
    assert not node.set_parameters([Parameter("rate", value=-1.0)])[0].successful


def test_a_wrong_address_fails_the_configure_and_says_what_is_wrong(graph: Any) -> None:
    reports = graph.listen(DiagnosticArray, "/diagnostics", STANDARD)
    graph.make(LaserRangefinder, {"url": "serial:///dev/ttyUSB0?protocol=laser"})
    graph.spin_until(
        lambda: [
            status
            for message in reports
            for status in message.status
            if "protocol must be one of benewake" in status.message
        ]
    )
