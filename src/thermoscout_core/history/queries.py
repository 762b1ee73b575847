"""What a history tells: its patrols, its equipment, how a piece fared, what is damaged."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thermoscout_core.errors import HistoryError
from thermoscout_core.history.database import CorruptHistoryError, explained, open_for_reading
from thermoscout_core.verdicts import Severity

_WORST = """CASE max(CASE v.severity WHEN 'normal' THEN 1 WHEN 'general' THEN 2
                              WHEN 'serious' THEN 3 WHEN 'critical' THEN 4 ELSE 0 END)
       WHEN 0 THEN 'unknown' WHEN 1 THEN 'normal' WHEN 2 THEN 'general' WHEN 3 THEN 'serious'
       WHEN 4 THEN 'critical' ELSE '' END"""
"""The gravest severity, '' where nothing was judged."""

PATROLS = f"""
SELECT p.*, count(DISTINCT t.id) AS thermograms, count(r.id) AS readings,
       {_WORST} AS worst,
       (SELECT count(*) FROM alarms a WHERE a.patrol_id = p.id AND a.state = 'raised') AS alarms
FROM patrols p
LEFT JOIN thermograms t ON t.patrol_id = p.id
LEFT JOIN readings r ON r.thermogram_id = t.id
LEFT JOIN verdicts v ON v.reading_id = r.id
GROUP BY p.id ORDER BY p.began_s, p.id"""

EQUIPMENT = f"""
SELECT e.*, w.name AS waypoint, count(DISTINCT t.patrol_id) AS patrols, count(r.id) AS readings,
       min(t.stamp_s) AS first_s, max(t.stamp_s) AS last_s, {_WORST} AS worst,
       max(v.t1_c) AS highest_c
FROM equipment e
JOIN waypoints w ON w.id = e.waypoint_id
LEFT JOIN readings r ON r.equipment_id = e.id
LEFT JOIN thermograms t ON t.id = r.thermogram_id
LEFT JOIN verdicts v ON v.reading_id = r.id
GROUP BY e.id ORDER BY w.name, e.id"""

_READINGS = """
SELECT p.id AS patrol, p.name AS patrol_name, t.stamp_s, t.path AS thermogram,
       w.name AS waypoint, r.equipment_id AS equipment, e.label, r.track, r.class_name, r.score,
       r.x1_px, r.y1_px, r.x2_px, r.y2_px, r.hot_x_px, r.hot_y_px,
       r.measured_c, r.corrected_c, r.uncertainty_c, r.background_c, r.distance_m, r.emissivity,
       r.correction, r.flags,
       v.severity, v.provisional, v.rule, v.rule_source, v.t1_c, v.t2_c, v.t0_c,
       v.relative_difference, v.reason, v.fault_frames, v.recent_frames
