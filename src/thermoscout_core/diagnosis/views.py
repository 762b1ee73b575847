"""Views: what a robot sees from one place, and the equipment that it sees there.

The tracks seen together are a view. Positions are kept in the view's own pixels (the frame's less
the motion of the picture so far), so equipment that leaves the picture as the camera turns is
known again when it comes back. When the boxes of a frame fit no longer, or the waypoint is
another, the robot looks elsewhere: a view of that waypoint whose layout fits is taken up again,
else a new one begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from thermoscout_core.diagnosis.alarms import Alarm
from thermoscout_core.diagnosis.association import Association, Floats, Layout, associate
from thermoscout_core.diagnosis.persistence import HeldSeverity
from thermoscout_core.verdicts import Verdict

ANOTHER_VIEW = 0.4
"""Boxes that agree less with a view's tracks show another view..."""

ENOUGH_BOXES = 3
"""...if there are this many on either side; fewer can't tell."""

LEAST_REACH, MOST_REACH = 0.03, 0.25
TURN_PER_S = 0.5
"""The picture moves by at most so much of its diagonal: per second, and bounded by these two. So
a robot that comes back to a waypoint may stand off by the most."""

MOST_TRACKS, MOST_VIEWS = 500, 64
"""Remembered of a view, and views; what wasn't seen for longest and has no alarm is forgotten."""


@dataclass(eq=False)
class Track:
    """One piece of equipment. box: (4,), heat: (2,) in pixels of its view; heat is NaN unless the
    latest verdict is a fault. seen_at_s: on the tracker's own time."""

    id: int
    held: HeldSeverity
    verdict: Verdict
    box: Floats = field(default_factory=lambda: np.zeros(4))
    heat: Floats = field(default_factory=lambda: np.full(2, np.nan))
    seen_at_s: float = 0.0
    seen_frames: int = 0
    classes: dict[str, int] = field(default_factory=dict)
    alarm: Alarm | None = None
    in_view: bool = False

    @property
    def class_name(self) -> str:
        """The class that it was seen as most often."""
        return max(self.classes, key=lambda name: self.classes[name])


@dataclass(eq=False)
class View:
    """moved_px: (x, y) that the picture has moved since the view began. seen_at_s: its latest
    time. pictured: the tracks in the picture then, also those missed for less than max_gap_s."""

    waypoint: str
    seen_at_s: float = 0.0
    tracks: list[Track] = field(default_factory=list)
    pictured: list[Track] = field(default_factory=list)
    moved_px: Floats = field(default_factory=lambda: np.zeros(2))

    def expect(self, tracks: Sequence[Track]) -> Layout:
        """Where those tracks should be in the frame."""
        boxes = np.array([track.box for track in tracks]).reshape(-1, 4)
        heat = np.array([track.heat for track in tracks]).reshape(-1, 2)
        return Layout(
            boxes + np.tile(self.moved_px, 2),
            tuple(track.class_name for track in tracks),
            heat + self.moved_px,
        )

    def place(self, tracks: Sequence[Track], now: Layout) -> None:
        """Note where the tracks are in the frame: one for each box."""
        boxes, heat = now.boxes - np.tile(self.moved_px, 2), now.heat - self.moved_px
        for index, track in enumerate(tracks):
            track.box, track.heat = boxes[index], heat[index]

    def seen(self, now_s: float) -> None:
        """Note what the picture of now shows, once its tracks are in place."""
        self.seen_at_s = now_s
        self.pictured = [track for track in self.tracks if track.in_view]

    def forget_some(self) -> None:
        """Keep the memory bounded."""
        if len(self.tracks) > MOST_TRACKS:
            self.tracks.sort(key=lambda track: (track.alarm is not None, track.seen_at_s))
            del self.tracks[: len(self.tracks) - MOST_TRACKS]


Found = dict[int, Track]
"""Index of a box in the frame -> the track that it is."""


class ViewMemory:
    """The views of a patrol, the present one last. max_gap_s: see :class:`tracks.Tracker`."""

    def __init__(self, max_gap_s: float) -> None:
        self.views: list[View] = []
        self._max_gap_s = max_gap_s

    def look(
        self, now: Layout, diagonal_px: float, waypoint: str, now_s: float
    ) -> tuple[View, Found]:
        """The view that a frame shows, and the tracks found in it.

        now: the frame's boxes, one or more. diagonal_px: the frame's. now_s: its time.
        """
        view, match = self._choose(now, diagonal_px, waypoint, now_s)
        self._make_present(view)
        view.moved_px = view.moved_px + match.shift_px
        found = {j: view.pictured[i] for i, j in match.pairs}
        self._find_returned(view, now, found)
        return view, found

    def _choose(
        self, now: Layout, diagonal_px: float, waypoint: str, now_s: float
    ) -> tuple[View, Association]:
        """The present view while the boxes fit it; else the best-fitting of the waypoint's, or of
        those seen just now where there is none; else a new one.

        Without a waypoint no older view is believed: the bays of a substation look alike.
        """
        candidates: list[tuple[View, Association]] = []
        for view in reversed(self.views):
            gap_s = now_s - view.seen_at_s
            lately = gap_s <= self._max_gap_s
            if view.waypoint != waypoint or not (lately or waypoint):
                continue
            turned = min(max(TURN_PER_S * gap_s, LEAST_REACH), MOST_REACH)
            match = associate(view.expect(view.pictured), now, turned * diagonal_px)
            few = max(len(view.pictured), len(now)) < ENOUGH_BOXES
            if few or match.agreement >= ANOTHER_VIEW:
                candidates.append((view, match))
                if view is self.views[-1]:
                    break
        if not candidates:
            return View(waypoint), Association()
        return max(candidates, key=lambda candidate: candidate[1].agreement)

    def _make_present(self, view: View) -> None:
        if self.views and self.views[-1] is view:
            return
        if view in self.views:
            self.views.remove(view)
        self.views.append(view)
        while len(self.views) > MOST_VIEWS:
            calm = (v for v in self.views if not any(t.alarm for t in v.tracks))
            self.views.remove(next(calm, self.views[0]))

    def _find_returned(self, view: View, now: Layout, found: Found) -> None:
        """Add equipment that had left the picture and is where it should be."""
        left = [index for index in range(len(now)) if index not in found]
        if not left:
            return
        taken = {track.id for track in found.values()}
        away = [t for t in view.tracks if t.id not in taken and t not in view.pictured]
        match = associate(view.expect(away), now.only(left), 0.0)
        found.update({left[j]: away[i] for i, j in match.pairs})
