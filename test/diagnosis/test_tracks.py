"""Tracks and alarms over frames: made-up rows of boxes, and the simulated patrol's true boxes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pytest

from thermoscout_core.detections import Box, Detection
from thermoscout_core.diagnosis.alarms import Alarm, AlarmState
from thermoscout_core.diagnosis.persistence import Persistence
from thermoscout_core.diagnosis.sightings import TrackedFrame
from thermoscout_core.diagnosis.tracks import Tracker
from thermoscout_core.readings import Reading
from thermoscout_core.simulation.patrol import Patrol
from thermoscout_core.verdicts import Severity, Verdict

SIZE = 640, 512
NORMAL, HOT = Severity.NORMAL, Severity.SERIOUS
PERIOD_S = 0.1


def verdict(place: int, severity: Severity = NORMAL, x_px: float = 0.0, class_name="connector"):
    """One of a row of boxes 60 px apart, shifted by x_px."""
    x = 100.0 + 60 * place + x_px
    box = Box(x, 200.0, x + 30, 260.0)
    return Verdict(
        Reading(Detection(class_name, 0.9, box), hot_spot_px=(int(x) + 15, 230)), severity
    )


class Film:
    """Feeds a tracker frame by frame, 10 a second."""

    def __init__(self, **settings) -> None:
        self.tracker = Tracker(Persistence(3, 5, 4, 6), **settings)
        self.stamp_s = 1000.0
        self.alarms: list[Alarm] = []

    def show(self, *verdicts: Verdict, frames: int = 1, waypoint: str = "") -> TrackedFrame:
        for _ in range(frames):
            self.stamp_s = round(self.stamp_s + PERIOD_S, 6)
            frame = self.tracker.update(self.stamp_s, verdicts, SIZE, waypoint)
            self.alarms.extend(frame.alarms)
        return frame

    @property
    def said(self) -> list[str]:
        return [alarm.state.value for alarm in self.alarms]


@pytest.fixture
def film() -> Film:
    return Film()


def ids(frame: TrackedFrame) -> list[int]:
    return [sighting.track_id for sighting in frame.sightings]


def row(*severities: Severity, x_px: float = 0.0) -> list[Verdict]:
    return [verdict(place, severity, x_px) for place, severity in enumerate(severities)]


def test_the_same_equipment_keeps_its_id(film: Film) -> None:
    assert ids(film.show(*row(NORMAL, NORMAL, NORMAL), frames=20)) == [1, 2, 3]


def test_a_fault_that_stays_is_one_alarm_and_no_more(film: Film) -> None:
    film.show(*row(NORMAL, HOT, NORMAL), frames=100)
    assert film.said == ["raised"]
    alarm = film.alarms[0]
    assert (alarm.id, alarm.track_id, alarm.severity) == (1, 2, HOT)


def test_the_alarm_comes_two_frames_after_the_first_hot_one(film: Film) -> None:
    film.show(*row(NORMAL), frames=10)
    first_hot_s = film.stamp_s + PERIOD_S
    film.show(*row(HOT), frames=10)
    alarm = film.alarms[0]
    assert alarm.first_fault_s == pytest.approx(first_hot_s)
    assert alarm.delay_s == pytest.approx(2 * PERIOD_S)
    assert (alarm.fault_frames, alarm.recent_frames) == (3, 5)


def test_a_fault_that_flashes_once_is_no_alarm(film: Film) -> None:
    film.show(*row(NORMAL), frames=5)
    film.show(*row(HOT))
    film.show(*row(NORMAL), frames=20)
    assert not film.said


def test_a_cooled_fault_is_cleared_and_a_new_one_gets_another_id(film: Film) -> None:
    film.show(*row(HOT), frames=5)
    film.show(*row(NORMAL), frames=10)
    film.show(*row(HOT), frames=5)
    assert film.said == ["raised", "cleared", "raised"]
    assert [alarm.id for alarm in film.alarms] == [1, 1, 2]
    assert [alarm.track_id for alarm in film.alarms] == [1, 1, 1]
    assert film.alarms[1].severity is NORMAL


def test_a_fault_that_grows_changes_its_alarm(film: Film) -> None:
    film.show(*row(Severity.GENERAL), frames=5)
    film.show(*row(Severity.CRITICAL), frames=5)
    assert film.said == ["raised", "changed"]
    assert film.alarms[1].severity is Severity.CRITICAL
    assert film.alarms[1].raised_s == film.alarms[0].raised_s


def test_a_reading_about_the_threshold_makes_one_alarm(film: Film) -> None:
    for _ in range(50):
        film.show(*row(HOT))
        film.show(*row(NORMAL))
    assert film.said == ["raised"]


def test_unknown_verdicts_neither_raise_nor_clear(film: Film) -> None:
    film.show(*row(HOT), frames=5)
    frame = film.show(*row(Severity.UNKNOWN), frames=15)
    assert film.said == ["raised"]
    assert frame.sightings[0].held is HOT


def test_missed_frames_dont_lose_the_id(film: Film) -> None:
    film.show(*row(HOT, NORMAL), frames=5)
    film.show(frames=3)
    film.show(verdict(1), frames=3)
    assert ids(film.show(*row(HOT, NORMAL))) == [1, 2]
    assert film.said == ["raised"]


def test_the_robots_motion_is_followed(film: Film) -> None:
    for step in range(20):
        frame = film.show(*row(NORMAL, HOT, NORMAL, NORMAL, x_px=14.0 * step))
    assert ids(frame) == [1, 2, 3, 4]
    assert film.said == ["raised"]


def test_equipment_that_leaves_the_picture_and_comes_back_is_the_same(film: Film) -> None:
    """The camera turns away until only the right end of the row is seen, for longer than the
    longest gap, and back."""
    turn = [-15.0 * step for step in range(9)]
    for x_px in turn:
        film.show(*row(HOT, NORMAL, NORMAL, NORMAL, NORMAL, x_px=x_px))
    film.show(*row(HOT, NORMAL, NORMAL, NORMAL, NORMAL, x_px=turn[-1])[2:], frames=30)
    for x_px in turn[::-1]:
        frame = film.show(*row(HOT, NORMAL, NORMAL, NORMAL, NORMAL, x_px=x_px))
    assert ids(frame) == [1, 2, 3, 4, 5]
    assert film.said == ["raised", "out_of_view", "seen_again"]


def test_a_class_that_flickers_doesnt_split_a_track(film: Film) -> None:
    for step in range(12):
        frame = film.show(verdict(0, HOT, class_name=("connector", "disconnector")[step % 2]))
    assert ids(frame) == [1]
    assert film.said == ["raised"]


def test_a_fault_out_of_view_stands(film: Film) -> None:
    film.show(*row(HOT), frames=5)
    film.show(frames=30)
    assert film.said == ["raised", "out_of_view"]
    assert [alarm.id for alarm in film.tracker.open_alarms] == [1]
    assert film.alarms[1].severity is HOT


def test_at_a_waypoint_it_is_known_again_a_round_later(film: Film) -> None:
    film.show(*row(HOT, NORMAL), frames=5, waypoint="bay 1")
    film.show(*row(NORMAL, NORMAL), frames=30, waypoint="bay 2")
    frame = film.show(*row(HOT, NORMAL, x_px=40.0), frames=5, waypoint="bay 1")
    assert ids(frame) == [1, 2]
    assert film.said == ["raised", "out_of_view", "seen_again"]


def test_bays_that_look_alike_arent_mixed_up(film: Film) -> None:
    first = film.show(*row(HOT, NORMAL, NORMAL), frames=5, waypoint="bay 1")
    second = film.show(*row(NORMAL, NORMAL, NORMAL), frames=30, waypoint="bay 2")
    assert not set(ids(first)) & set(ids(second))
    assert film.said == ["raised", "out_of_view"]


def test_without_a_waypoint_what_was_out_of_view_is_new(film: Film) -> None:
    film.show(*row(HOT, NORMAL, NORMAL), frames=5)
    film.show(frames=40)  # the robot may have driven to a bay that looks alike
    assert ids(film.show(*row(NORMAL, NORMAL, NORMAL))) == [4, 5, 6]


def test_a_cut_to_another_scene_begins_new_tracks(film: Film) -> None:
    film.show(*row(NORMAL, NORMAL, NORMAL), frames=5)
    boxes = [Box(50.0 * k, 30.0 * k * k, 50.0 * k + 90, 30.0 * k * k + 40) for k in range(4)]
    cut = [Verdict(Reading(Detection("bushing", 0.9, box)), NORMAL) for box in boxes]
    assert ids(film.show(*cut)) == [4, 5, 6, 7]


def test_a_repeated_stamp_counts_once_and_says_so(film: Film) -> None:
    film.show(*row(HOT), frames=2)
    for _ in range(5):
        frame = film.tracker.update(film.stamp_s, row(HOT), SIZE)
    assert "came twice" in frame.problem
    assert ids(frame) == [1]
    assert not frame.alarms
    assert film.show(*row(HOT)).alarms


def test_a_late_frame_is_not_counted_and_says_so(film: Film) -> None:
    film.show(*row(HOT), frames=2)
    frame = film.tracker.update(film.stamp_s - 0.5, row(HOT), SIZE)
    assert "0.500 s newer: not counted" in frame.problem
    assert ids(frame) == [0]


def test_a_clock_that_is_set_back_keeps_tracks_and_alarms(film: Film) -> None:
    film.show(*row(HOT, NORMAL), frames=5)
    film.stamp_s = 10.0
    frame = film.show(*row(HOT, NORMAL))
    assert "the clock went back by 990.4 s" in frame.problem
    assert ids(frame) == [1, 2]
    assert film.show(*row(HOT, NORMAL), frames=30).problem == ""
    assert film.said == ["raised"]


def test_a_stamp_that_is_no_number_is_told(film: Film) -> None:
    assert "nan" in film.tracker.update(float("nan"), row(HOT), SIZE).problem


def patrol_film(labelled: bool) -> tuple[dict[str, set[int]], dict[int, set[str]], list[Alarm]]:
    """Two rounds of the simulated patrol: its true boxes with a jitter of 1 px, every tenth box
    missed; the ids that each piece got, the pieces that each id was given to, the alarms."""
    patrol = Patrol(7, 160, 128, hold_s=2.0, sway_px=3.0)
    rng = np.random.default_rng(0)
    tracker = Tracker()
    ids_of: dict[str, set[int]] = defaultdict(set)
    pieces_of: dict[int, set[str]] = defaultdict(set)
    alarms: list[Alarm] = []
    for k in range(int(2 * patrol.period_s / PERIOD_S)):
        stamp_s = 1000 * patrol.period_s + k * PERIOD_S
        truths = [t for t in patrol.truth_at(stamp_s) if rng.random() > 0.1]
        waypoint = f"stop {patrol.waypoint_at(stamp_s)}" if labelled else ""
        verdicts = [_as_verdict(truth, rng) for truth in truths]
        frame = tracker.update(stamp_s, verdicts, (160, 128), waypoint)
        alarms.extend(frame.alarms)
        for truth, sighting in zip(truths, frame.sightings, strict=True):
            ids_of[truth.equipment_id].add(sighting.track_id)
            pieces_of[sighting.track_id].add(truth.equipment_id)
    return ids_of, pieces_of, alarms


def _as_verdict(truth, rng) -> Verdict:
    edges: Sequence[float] = np.array(truth.box.as_list()) + rng.normal(0, 0.5, 4)
    detection = Detection(truth.class_name, 0.9, Box(*edges))
    return Verdict(Reading(detection, hot_spot_px=truth.hot_spot_px), truth.severity)


@pytest.fixture(scope="module")
def labelled_patrol():
    return patrol_film(labelled=True)


def test_ids_are_stable_across_a_patrol_with_waypoints(labelled_patrol) -> None:
    ids_of, pieces_of, _ = labelled_patrol
    assert len(ids_of) > 50
    assert all(len(given) == 1 for given in ids_of.values())
    assert all(len(pieces) == 1 for pieces in pieces_of.values())


def test_each_fault_of_a_patrol_is_one_alarm_raised_in_time(labelled_patrol) -> None:
    raised = [alarm for alarm in labelled_patrol[2] if alarm.state is AlarmState.RAISED]
    assert len(raised) == 7
    assert not any(alarm.state is AlarmState.CLEARED for alarm in labelled_patrol[2])
    # three sightings of a box that is missed in every tenth frame
    assert max(alarm.delay_s for alarm in raised) <= 4 * PERIOD_S + 1e-6


def test_without_waypoints_no_two_pieces_ever_share_an_id() -> None:
    _, pieces_of, _ = patrol_film(labelled=False)
    assert all(len(pieces) == 1 for pieces in pieces_of.values())


def test_a_replay_gives_the_same_tracks_and_alarms(labelled_patrol) -> None:
    assert patrol_film(labelled=True) == labelled_patrol
