"""What the frames before say of a frame's verdicts: values that a tracker gives."""

from __future__ import annotations

from dataclasses import dataclass

from thermoscout_core.diagnosis.alarms import Alarm
from thermoscout_core.verdicts import Severity, Verdict


@dataclass(frozen=True)
class Sighting:
    """What the frames before say of one verdict.

    track_id: the equipment's number, from 1; 0 when it couldn't be tracked. seen_frames: so often
    it was seen. fault_frames of recent_frames: the persistence that raises an alarm.
    alarm_id: the open alarm's, 0 when there is none. held: the severity that persists.
    """

    verdict: Verdict
    track_id: int = 0
    seen_frames: int = 0
    fault_frames: int = 0
    recent_frames: int = 0
    alarm_id: int = 0
    held: Severity = Severity.NORMAL


@dataclass(frozen=True)
class TrackedFrame:
    """sightings: one a verdict, in their order. alarms: that changed with this frame. problem:
    what was wrong with the stamp, "" as a rule."""

    sightings: tuple[Sighting, ...]
    alarms: tuple[Alarm, ...] = ()
    problem: str = ""
