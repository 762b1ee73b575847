"""Poses become places while the robot stands."""

from __future__ import annotations

import math

from thermoscout_core.history.places import NOWHERE, Place, Pose, StandingPlaces


def drive(places: StandingPlaces, *poses: Pose, period_s: float = 0.5) -> list[Place]:
    return [places.update(k * period_s, pose) for k, pose in enumerate(poses)]


HERE = Pose(2.0, 3.0, 1.0)


def test_a_standing_robot_is_somewhere_after_a_second() -> None:
    places = drive(StandingPlaces(), HERE, HERE, HERE, HERE)
    assert places[:2] == [NOWHERE, NOWHERE]
    assert places[3] == Place("at 2.0, 3.0 m, 57°", HERE)


def test_a_moving_robot_is_nowhere() -> None:
    moving = [Pose(0.2 * k, 0.0, 0.0) for k in range(10)]
    turning = [Pose(0.0, 0.0, 0.1 * k) for k in range(10)]
    assert set(drive(StandingPlaces(), *moving)) == {NOWHERE}
    assert set(drive(StandingPlaces(), *turning)) == {NOWHERE}


def test_who_comes_back_to_a_place_gets_its_name_though_parked_a_little_off() -> None:
    places = StandingPlaces()
    nearby, far = Pose(2.3, 3.2, 1.1), Pose(9.0, 9.0, 0.0)
    stops = drive(places, *[HERE] * 4, *[far] * 4, *[nearby] * 4)
    assert stops[3].waypoint == stops[11].waypoint != stops[7].waypoint


def test_headings_are_compared_around_the_circle() -> None:
    assert Pose(0, 0, math.pi - 0.01).turned_rad(Pose(0, 0, 0.01 - math.pi)) < 0.03


def test_a_clock_that_is_set_back_begins_anew() -> None:
    places = StandingPlaces()
    drive(places, HERE, HERE, HERE)
    assert places.update(-5.0, HERE) == NOWHERE
