"""Trend pictures out of a history file, for the equipment that a report is about."""

from __future__ import annotations

import math
from pathlib import Path
from tempfile import TemporaryDirectory

from thermoscout_core.history.plots import write_trend
from thermoscout_core.history.queries import History
from thermoscout_core.results import ImageRecord, VerdictRecord

_EDGES = ("x1_px", "y1_px", "x2_px", "y2_px")
_LEAST_POINTS = 2
_Key = tuple[str, str, tuple[float, ...]]


class HistoryTrends:
    """Finds the equipment of a verdict by its thermogram, class and box, and draws its trend.

    history stays open as long as this is used. origin: folder that the records' paths are
    relative to. Raises HistoryError when the file can't be read.
    """

    def __init__(self, history: History, origin: Path) -> None:
        self._history = history
        self._origin = origin
        self._equipment = {
            _key(row["thermogram"], row["class_name"], [row[edge] for edge in _EDGES]): int(
                row["equipment"]
            )
            for row in history.readings()
            if row["equipment"] is not None
        }
        self._drawn: dict[int, bytes | None] = {}

    def __call__(self, image: ImageRecord, verdict: VerdictRecord) -> bytes | None:
        """PNG, or None where the history has fewer than two readings of the equipment."""
        for path in (Path(image.file), self._origin / image.file):
            key = _key(str(path.resolve()), verdict.class_name, verdict.box)
            if key in self._equipment:
                return self._picture(self._equipment[key])
        return None

    def _picture(self, equipment_id: int) -> bytes | None:
        if equipment_id not in self._drawn:
            trend = self._history.trend(equipment_id)
            self._drawn[equipment_id] = None
            if sum(math.isfinite(point.t1_c) for point in trend.points) >= _LEAST_POINTS:
                with TemporaryDirectory() as folder:
                    write_trend(Path(folder, "trend.png"), trend)
                    self._drawn[equipment_id] = Path(folder, "trend.png").read_bytes()
        return self._drawn[equipment_id]


def _key(path: str, class_name: str, box: list[float] | tuple[float, ...]) -> _Key:
    """Boxes to a tenth of a pixel: the two files round them differently."""
    return path, class_name, tuple(round(float(edge), 1) for edge in box)
