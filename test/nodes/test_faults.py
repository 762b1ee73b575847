"""Faults in the running graph: verdicts come again within seconds or say why not, and nothing is
called normal that wasn't measured."""

from __future__ import annotations

import array
import math
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image
from thermoscout.msg import ThermalVerdict, ThermalVerdicts

from thermoscout_core.detection.detector import FLOAT32_MODEL
from thermoscout_core.resources import resource_path
from thermoscout_nodes.detector import DetectorNode
from thermoscout_nodes.device_messages import to_seconds
from thermoscout_nodes.fault_judge import FaultJudge
from thermoscout_nodes.inspection import make_graph
from thermoscout_nodes.ir_camera import IrCamera
from thermoscout_nodes.laser_rangefinder import LaserRangefinder
from thermoscout_nodes.qos import SENSOR_PUBLISH, STANDARD
from thermoscout_nodes.temperature_correction import TemperatureCorrection

SIM = "sim://patrol?seed=7&width=128&height=96&hold=2"
RANGE = "sim://patrol?seed=7&hold=2"
SHORT_OF_RANGE = {"no_range", "stale_range"}


@pytest.fixture
def inspection(graph: Any, tmp_path: Path) -> Any:
    """Gives the five nodes of a small simulated patrol; node -> parameters."""

    def make(**parameters: dict[str, Any]) -> dict[str, Any]:
        given = {"ir_camera": {"url": f"{SIM}&rate=5"}, "laser_rangefinder": {"url": RANGE}}
        for node, values in parameters.items():
            given.setdefault(node, {}).update(values)
        lines = []
        for node, values in given.items():
            lines += [f"/**/{node}:", "  ros__parameters:"]
            lines += [f"    {name}: {_yaml(value)}" for name, value in values.items()]
        file = tmp_path / "parameters.yaml"
        file.write_text("\n".join(lines) + "\n")
        arguments = ["--ros-args", "--params-file", str(file)]
        nodes = [graph.add(n) for n in make_graph(context=graph.context, cli_args=arguments)]
        for node in reversed(nodes):
            node.start_if_asked()
        return {node.get_name(): node for node in nodes}

    return make


def _yaml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'


def normal_without_doubt(message: ThermalVerdicts) -> list[ThermalVerdict]:
    return [v for v in message.verdicts if v.severity == v.NORMAL and not v.provisional]


def reports(messages: list[DiagnosticArray], name: str) -> list[Any]:
    return [status for m in messages for status in m.status if status.name == name]


def test_a_camera_that_is_lost_comes_back_by_itself(graph: Any, inspection: Any) -> None:
    told = graph.listen(DiagnosticArray, "/diagnostics", STANDARD)
    verdicts = graph.listen(ThermalVerdicts, "verdicts", STANDARD)
    inspection(ir_camera={"url": f"{SIM}&rate=5&loss_every=4&loss_for=1"})

    def lost_and_returned() -> bool:
        stamps = [to_seconds(m.header.stamp) for m in verdicts]
        gaps = [later - earlier for earlier, later in pairwise(stamps)]
        return any(gap > 0.8 for gap in gaps) and gaps[-1] < 0.8

    graph.spin_until(lost_and_returned, deadline_s=60.0)
    camera = reports(told, "ir_camera: camera")
    assert any(status.level == DiagnosticStatus.ERROR for status in camera)


def test_a_range_that_falls_silent_is_told_and_nothing_is_plainly_normal(
    graph: Any, inspection: Any
) -> None:
    nodes = inspection()
    verdicts = graph.listen(ThermalVerdicts, "verdicts", STANDARD)
    graph.spin_until(lambda: any(normal_without_doubt(m) for m in verdicts), deadline_s=60.0)
    nodes["laser_rangefinder"].trigger_deactivate()

    def silent() -> bool:
        readings = [v.reading for v in verdicts[-1].verdicts]
        return bool(readings) and all(SHORT_OF_RANGE & set(r.flags) for r in readings)

    graph.spin_until(silent)
    before = len(verdicts)
    graph.spin_until(lambda: len(verdicts) >= before + 5)
    assert not any(normal_without_doubt(message) for message in verdicts[before:])
    nodes["laser_rangefinder"].trigger_activate()
    graph.spin_until(lambda: normal_without_doubt(verdicts[-1]))


def test_a_model_of_garbage_is_named_and_taken_once_it_is_mended(
    graph: Any, inspection: Any, tmp_path: Path
) -> None:
    model = tmp_path / "model.onnx"
    model.write_bytes(b"garbage")
    told = graph.listen(DiagnosticArray, "/diagnostics", STANDARD)
    verdicts = graph.listen(ThermalVerdicts, "verdicts", STANDARD)
    nodes = inspection(detector={"model": str(model)})
    status = graph.spin_until(lambda: reports(told, "detector: lifecycle"))[-1]
    assert status.level == DiagnosticStatus.ERROR
    assert "model.onnx" in status.message
    assert not verdicts
    model.write_bytes(resource_path(FLOAT32_MODEL).read_bytes())
    graph.spin_until(lambda: nodes["detector"].is_active, deadline_s=30.0)
    graph.spin_until(lambda: verdicts)


