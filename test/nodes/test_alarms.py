"""The judge node's memory: one alarm a fault, tracks on the verdicts, the history on the disk."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from thermoscout.msg import (
    EquipmentReadings,
    ThermalAlarm,
    ThermalVerdict,
    ThermalVerdicts,
    Waypoint,
)

from thermoscout_core.detections import Box, Detection
from thermoscout_core.history.queries import History
from thermoscout_core.history.recorder import PatrolInfo
from thermoscout_core.readings import Correction, Reading
from thermoscout_nodes.device_messages import make_header
from thermoscout_nodes.fault_judge import FaultJudge
from thermoscout_nodes.messages import readings_to_message
from thermoscout_nodes.patrol_memory import PatrolMemory
from thermoscout_nodes.qos import EVENTS, SENSOR_PUBLISH, STANDARD


def connector(hot_c: float, place: int = 0) -> Reading:
    x = 20.0 + 40 * place
    return Reading(
        Detection("connector", 0.9, Box(x, 20.0, x + 30, 60.0)),
        measured_c=hot_c,
        corrected_c=hot_c,
        background_c=20.0,
        hot_spot_px=(int(x) + 15, 40),
        distance_m=5.0,
        correction=Correction.NETWORK,
    )


class Patrol:
    """Frames to a judge node, one a tenth of a second by their stamps; its answers."""

    def __init__(self, graph: Any, **parameters: Any) -> None:
        self.graph = graph
        self.node = graph.make(FaultJudge, parameters)
        self.readings = graph.peer.create_publisher(EquipmentReadings, "readings", STANDARD)
        self.waypoint = graph.peer.create_publisher(Waypoint, "waypoint", STANDARD)
        self.pose = graph.peer.create_publisher(PoseStamped, "pose", SENSOR_PUBLISH)
        self.verdicts = graph.listen(ThermalVerdicts, "verdicts", STANDARD)
        self.alarms = graph.listen(ThermalAlarm, "alarms", EVENTS)
        self.stamp_s = 1000.0
        graph.spin_until(lambda: self.node.is_active)
        graph.spin_until(lambda: self.node._verdicts.get_subscription_count())
        for publisher in (self.readings, self.waypoint, self.pose):
            graph.spin_until(publisher.get_subscription_count)

    def show(self, *readings: Reading, frames: int = 1) -> Any:
        """The verdicts of the last of the frames."""
        for _ in range(frames):
            self.stamp_s += 0.1
            before = len(self.verdicts)
            header = make_header(self.stamp_s, "camera")
            self.readings.publish(readings_to_message(readings, header, (160, 96)))
            self.graph.spin_until(lambda known=before: len(self.verdicts) > known)
        return self.verdicts[-1]

    def arrive(self, waypoint: str) -> None:
        self.waypoint.publish(Waypoint(stamp=make_header(self.stamp_s, "").stamp, name=waypoint))
        self.graph.spin_until(lambda: self.node._memory.waypoint == waypoint)


def test_a_fault_over_many_frames_is_one_alarm(graph: Any) -> None:
    patrol = Patrol(graph)
    message = patrol.show(connector(150.0), connector(22.0, 1), frames=12)
    hot, cold = message.verdicts
    assert (hot.track, hot.alarm, hot.fault_frames, hot.recent_frames) == (1, 1, 5, 5)
    assert (cold.track, cold.alarm, cold.fault_frames) == (2, 0, 0)
    alarm = graph.spin_until(lambda: patrol.alarms)[0]
    assert len(patrol.alarms) == 1
    assert (alarm.id, alarm.state, alarm.severity) == (
        1,
        ThermalAlarm.RAISED,
        ThermalVerdict.CRITICAL,
    )
    assert alarm.header.frame_id == "camera"
    passed_s = (alarm.raised.nanosec - alarm.first_fault.nanosec) * 1e-9
    assert passed_s == pytest.approx(0.2, abs=1e-6)  # the third frame
    assert alarm.verdict.reading.class_name == "connector"
    assert alarm.verdict.track == 1


def test_who_joins_later_hears_of_the_alarms_before(graph: Any) -> None:
    patrol = Patrol(graph)
    patrol.show(connector(150.0), frames=4)
    patrol.show(connector(22.0), frames=10)
    late = graph.listen(ThermalAlarm, "alarms", EVENTS)
    graph.spin_until(lambda: len(late) == 2)
    assert [alarm.state for alarm in late] == [ThermalAlarm.RAISED, ThermalAlarm.CLEARED]


def test_the_parameters_decide_when_it_is_raised(graph: Any) -> None:
    patrol = Patrol(graph, raise_n=1, raise_m=1)
    assert patrol.show(connector(150.0)).verdicts[0].alarm == 1


def test_parameters_that_dont_fit_together_are_told(graph: Any) -> None:
    reports = graph.listen(DiagnosticArray, "/diagnostics", STANDARD)
    node = graph.make(FaultJudge, {"raise_n": 7})

    def told() -> list[str]:
        return [s.message for m in reports for s in m.status if "raise_n is 7" in s.message]

    assert "1 <= raise_n <= raise_m" in graph.spin_until(told)[0]
    assert not node.is_active


def test_a_clock_that_is_set_back_is_told_and_nothing_is_lost(graph: Any) -> None:
    patrol = Patrol(graph)
    patrol.show(connector(150.0), frames=4)
    patrol.stamp_s = 10.0
    assert patrol.show(connector(150.0)).verdicts[0].alarm == 1
    assert "the clock went back by" in patrol.node.diagnostics.last_bad_frame


def test_a_patrol_with_waypoints_is_in_the_history(graph: Any, tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    patrol = Patrol(graph, history_path=str(path))
    patrol.arrive("bay 7")
    patrol.show(connector(150.0), connector(22.0, 1), frames=25)
    patrol.node.trigger_deactivate()
    with History(path) as history:
        assert history.problems() == []
        assert [e["waypoint"] for e in history.equipment()] == ["bay 7", "bay 7"]
        assert [(a["state"], a["equipment_id"]) for a in history.alarms()] == [("raised", 1)]
        # the third frame (confirmed, and the alarm), then one a second
        assert history.patrols()[0]["thermograms"] == 3
        assert {r["severity"] for r in history.readings()} == {"critical", "normal"}


def test_growth_since_an_earlier_patrol_is_found(graph: Any, tmp_path: Path) -> None:
    patrol = Patrol(graph, history_path=str(tmp_path / "history.sqlite"))
    patrol.arrive("bay 7")
    assert patrol.show(connector(30.0), frames=4).verdicts[0].severity != ThermalVerdict.GENERAL
    patrol.node.trigger_deactivate()
    patrol.node.trigger_activate()
    patrol.arrive("bay 7")
    graph.spin_until(lambda: patrol.node._memory._baselines)
    verdict = patrol.show(connector(45.0)).verdicts[0]
    assert verdict.severity == ThermalVerdict.GENERAL
    assert "grown by 15.0 K" in verdict.reason


def test_without_a_waypoint_the_pose_tells_the_place(graph: Any, tmp_path: Path) -> None:
    patrol = Patrol(graph, history_path=str(tmp_path / "history.sqlite"))
    message = PoseStamped()
    message.pose.position.x, message.pose.orientation.w = 4.0, 1.0

    def standing() -> bool:
        message.header = make_header(patrol.stamp_s, "map")
        patrol.stamp_s += 0.25
        patrol.pose.publish(message)
        return bool(patrol.node._memory._standing.waypoint)

    graph.spin_until(standing)
    patrol.show(connector(22.0), frames=4)
    patrol.node.trigger_deactivate()
    with History(tmp_path / "history.sqlite") as history:
        assert history.equipment()[0]["waypoint"] == "at 4.0, 0.0 m, 0°"


def test_a_locked_history_is_told_and_the_verdicts_go_on(
    graph: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thermoscout_core.history.database.BUSY_S", 0.05)
    path = tmp_path / "history.sqlite"
    patrol = Patrol(graph, history_path=str(path))
    reports = graph.listen(DiagnosticArray, "/diagnostics", STANDARD)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert patrol.show(connector(150.0), frames=5).verdicts[0].alarm == 1

    def told(words: str, level: bytes) -> bool:
        return any(
            words in status.message and status.level == level
            for report in reports
            for status in report.status
        )

    graph.spin_until(lambda: told("another program has been writing", DiagnosticStatus.ERROR))
    other.execute("ROLLBACK")
    other.close()
    patrol.node.trigger_deactivate()
    with History(path) as history:
        assert history.patrols()[0]["alarms"] == 1


def test_a_foreign_history_is_refused_and_told(graph: Any, tmp_path: Path) -> None:
    path = tmp_path / "songs.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE songs (title TEXT)")
    connection.close()
    reports = graph.listen(DiagnosticArray, "/diagnostics", STANDARD)
    node = graph.make(FaultJudge, {"history_path": str(path)})
    graph.spin_until(
        lambda: any("another program" in s.message for m in reports for s in m.status)
    )
    assert not node.is_active


def test_frames_that_were_under_way_belong_to_the_waypoint_before() -> None:
    told = {"raise_n": 3, "raise_m": 5, "clear_n": 8, "clear_m": 10, "max_gap": 2.0}
    memory = PatrolMemory(
        {**told, "history_path": "", "history_interval": 1.0}, PatrolInfo, lambda _: None
    )
    memory.arrive("bay 1", 100.0)
    memory.arrive("bay 2", 110.0)
    assert memory.place_at(109.9).waypoint == "bay 1"
    assert memory.place_at(110.0).waypoint == "bay 2"
    assert memory.place_at(99.0).waypoint == ""
    assert memory.place_at(5.0).waypoint == "bay 2"  # another clock


def test_what_is_recalled_late_is_not_for_the_next_patrol(graph: Any, tmp_path: Path) -> None:
    patrol = Patrol(graph, history_path=str(tmp_path / "history.sqlite"))
    patrol.arrive("bay 7")
    patrol.node._recall._thread.join(0.5)  # its answer waits for the node's turn
    before = patrol.node._memory
    patrol.node.trigger_deactivate()
    patrol.node.trigger_activate()
    graph.spin_until(lambda: not patrol.node.inbox._calls)
    assert patrol.node._memory is not before
    assert patrol.node._memory._baselines is None