FROM readings r
JOIN verdicts v ON v.reading_id = r.id
JOIN thermograms t ON t.id = r.thermogram_id
JOIN patrols p ON p.id = t.patrol_id
LEFT JOIN waypoints w ON w.id = t.waypoint_id
LEFT JOIN equipment e ON e.id = r.equipment_id"""
READINGS = f"{_READINGS} ORDER BY t.stamp_s, r.id"

ALARMS = """
SELECT a.*, p.name AS patrol_name, w.name AS waypoint, e.label, e.class_name
FROM alarms a
JOIN patrols p ON p.id = a.patrol_id
LEFT JOIN equipment e ON e.id = a.equipment_id
LEFT JOIN waypoints w ON w.id = e.waypoint_id
ORDER BY a.id"""


@dataclass(frozen=True)
class TrendPoint:
    """One reading of a piece of equipment. t1_c, t2_c, t0_c, uncertainty_c: °C and K, NaN where
    unknown. stamp_s: Unix time."""

    patrol_id: int
    stamp_s: float
    t1_c: float
    t2_c: float
    t0_c: float
    uncertainty_c: float
    severity: Severity
    provisional: bool

    @property
    def rise_k(self) -> float:
        """T1 − T0, NaN where either is unknown."""
        return self.t1_c - self.t0_c


@dataclass(frozen=True)
class Trend:
    """How a piece of equipment fared. name: where it is and what. points: by their time."""

    equipment_id: int
    name: str
    points: tuple[TrendPoint, ...]


class History:
    """A history file, read only. Close it, or use it in a with statement.

    Raises HistoryError, from any method, for a file that can't be read.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._connection = open_for_reading(self.path)

    def __enter__(self) -> History:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def patrols(self) -> list[dict[str, Any]]:
        """The columns of each patrol, and thermograms, readings, alarms (their numbers), worst."""
        return self.rows(PATROLS)

    def equipment(self) -> list[dict[str, Any]]:
        """The columns of each piece, and waypoint, patrols, readings, first_s, last_s, highest_c,
        worst."""
        return self.rows(EQUIPMENT)

    def readings(self, **of: int) -> list[dict[str, Any]]:
        """Every reading with its verdict, oldest first. of: patrol=ID or equipment=ID."""
        columns = {"patrol": "p.id", "equipment": "r.equipment_id"}
        where = " AND ".join(f"{columns[name]} = ?" for name in of) or "TRUE"
        statement = f"{_READINGS} WHERE {where} ORDER BY t.stamp_s, r.id"
        return self.rows(statement, *of.values())

    def alarms(self) -> list[dict[str, Any]]:
        """Every change of every alarm, in the order written."""
        return self.rows(ALARMS)

    def trend(self, equipment_id: int) -> Trend:
        """Raises HistoryError for equipment that isn't there."""
        piece = next((e for e in self.equipment() if e["id"] == equipment_id), None)
        if piece is None:
            raise HistoryError(
                f"{self.path}: no equipment {equipment_id}; `thermoscout history list {self.path} "
                "equipment` lists what there is"
            )
        points = [_point(row) for row in self.readings(equipment=equipment_id)]
        return Trend(equipment_id, equipment_name(piece), tuple(points))

    def problems(self) -> list[str]:
        """What is damaged, each in a sentence; empty for a sound file."""
        try:
            found = [row[0] for row in self.table("PRAGMA integrity_check")[1] if row[0] != "ok"]
            for table, row, parent, _ in self.table("PRAGMA foreign_key_check")[1]:
                found.append(f"row {row} of {table} names a row of {parent} that isn't there")
            bare = self.rows(
                "SELECT count(*) AS n FROM readings "
                "WHERE id NOT IN (SELECT reading_id FROM verdicts)"
            )[0]["n"]
        except CorruptHistoryError as error:
            return [str(error)]
        return found + ([f"{bare} readings have no verdict"] if bare else [])

    def rows(self, statement: str, *values: object) -> list[dict[str, Any]]:
        """The rows of a query, by their columns' names."""
        columns, rows = self.table(statement, *values)
        return [dict(zip(columns, row, strict=True)) for row in rows]

    def table(self, statement: str, *values: object) -> tuple[list[str], list[tuple[Any, ...]]]:
        """The columns of a query, and its rows."""
        with self._explained():
            done = self._connection.execute(statement, values)
            return [column[0] for column in done.description], [tuple(row) for row in done]

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise explained(error, self.path) from error


def equipment_name(piece: dict[str, Any]) -> str:
    """Label or class and number, and the waypoint."""
    what = piece["label"] or f"{piece['class_name'].replace('_', ' ')} {piece['id']}"
    return f"{what}, {piece['waypoint']}"


def _point(row: dict[str, Any]) -> TrendPoint:
    def number(name: str) -> float:
        return math.nan if row[name] is None else float(row[name])

    return TrendPoint(
        row["patrol"],
        row["stamp_s"],
        number("t1_c"),
        number("t2_c"),
        number("t0_c"),
        number("uncertainty_c"),
        Severity(row["severity"]),
        bool(row["provisional"]),
    )
