"""The rangefinder falls silent under the running graph: verdicts go on, none falsely normal."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from thermoscout.msg import ThermalVerdicts

from thermoscout_core.readings import ReadingFlag
from thermoscout_core.verdicts import Severity, Verdict
from thermoscout_nodes.device_messages import to_seconds
from thermoscout_nodes.inspection import make_graph
from thermoscout_nodes.messages import message_to_verdicts
from thermoscout_nodes.qos import STANDARD

CAMERA = "sim://patrol?seed=7&width=384&height=288&rate=5&hold=1.2"
RESUME_S = 5.0


class Running:
    """The whole graph, its rangefinder an emulated device on a pty."""

    def __init__(self, graph: Any, device: Any, folder: Path) -> None:
        self.graph, self.device = graph, device
        self.heard: list[ThermalVerdicts] = graph.listen(ThermalVerdicts, "verdicts", STANDARD)
        device.tell(f"plug {folder / 'port'}")
        parameters = folder / "parameters.yaml"
        parameters.write_text(
            f'/**/ir_camera: {{ros__parameters: {{url: "{CAMERA}"}}}}\n'
            "/**/laser_rangefinder: {ros__parameters: "
            f'{{url: "serial://{folder / "port"}?protocol=benewake"}}}}\n'
        )
        arguments = ["--ros-args", "--params-file", str(parameters)]
        self.nodes = [
            graph.add(node) for node in make_graph(context=graph.context, cli_args=arguments)
        ]

    def judged(self) -> list[Verdict]:
        """The verdicts of the newest frame."""
        return message_to_verdicts(self.heard[-1]) if self.heard else []

    def is_stale(self) -> bool:
        verdicts = self.judged()
        return bool(verdicts) and all(
            ReadingFlag.STALE_RANGE in verdict.reading.flags for verdict in verdicts
        )

    def is_fresh(self) -> bool:
        verdicts = self.judged()
        return bool(verdicts) and not any(
            ReadingFlag.STALE_RANGE in verdict.reading.flags for verdict in verdicts
        )


@pytest.fixture
def running(graph: Any, emulate: Any, tmp_path: Path) -> Running:
    made = Running(graph, emulate("benewake"), tmp_path)
    graph.spin_until(made.is_fresh, deadline_s=60.0)
    return made


def test_while_the_range_is_silent_verdicts_go_on_and_none_is_normal(running: Running) -> None:
    running.graph.spin_until(
        lambda: any(verdict.severity is Severity.NORMAL for verdict in running.judged())
    )
    running.device.tell("silent 1")
    running.graph.spin_until(running.is_stale)
    silent_from = len(running.heard)
    running.graph.spin_until(lambda: len(running.heard) > silent_from + 10)
    for message in running.heard[silent_from:]:
        for verdict in message_to_verdicts(message):
            assert ReadingFlag.STALE_RANGE in verdict.reading.flags
            assert verdict.severity is not Severity.NORMAL
            assert verdict.reading.corrected_c == verdict.reading.measured_c
            if verdict.rule:
                assert "no fresh distance" in verdict.reason
    stamps_s = [to_seconds(message.header.stamp) for message in running.heard[silent_from:]]
    assert max(b - a for a, b in pairwise(stamps_s)) < RESUME_S

    supervisor = running.nodes[1]._device.supervisor
    running.graph.spin_until(lambda: supervisor.attempt is None)
    running.device.tell("silent 0")
    latest_s = time.monotonic() + supervisor.next_try_in_s + RESUME_S
    running.graph.spin_until(running.is_fresh)
    assert time.monotonic() < latest_s
    for node in running.nodes:
        assert node.diagnostics.total("callback_errors") == 0, node.diagnostics.last_error
