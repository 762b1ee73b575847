"""Tracks: the same equipment from frame to frame, and alarms for faults that persist.

Stamps alone tell the time and nothing is drawn by chance: the same verdicts give the same tracks
and alarms. How equipment is known again: :mod:`thermoscout_core.diagnosis.views`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from thermoscout_core.diagnosis.alarms import Alarm, AlarmState
from thermoscout_core.diagnosis.association import Layout
from thermoscout_core.diagnosis.persistence import HeldSeverity, Persistence
from thermoscout_core.diagnosis.sightings import Sighting, TrackedFrame
from thermoscout_core.diagnosis.views import Track, View, ViewMemory
from thermoscout_core.verdicts import Verdict


class Tracker:
    """Follows equipment over the frames of a patrol. Not thread-safe.

    persistence: when a fault becomes an alarm, and when that ends. max_gap_s: equipment that
    wasn't seen for longer is out of view.

    Alarms come in time: when raise_n of the raise_m verdicts from a track's first fault on are
    faults, the alarm is raised with the last of those raise_n, so at the latest with the
    raise_m-th verdict, raise_m − 1 frames after the first fault.
    """

    def __init__(self, persistence: Persistence | None = None, max_gap_s: float = 2.0) -> None:
        self._persistence = persistence or Persistence()
        self._max_gap_s = max_gap_s
        self._memory = ViewMemory(max_gap_s)
        self._in_view: dict[int, Track] = {}
        self._tracks_made = self._alarms_made = 0
        self._stamp_s = math.nan
        self._now_s = 0.0  # runs on where the stamps jump back
        self._latest = TrackedFrame(())
        self._events: list[Alarm] = []

    @property
    def open_alarms(self) -> list[Alarm]:
        """The latest change of every alarm that isn't cleared, by their ids."""
        tracks = (track for view in self._memory.views for track in view.tracks)
        return sorted((t.alarm for t in tracks if t.alarm), key=lambda alarm: alarm.id)

    def update(
        self,
        stamp_s: float,
        verdicts: Sequence[Verdict],
        size_px: tuple[int, int],
        waypoint: str = "",
    ) -> TrackedFrame:
        """The verdicts of the next frame -> what the frames before say of each.

        stamp_s: the frame's. One that comes twice or late isn't counted, and where the clock was
        set back the tracks go on; either is told in problem. size_px: width, height of the frame.
        waypoint: where the robot stands, "" when unknown.
        """
        passed_s, problem = self._passed_s(stamp_s)
        if passed_s is None:
            return self._uncounted(verdicts, problem)
        self._stamp_s = stamp_s
        self._now_s += passed_s
        self._events = []
        self._note_who_left()
        sightings: tuple[Sighting, ...] = ()
        if verdicts:
            now, diagonal_px = Layout.of(verdicts), math.hypot(*size_px)
            view, found = self._memory.look(now, diagonal_px, waypoint, self._now_s)
            tracks = [found.get(i) or self._begin(view, v) for i, v in enumerate(verdicts)]
            view.place(tracks, now)
            for track, verdict in zip(tracks, verdicts, strict=True):
                self._see(track, verdict)
            view.seen(self._now_s)
            view.forget_some()
            sightings = tuple(map(_sighting, tracks))
        self._latest = TrackedFrame(sightings, tuple(self._events), problem)
        return self._latest

    def _passed_s(self, stamp_s: float) -> tuple[float | None, str]:
        """Seconds since the last frame, None for a frame that isn't to be counted; the problem."""
        if not math.isfinite(stamp_s):
            return None, f"a frame stamped {stamp_s} s can't be tracked"
        passed_s = stamp_s - self._stamp_s
        if math.isnan(passed_s):
            return 0.0, ""
        if passed_s > 0:
            return passed_s, ""
        if passed_s == 0:
            return None, f"the stamp {stamp_s:.3f} s came twice: counted once"
        if passed_s > -self._max_gap_s:
            late = f"the frame of {stamp_s:.3f} s came after one that is {-passed_s:.3f} s newer"
            return None, f"{late}: not counted"
        back = f"the clock went back by {-passed_s:.1f} s, to {stamp_s:.3f} s"
        return 0.0, f"{back}: tracks and alarms go on"

    def _uncounted(self, verdicts: Sequence[Verdict], problem: str) -> TrackedFrame:
        """The ids of the latest frame, where this is that frame again; nothing is added up."""
        known = self._latest.sightings
        if problem.endswith("counted once") and len(known) == len(verdicts):
            again = (replace(s, verdict=v) for s, v in zip(known, verdicts, strict=True))
        else:
            again = (Sighting(verdict) for verdict in verdicts)
        return TrackedFrame(tuple(again), problem=problem)

    def _note_who_left(self) -> None:
        for track in [*self._in_view.values()]:
            if self._now_s - track.seen_at_s > self._max_gap_s:
                del self._in_view[track.id]
                track.in_view = False
                self._tell(track, AlarmState.OUT_OF_VIEW)

    def _begin(self, view: View, verdict: Verdict) -> Track:
        self._tracks_made += 1
        held = HeldSeverity(self._persistence)
        track = Track(self._tracks_made, held, verdict, in_view=True)
        view.tracks.append(track)
        return track

    def _see(self, track: Track, verdict: Verdict) -> None:
        class_name = verdict.reading.detection.class_name
        track.classes[class_name] = track.classes.get(class_name, 0) + 1
        track.verdict = verdict
        track.seen_frames += 1
        track.seen_at_s = self._now_s
        if not track.in_view:
            track.in_view = True
            self._tell(track, AlarmState.SEEN_AGAIN)
        self._in_view[track.id] = track
        track.held.add(self._stamp_s, verdict.severity)
        held = track.held.severity
        if track.alarm is None and held.is_fault:
            self._raise(track)
        elif track.alarm is not None and not held.is_fault:
            self._tell(track, AlarmState.CLEARED)
            track.alarm = None
        elif track.alarm is not None and held is not track.alarm.severity:
            self._tell(track, AlarmState.CHANGED)

    def _raise(self, track: Track) -> None:
        self._alarms_made += 1
        first_s = track.held.first_fault_s
        alarm = Alarm(
            id=self._alarms_made,
            track_id=track.id,
            state=AlarmState.RAISED,
            severity=track.held.severity,
            stamp_s=self._stamp_s,
            first_fault_s=self._stamp_s if first_s is None else first_s,
            raised_s=self._stamp_s,
            verdict=track.verdict,
            fault_frames=track.held.recent[0],
            recent_frames=track.held.recent[1],
        )
        track.alarm = alarm
        self._events.append(alarm)

    def _tell(self, track: Track, state: AlarmState) -> None:
        """A change of a track's alarm, if it has one."""
        if track.alarm is None:
            return
        faults, recent = track.held.recent
        track.alarm = replace(
            track.alarm,
            state=state,
            severity=track.held.severity,
            stamp_s=self._stamp_s,
            verdict=track.verdict,
            fault_frames=faults,
            recent_frames=recent,
        )
        self._events.append(track.alarm)


def _sighting(track: Track) -> Sighting:
    return Sighting(
        track.verdict,
        track.id,
        track.seen_frames,
        *track.held.recent,
        track.alarm.id if track.alarm else 0,
        track.held.severity,
    )
