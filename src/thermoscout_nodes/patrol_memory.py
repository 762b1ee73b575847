"""What the judge node remembers of a patrol: tracks, the place where it stands, the history."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from thermoscout_core.diagnosis.evidence import Baseline
from thermoscout_core.diagnosis.persistence import Persistence
from thermoscout_core.diagnosis.sightings import TrackedFrame
from thermoscout_core.diagnosis.tracks import Tracker
from thermoscout_core.history.baselines import WaypointBaselines
from thermoscout_core.history.places import NOWHERE, Place, Pose, StandingPlaces
from thermoscout_core.history.recorder import FrameRecord, PatrolInfo
from thermoscout_core.history.sampling import Sampler
from thermoscout_core.history.writer import HistoryWriter
from thermoscout_core.readings import Reading
from thermoscout_core.verdicts import Verdict
from thermoscout_nodes.device_messages import to_seconds
from thermoscout_nodes.diagnostics import ERROR, OK, Status

MOST_WAYPOINTS = 32
SAME_CLOCK_S = 30.0
"""A frame is hardly under way for longer; stamps that are farther off tell another time."""

FLUSH_S = 5.0
"""So long the end of a patrol waits for the disk."""


class PatrolMemory:
    """One patrol. Lives from activate to deactivate; called in the judge's turn.

    parameters: the judge node's. info(): of the patrol, for the history; called in its thread.
    report(sentence): what the history has to say, called in its thread. Raises ConfigurationError
    for parameters that don't fit together, HistoryError for a history that can't be written.
    """

    def __init__(
        self, parameters: Any, info: Callable[[], PatrolInfo], report: Callable[[str], None]
    ) -> None:
        p = parameters
        persistence = Persistence(p["raise_n"], p["raise_m"], p["clear_n"], p["clear_m"])
        self.tracker = Tracker(persistence, p["max_gap"])
        self._places = StandingPlaces()
        self._standing = NOWHERE
        self._waypoints: deque[tuple[float, str]] = deque(maxlen=MOST_WAYPOINTS)
        self._sampler = Sampler(p["history_interval"])
        self._baselines: tuple[str, WaypointBaselines] | None = None
        path = p["history_path"]
        self._history = HistoryWriter(Path(path), info, report) if path else None

    @property
    def waypoint(self) -> str:
        """The latest that was told."""
        return self._waypoints[-1][1] if self._waypoints else ""

    def place_at(self, stamp_s: float) -> Place:
        """Where the frame of that stamp was taken: at the waypoint since before it, else where
        the robot stands, else nowhere. A frame of another clock was taken at the latest one."""
        told = self._waypoints
        another_clock = bool(told) and told[-1][0] - stamp_s > SAME_CLOCK_S
        since = (name for since_s, name in reversed(told) if since_s <= stamp_s or another_clock)
        return Place(next(since, "") or self._standing.waypoint, self._standing.pose)

    def arrive(self, waypoint: str, since_s: float) -> None:
        """The robot has been at that waypoint since then; "" when it has left it."""
        self._waypoints.append((since_s, waypoint))

    def recall(self, waypoint: str, baselines: WaypointBaselines) -> None:
        """What the history told of that waypoint."""
        self._baselines = waypoint, baselines

    def baselines(
        self, readings: Sequence[Reading], size_px: tuple[int, int]
    ) -> list[Baseline | None] | None:
        """What the equipment of a frame measured before; None when nothing was recalled here."""
        if self._baselines is None or self._baselines[0] != self.waypoint:
            return None
        return self._baselines[1].of(readings, size_px)

    def move(self, message: Any) -> None:
        """A geometry_msgs/PoseStamped of the robot."""
        place, turn = message.pose.position, message.pose.orientation
        yaw_rad = math.atan2(
            2 * (turn.w * turn.z + turn.x * turn.y), 1 - 2 * (turn.y**2 + turn.z**2)
        )
        stamp_s = to_seconds(message.header.stamp)
        self._standing = self._places.update(stamp_s, Pose(place.x, place.y, yaw_rad))

    def see(
        self,
        stamp_s: float,
        verdicts: Sequence[Verdict],
        size_px: tuple[int, int],
        place: Place,
    ) -> TrackedFrame:
        """The verdicts of the next frame -> tracks and alarms; the history gets what it keeps."""
        tracked = self.tracker.update(stamp_s, verdicts, size_px, place.waypoint)
        if self._history is not None:
            seen = FrameRecord(stamp_s, size_px, tracked.sightings, tracked.alarms, place)
            if kept := self._sampler.take(seen):
                self._history.put(kept)
        return tracked

    def close(self) -> None:
        """Write what waits for the disk."""
        if self._history is not None:
            self._history.close(FLUSH_S)

    def status(self) -> Status:
        """Open alarms, and whether the history is written."""
        values = {
            "open_alarms": str(len(self.tracker.open_alarms)),
            "waypoint": self.waypoint or self._standing.waypoint,
        }
        history = self._history
        if history is None:
            return Status(OK, "no history is written", values)
        values |= {
            "history": str(history.path),
            "frames_written": str(history.written),
            "frames_waiting": str(history.waiting),
            "frames_lost": str(history.dropped),
        }
        if history.problem or history.dropped:
            lost = f"{history.dropped} frames are not in the history"
            return Status(ERROR, history.problem or lost, values)
        return Status(OK, "the history is written", values)
