"""What is written comes back, and equipment is known again."""

from __future__ import annotations

import math

import pytest

from thermoscout_core.diagnosis.persistence import Persistence
from thermoscout_core.diagnosis.tracks import Tracker
from thermoscout_core.errors import HistoryError
from thermoscout_core.history.places import NOWHERE, Place, Pose
from thermoscout_core.history.recorder import PatrolInfo, PatrolRecorder
from thermoscout_core.verdicts import Severity

START_S = 1_700_000_000.0


def equipment_of(history) -> list[list[int]]:
    """Equipment ids of each thermogram's readings."""
    frames: dict[float, list[int]] = {}
    for row in history.readings():
        frames.setdefault(row["stamp_s"], []).append(row["equipment"])
    return list(frames.values())


def test_a_reading_comes_back_as_it_was(patrol, history, row, frame) -> None:
    patrol(frame(row[1], path="/pictures/a.png"), name="morning")
    with history() as h:
        read = h.readings()[0]
    assert (read["patrol_name"], read["waypoint"]) == ("morning", "bay 1")
    assert (read["stamp_s"], read["thermogram"]) == (START_S, "/pictures/a.png")
    assert (read["class_name"], read["x1_px"], read["hot_x_px"]) == ("connector", 180.0, 210)
    assert (read["corrected_c"], read["t1_c"], read["t0_c"]) == (90.0, 90.0, 20.0)
    assert (read["severity"], read["rule"], read["reason"]) == ("serious", "joint", "because")
    assert (read["fault_frames"], read["recent_frames"]) == (3, 5)
    assert read["t2_c"] is None  # not measured


def test_a_patrol_is_summed_up(patrol, history, row, frame) -> None:
    patrol(frame(*row), frame(*row, second=60))
    with history() as h:
        summary = h.patrols()[0]
    assert (summary["thermograms"], summary["readings"]) == (2, 6)
    assert (summary["began_s"], summary["ended_s"]) == (START_S, START_S + 60)
    assert summary["worst"] == "serious"


def test_a_frame_without_equipment_is_written_too(patrol, history, frame) -> None:
    patrol(frame())
    with history() as h:
        assert h.patrols()[0]["thermograms"] == 1
        assert h.patrols()[0]["worst"] == "unknown"


def test_the_next_patrol_knows_the_equipment_again(patrol, history, row, sighting, frame) -> None:
    patrol(frame(*row))
    off = [sighting(place, x_px=35.0) for place in (2, 0, 1)]  # parked a little off
    patrol(frame(*off, second=86400))
    with history() as h:
        assert equipment_of(h) == [[1, 2, 3], [3, 1, 2]]
        assert [(e["patrols"], e["readings"]) for e in h.equipment()] == [(2, 2)] * 3


def test_new_equipment_is_entered_beside_the_known(patrol, history, row, sighting, frame) -> None:
    patrol(frame(*row))
    patrol(frame(*row, sighting(3), second=60))
    with history() as h:
        assert equipment_of(h)[1] == [1, 2, 3, 4]


def test_the_same_picture_elsewhere_is_other_equipment(patrol, history, row, frame) -> None:
    patrol(frame(*row), frame(*row, second=60, waypoint="bay 2"))
    with history() as h:
        assert equipment_of(h) == [[1, 2, 3], [4, 5, 6]]


def test_a_track_keeps_its_equipment_wherever_it_moves(patrol, history, sighting, frame) -> None:
    patrol(
        *(frame(sighting(0, x_px=90.0 * k, track=7), second=k) for k in range(4)),
    )
    with history() as h:
        assert equipment_of(h) == [[1]] * 4


def test_another_class_beside_it_is_other_equipment(patrol, history, sighting, frame) -> None:
    patrol(frame(sighting(0)))
    patrol(frame(sighting(0, x_px=20, class_name="bushing"), second=60))
    with history() as h:
        assert equipment_of(h) == [[1], [2]]


def test_without_a_place_equipment_isnt_recognised(patrol, history, row, frame) -> None:
    patrol(frame(*row, place=NOWHERE))
    with history() as h:
        assert equipment_of(h) == [[None] * 3]
        assert h.equipment() == []


def test_a_pose_finds_its_waypoint_again(patrol, history, row, frame) -> None:
    here, nearby = Pose(10.0, 5.0, 3.1), Pose(10.6, 5.2, -3.1)  # the heading turns over at π
    there, turned = Pose(13.0, 5.0, 3.1), Pose(10.0, 5.0, 0.0)
    for second, pose in enumerate((here, nearby, there, turned)):
        patrol(frame(*row, second=second, place=Place("", pose)))
    with history() as h:
        first, again, elsewhere, other_way = equipment_of(h)
    assert first == again
    assert not set(first) & set(elsewhere)
    assert not set(first) & set(other_way)


def test_a_named_waypoint_is_found_by_its_pose_as_well(patrol, history, row, frame) -> None:
    pose = Pose(1.0, 2.0, 0.0)
    patrol(frame(*row, place=Place("bay 9", pose)))
    patrol(frame(*row, second=60, place=Place("", pose)))
    with history() as h:
        assert {read["waypoint"] for read in h.readings()} == {"bay 9"}


def test_alarms_are_written_with_their_equipment(patrol, history, sighting, frame) -> None:
    tracker = Tracker(Persistence(2, 3, 2, 3))
    frames = []
    for k in range(10):
        severity = Severity.SERIOUS if k < 5 else Severity.NORMAL
        verdicts = [sighting(0).verdict, sighting(1, 90.0, severity).verdict]
        tracked = tracker.update(START_S + k, verdicts, (640, 512), "bay 1")
        frames.append(frame(*tracked.sightings, second=k, alarms=tracked.alarms))
    patrol(*frames)
    with history() as h:
        told = [(a["number"], a["equipment_id"], a["state"], a["severity"]) for a in h.alarms()]
        assert told == [(1, 2, "raised", "serious"), (1, 2, "cleared", "normal")]
        assert h.alarms()[0]["raised_s"] - h.alarms()[0]["first_fault_s"] == 1.0
        assert h.patrols()[0]["alarms"] == 1


def test_a_number_that_isnt_one_is_null(patrol, history, sighting, frame) -> None:
    patrol(frame(sighting(0, math.nan)))
    with history() as h:
        assert h.readings()[0]["corrected_c"] is None


def test_a_frame_that_cant_be_written_leaves_nothing_half(path, history, row, frame) -> None:
    recorder = PatrolRecorder(path, PatrolInfo())
    recorder._connection.execute("PRAGMA foreign_keys = OFF")
    recorder._connection.execute("DROP TABLE verdicts")
    with pytest.raises(HistoryError, match="verdicts"):
        recorder.record(frame(*row))
    left = recorder._connection.execute("SELECT count(*) FROM readings").fetchone()[0]
    patrols = recorder._connection.execute("SELECT count(*) FROM patrols").fetchone()[0]
    recorder.close()
    assert (left, patrols) == (0, 0)
