"""Which frames of a stream are worth a place in the history."""

from __future__ import annotations

import math
from dataclasses import replace

from thermoscout_core.history.recorder import FrameRecord

CONFIRMED_FRAMES = 3
"""Equipment that was seen less often may be a slip of the detector: not written yet."""


class Sampler:
    """Keeps a frame every interval_s, and every frame in which an alarm changed or equipment was
    seen for the CONFIRMED_FRAMES-th time."""

    def __init__(self, interval_s: float) -> None:
        self.interval_s = interval_s
        self._kept_s = -math.inf

    def take(self, frame: FrameRecord) -> FrameRecord | None:
        """The frame with its confirmed sightings, or None when it isn't kept."""
        confirmed = tuple(s for s in frame.sightings if s.seen_frames >= CONFIRMED_FRAMES)
        new = any(s.seen_frames == CONFIRMED_FRAMES for s in confirmed)
        # not <: a clock that was set back makes a frame due, too
        due = not 0 <= frame.stamp_s - self._kept_s < self.interval_s and bool(confirmed)
        if not (new or due or frame.alarms):
            return None
        self._kept_s = frame.stamp_s
        return replace(frame, sightings=confirmed)
