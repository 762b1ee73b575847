"""Where the robot stands: waypoints by name, or by pose where no name is given."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

SAME_PLACE_M = 1.0
SAME_HEADING_RAD = math.radians(20.0)
"""A pose this near to a waypoint's is that waypoint: what robots park to, and what the picture's
own registration still makes up for."""

STILL_S, STILL_M, STILL_RAD = 1.0, 0.05, math.radians(3.0)
"""A robot that moved less than this within that time stands."""


@dataclass(frozen=True)
class Pose:
    """On the map: metres, and the heading in radians."""

    x_m: float
    y_m: float
    yaw_rad: float

    def distance_m(self, other: Pose) -> float:
        return math.hypot(self.x_m - other.x_m, self.y_m - other.y_m)

    def turned_rad(self, other: Pose) -> float:
        """0..π, between the headings."""
        return abs(math.remainder(self.yaw_rad - other.yaw_rad, 2 * math.pi))

    def is_near(self, other: Pose) -> bool:
        near = self.distance_m(other) <= SAME_PLACE_M
        return near and self.turned_rad(other) <= SAME_HEADING_RAD

    @property
    def name(self) -> str:
        """Of a waypoint that has no other."""
        return f"at {self.x_m:.1f}, {self.y_m:.1f} m, {math.degrees(self.yaw_rad):.0f}°"


@dataclass(frozen=True)
class Place:
    """waypoint: its name, "" when unknown. pose: of the robot there, None when unknown."""

    waypoint: str = ""
    pose: Pose | None = None


NOWHERE = Place()


class StandingPlaces:
    """From poses as they come to the place where the robot stands: nowhere while it moves."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, Pose]] = deque()
        self._known: list[Pose] = []

    def update(self, stamp_s: float, pose: Pose) -> Place:
        """The place at a pose that was taken at stamp_s. The same place has the same name for as
        long as this object lives."""
        if self._recent and stamp_s < self._recent[-1][0]:
            self._recent.clear()
        self._recent.append((stamp_s, pose))
        while len(self._recent) > 1 and self._recent[1][0] <= stamp_s - STILL_S:
            self._recent.popleft()
        since_s, before = self._recent[0]
        still = all(
            pose.distance_m(p) <= STILL_M and pose.turned_rad(p) <= STILL_RAD
            for _, p in self._recent
        )
        if stamp_s - since_s < STILL_S or not still:
            return NOWHERE
        known = next((place for place in self._known if place.is_near(before)), None)
        if known is None:
            self._known.append(known := before)
        return Place(known.name, pose)