def test_a_graph_goes_on_when_its_clock_jumps(graph: Any, inspection: Any) -> None:
    clock = graph.peer.create_publisher(Clock, "/clock", 10)
    verdicts = graph.listen(ThermalVerdicts, "verdicts", STANDARD)
    offset_s, begun_s = 1000.0, time.monotonic()

    def tick() -> None:
        message = Clock()
        now_s = offset_s + time.monotonic() - begun_s
        message.clock.sec, message.clock.nanosec = int(now_s), int(now_s % 1 * 1e9)
        clock.publish(message)

    graph.peer.create_timer(0.02, tick)
    sim_time = {"use_sim_time": True}
    nodes = inspection(
        ir_camera=sim_time, laser_rangefinder=sim_time, detector=sim_time,
        temperature_correction=sim_time, fault_judge=sim_time,
    )  # fmt: skip
    graph.spin_until(lambda: any(normal_without_doubt(m) for m in verdicts), deadline_s=60.0)
    for jump_s in (-600.0, 5000.0):
        offset_s += jump_s
        now_s = offset_s + time.monotonic() - begun_s

        def judged_at_the_new_time(now_s: float = now_s) -> bool:
            latest = verdicts[-1]
            return abs(to_seconds(latest.header.stamp) - now_s) < 60 and bool(
                normal_without_doubt(latest)
            )

        graph.spin_until(judged_at_the_new_time, deadline_s=30.0)
    assert nodes["temperature_correction"].diagnostics.total("clock_set_back") == 1
    assert all(node.diagnostics.total("callback_errors") == 0 for node in nodes.values())


def test_a_burst_of_frames_is_dropped_but_for_the_newest(graph: Any) -> None:
    nodes = [graph.make(cls) for cls in (FaultJudge, TemperatureCorrection, DetectorNode)]
    graph.spin_until(lambda: all(node.is_active for node in nodes))
    verdicts = graph.listen(ThermalVerdicts, "verdicts", STANDARD)
    images = graph.peer.create_publisher(Image, "thermal/image_raw", SENSOR_PUBLISH)
    graph.spin_until(lambda: images.get_subscription_count() >= 2)
    counts = array.array("B", bytes([0x10, 0x27]) * (128 * 96))
    message = Image(height=96, width=128, encoding="mono16", step=256, data=counts)

    def latest_judged(number: int) -> bool:
        message.header.stamp.sec = number
        images.publish(message)
        return any(m.header.stamp.sec >= number for m in verdicts)

    for number in range(1, 251):
        message.header.stamp.sec = number
        images.publish(message)
        graph.executor.spin_once(timeout_sec=0)
    graph.spin_until(lambda: latest_judged(251))
    detector = nodes[-1].diagnostics
    assert detector.total("dropped") > 0
    under_way = detector.total("frames") - detector.total("processed") - detector.total("dropped")
    assert under_way <= 2  # one is worked on, one waits
    for message in verdicts:
        assert not normal_without_doubt(message)  # no radiometry: nothing is known of heat


def test_nodes_that_are_discovered_late_know_the_camera(graph: Any) -> None:
    camera = graph.make(IrCamera, {"url": f"{SIM}&rate=5"})
    graph.make(LaserRangefinder, {"url": RANGE})
    graph.make(DetectorNode)
    graph.spin_until(lambda: camera.diagnostics.total("frames") > 3)
    verdicts = graph.listen(ThermalVerdicts, "verdicts", STANDARD)
    graph.make(TemperatureCorrection)
    graph.make(FaultJudge)
    first = graph.spin_until(lambda: [m for m in verdicts if m.verdicts])[0]
    assert all("no_radiometry" not in v.reading.flags for v in first.verdicts)


NONSENSE = [
    ("detector", "score_threshold", 7.0),
    ("detector", "score_threshold", math.nan),
    ("detector", "score_threshold", "much"),
    ("detector", "model", "/etc/passwd"),
    ("temperature_correction", "emissivity", -1.0),
    ("temperature_correction", "air_temperature", math.inf),
    ("fault_judge", "marker_size", 0.0),
    ("fault_judge", "raise_n", 5),
    ("ir_camera", "url", "nonsense://"),
]


def test_nonsense_by_set_is_refused_with_its_reason(graph: Any, inspection: Any) -> None:
    nodes = inspection()
    verdicts = graph.listen(ThermalVerdicts, "verdicts", STANDARD)
    graph.spin_until(lambda: verdicts, deadline_s=60.0)
    for node, name, value in NONSENSE:
        [result] = nodes[node].set_parameters([Parameter(name, value=value)])
        assert not result.successful, (node, name, value)
        assert result.reason, (node, name, value)
    seen = len(verdicts)
    graph.spin_until(lambda: len(verdicts) > seen + 2)
