"""What equipment at a waypoint measured before, for the judge's comparison over time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timezone
from statistics import median

from thermoscout_core.diagnosis.association import Layout
from thermoscout_core.diagnosis.evidence import Baseline
from thermoscout_core.history.queries import History, TrendPoint
from thermoscout_core.history.recognition import Known, recognise
from thermoscout_core.readings import Reading
from thermoscout_core.verdicts import Severity, Verdict


class WaypointBaselines:
    """The earliest trustworthy rises of a waypoint's equipment: growth shows against them.

    The baseline is the median rise T1 − T0 of the first patrol in which the piece was normal and
    its readings not provisional. history: only read here, in the constructor. waypoint: its name;
    one that isn't known has no baselines.
    """

    def __init__(self, history: History, waypoint: str) -> None:
        pieces = [piece for piece in history.equipment() if piece["waypoint"] == waypoint]
        self._known = [
            Known(p["id"], p["class_name"], (p["x1"], p["y1"], p["x2"], p["y2"])) for p in pieces
        ]
        self._baselines = {p["id"]: _baseline(history.trend(p["id"]).points) for p in pieces}

    def of(self, readings: Sequence[Reading], size_px: tuple[int, int]) -> list[Baseline | None]:
        """The baseline of each reading of a frame, None where there is none: as Judge.judge()
        takes them. size_px: width, height of the frame."""
        now = Layout.of([Verdict(reading, Severity.UNKNOWN) for reading in readings])
        found = recognise(self._known, [None] * len(readings), now, size_px)
        return [None if piece is None else self._baselines[piece] for piece in found]


def _baseline(points: Sequence[TrendPoint]) -> Baseline | None:
    sound = [
        p
        for p in points
        if p.severity is Severity.NORMAL and not p.provisional and math.isfinite(p.rise_k)
    ]
    if not sound:
        return None
    first = [p for p in sound if p.patrol_id == sound[0].patrol_id]
    when = datetime.fromtimestamp(first[0].stamp_s, timezone.utc).strftime("%Y-%m-%d")
    return Baseline(median(p.rise_k for p in first), when)
