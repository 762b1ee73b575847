"""Alarms: one for a fault that persists, told when it begins and whenever it changes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from thermoscout_core.verdicts import Severity, Verdict


class AlarmState(str, Enum):
    """What has just become of an alarm. Values are the names in files."""

    RAISED = "raised"  # a fault has persisted: the alarm begins
    CHANGED = "changed"  # it persists at another severity
    CLEARED = "cleared"  # it was normal for long enough: the alarm ends
    OUT_OF_VIEW = "out_of_view"  # not seen any more; the fault stands as last judged
    SEEN_AGAIN = "seen_again"  # back in view

    @property
    def rank(self) -> int:
        """RAISED 0 … SEEN_AGAIN 4: the number on the wire."""
        return list(AlarmState).index(self)


@dataclass(frozen=True)
class Alarm:
    """A change of one alarm.

    id: the alarm's number, from 1, the same through all of its changes. track_id: the equipment's
    track. severity: that persists; NORMAL when cleared. stamp_s: of the frame of the change.
    first_fault_s: stamp of the first fault that counted; raised_s: of the frame that raised it.
    verdict: the equipment's latest. fault_frames of recent_frames: what raised or keeps it.
    """

    id: int
    track_id: int
    state: AlarmState
    severity: Severity
    stamp_s: float
    first_fault_s: float
    raised_s: float
    verdict: Verdict
    fault_frames: int
    recent_frames: int

    @property
    def delay_s(self) -> float:
        """From the first fault that counted to the alarm."""
        return self.raised_s - self.first_fault_s
