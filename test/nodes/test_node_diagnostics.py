"""What /diagnostics tells of a node's inputs and of what it works with."""

from __future__ import annotations

from typing import Any

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from thermoscout.msg import EquipmentReadings

from thermoscout_nodes import wiring
from thermoscout_nodes.diagnostics import Status
from thermoscout_nodes.fault_judge import FaultJudge
from thermoscout_nodes.handover import Handover
from thermoscout_nodes.qos import STANDARD
from thermoscout_nodes.temperature_correction import TemperatureCorrection


def latest(messages: list[DiagnosticArray], name: str) -> Any:
    found = [status for m in messages for status in m.status if status.name == name]
    return found[-1] if found else None


def test_silence_is_an_error_that_names_who_should_speak(
    graph: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "SILENCE_S", 0.2)
    told = graph.listen(DiagnosticArray, "/diagnostics", STANDARD)
    graph.make(FaultJudge)

    def message(part: str) -> str:
        status = latest(told, "fault_judge: inputs")
        silent = status is not None and status.level == DiagnosticStatus.ERROR
        return status.message if silent and part in status.message else ""

    assert "/readings" in graph.spin_until(lambda: message("no node sends it"))
    speaker = graph.peer.create_publisher(EquipmentReadings, "readings", STANDARD)
    graph.spin_until(lambda: message("peer sends nothing"))
    speaker.publish(EquipmentReadings())
    graph.spin_until(lambda: "1 messages" in str(latest(told, "fault_judge: inputs").values))


def test_silence_is_a_neighbours_where_one_hands_the_topic_over(
    graph: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others send it, too, but are not heard."""
    monkeypatch.setattr(wiring, "SILENCE_S", 0.2)
    handover = Handover()
    correction = graph.make(TemperatureCorrection, handover=handover)
    judge = graph.make(FaultJudge, handover=handover)
    graph.peer.create_publisher(EquipmentReadings, "readings", STANDARD)
    graph.spin_until(lambda: correction.is_active and judge.is_active)
    graph.spin_until(lambda: judge.count_publishers("readings") == 2)
    graph.spin_until(lambda: judge._inputs_status().level == DiagnosticStatus.ERROR)
    assert judge._inputs_status().message.endswith(": temperature_correction sends nothing")


def test_what_is_no_longer_heard_is_no_input(graph: Any) -> None:
    judge = graph.make(FaultJudge)
    graph.spin_until(lambda: judge.is_active)
    inlet = judge.subscribe(EquipmentReadings, "others", lambda _: None, STANDARD, vital=True)
    assert "/others" in judge._inputs_status().values
    judge.unsubscribe(inlet)
    assert "/others" not in judge._inputs_status().values


def test_rules_and_correction_are_named(graph: Any) -> None:
    told = graph.listen(DiagnosticArray, "/diagnostics", STANDARD)
    graph.make(FaultJudge)
    graph.make(TemperatureCorrection)
    rules = graph.spin_until(lambda: latest(told, "fault_judge: rules"))
    assert "DL/T 664" in rules.message
    correction = graph.spin_until(lambda: latest(told, "temperature_correction: correction"))
    assert any(value.key == "domain distance_m" for value in correction.values)


def test_a_report_that_fails_leaves_the_others_alone(graph: Any) -> None:
    told = graph.listen(DiagnosticArray, "/diagnostics", STANDARD)
    judge = graph.make(FaultJudge)

    def broken() -> Status:
        raise ValueError("broken on purpose")

    judge.diagnostics.add_task("broken", broken)
    status = graph.spin_until(lambda: latest(told, "fault_judge: broken"))
    assert status.level == DiagnosticStatus.ERROR
    assert "broken on purpose" in status.message
    assert latest(told, "fault_judge: lifecycle") is not None
