"""Writes a patrol into a history, one transaction a frame, and recognises its equipment."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from thermoscout_core import __version__
from thermoscout_core.diagnosis.alarms import Alarm
from thermoscout_core.diagnosis.association import Layout
from thermoscout_core.diagnosis.sightings import Sighting
from thermoscout_core.errors import HistoryError
from thermoscout_core.history.database import explained, open_for_writing, transaction
from thermoscout_core.history.places import NOWHERE, Place, Pose
from thermoscout_core.history.recognition import Known, recognise
from thermoscout_core.inspection import FrameInspection


@dataclass(frozen=True)
class PatrolInfo:
    """What is written of a whole patrol. name: the owner's, "" for none."""

    name: str = ""
    camera: str = ""
    model: str = ""
    rules: str = ""


@dataclass(frozen=True)
class FrameRecord:
    """What is written of one frame. path: of the thermogram's file, "" when it isn't kept."""

    stamp_s: float
    size_px: tuple[int, int]
    sightings: tuple[Sighting, ...]
    alarms: tuple[Alarm, ...] = ()
    place: Place = NOWHERE
    path: str = ""

    @classmethod
    def of_photo(cls, inspection: FrameInspection, path: str, waypoint: str) -> FrameRecord:
        """A single thermogram: no tracks, so no alarms either."""
        frame = inspection.frame
        return cls(
            frame.stamp_s,
            (frame.width_px, frame.height_px),
            tuple(Sighting(verdict) for verdict in inspection.verdicts),
            place=Place(waypoint),
            path=path,
        )


class PatrolRecorder:
    """One patrol in one history file. Use and close it in the thread that made it.

    Raises HistoryError, from any method: what to do stands in it, and nothing is half written.
    """

    def __init__(self, path: Path, info: PatrolInfo) -> None:
        self.path = path
        self.info = info
        self._connection = open_for_writing(path)
        self._patrol_id: int | None = None
        self._equipment: dict[tuple[int, int], int] = {}  # (waypoint, track) -> equipment

    def record(self, frame: FrameRecord) -> None:
        """Write a frame with its readings, verdicts and alarms, and return when it is safe."""
        patrol_id, equipment = self._patrol_id, dict(self._equipment)
        try:
            with transaction(self._connection):
                self._write(frame)
        except sqlite3.Error as error:
            # what was noted of the rows that are no more
            self._patrol_id, self._equipment = patrol_id, equipment
            raise explained(error, self.path) from error

    def close(self) -> None:
        """End the file's log. What was recorded is safe without it, too."""
        self._connection.close()

    def _write(self, frame: FrameRecord) -> None:
        patrol_id = self._begun(frame.stamp_s)
        waypoint_id = self._waypoint(frame.place)
        thermogram_id = self._insert(
            "thermograms",
            patrol_id=patrol_id,
            waypoint_id=waypoint_id,
            stamp_s=frame.stamp_s,
            path=frame.path,
            width_px=frame.size_px[0],
            height_px=frame.size_px[1],
        )
        equipment = self._recognised(frame, waypoint_id)
        for sighting, equipment_id in zip(frame.sightings, equipment, strict=True):
            self._write_sighting(sighting, thermogram_id, equipment_id)
        for alarm in frame.alarms:
            self._write_alarm(alarm, patrol_id, waypoint_id)
        self._connection.execute(
            "UPDATE patrols SET ended_s = ? WHERE id = ?", (frame.stamp_s, patrol_id)
        )

    def _begun(self, stamp_s: float) -> int:
        if self._patrol_id is None:
            self._patrol_id = self._insert(
                "patrols",
                began_s=stamp_s,
                ended_s=stamp_s,
                thermoscout=__version__,
                **vars(self.info),
            )
        return self._patrol_id

    def _waypoint(self, place: Place) -> int | None:
        """By name, else the nearest by pose; None when the place is unknown."""
        select, pose = self._connection.execute, place.pose
        if place.waypoint:
            row = select("SELECT id FROM waypoints WHERE name = ?", (place.waypoint,)).fetchone()
            if row is not None:
                return int(row[0])
        if pose is not None and place.waypoint in ("", pose.name):
            posed = select("SELECT id, x_m, y_m, yaw_rad FROM waypoints WHERE x_m NOT NULL")
            near = [(pose.distance_m(p), i) for i, *xyz in posed if pose.is_near(p := Pose(*xyz))]
            if near:
                return int(min(near)[1])
        name = place.waypoint or (pose.name if pose else "")
        if not name:
            return None
        where = vars(pose) if pose else {}
        return self._insert("waypoints", name=name, **where)

    def _recognised(self, frame: FrameRecord, waypoint_id: int | None) -> Sequence[int | None]:
        """The equipment of each sighting; what the waypoint hasn't shown before is entered."""
        if waypoint_id is None:
            return [None] * len(frame.sightings)
        keys = [(waypoint_id, sighting.track_id) for sighting in frame.sightings]
        noted = [self._equipment.get(key) if key[1] else None for key in keys]
        if None in noted:
            rows = self._connection.execute(
                "SELECT id, class_name, x1, y1, x2, y2 FROM equipment WHERE waypoint_id = ?",
                (waypoint_id,),
            )
            known = [Known(row[0], row[1], tuple(row[2:])) for row in rows]
            layout = Layout.of([sighting.verdict for sighting in frame.sightings])
            noted = recognise(known, noted, layout, frame.size_px)
        for index, (key, equipment_id) in enumerate(zip(keys, noted, strict=True)):
            if equipment_id is None:
                noted[index] = self._enter(frame.sightings[index], waypoint_id, frame.size_px)
            self._equipment[key] = noted[index] or 0
        return noted

    def _enter(self, sighting: Sighting, waypoint_id: int, size_px: tuple[int, int]) -> int:
        detection = sighting.verdict.reading.detection
        width, height = size_px
        return self._insert(
            "equipment",
            waypoint_id=waypoint_id,
            class_name=detection.class_name,
            x1=detection.box.x1 / width,
            y1=detection.box.y1 / height,
            x2=detection.box.x2 / width,
            y2=detection.box.y2 / height,
        )

    def _write_sighting(
        self, sighting: Sighting, thermogram_id: int, equipment_id: int | None
    ) -> None:
        verdict, reading = sighting.verdict, sighting.verdict.reading
        box, spot = reading.detection.box, reading.hot_spot_px or (None, None)
        reading_id = self._insert(
            "readings",
            thermogram_id=thermogram_id,
            equipment_id=equipment_id,
            track=sighting.track_id,
            class_name=reading.detection.class_name,
            score=reading.detection.score,
            x1_px=box.x1,
            y1_px=box.y1,
            x2_px=box.x2,
            y2_px=box.y2,
            hot_x_px=spot[0],
            hot_y_px=spot[1],
            measured_c=reading.measured_c,
            corrected_c=reading.corrected_c,
            uncertainty_c=reading.uncertainty_c,
            background_c=reading.background_c,
            distance_m=reading.distance_m,
            emissivity=reading.emissivity,
            correction=reading.correction.value,
            flags=",".join(sorted(flag.value for flag in reading.flags)),
        )
        self._insert(
            "verdicts",
            reading_id=reading_id,
            severity=verdict.severity.value,
            provisional=verdict.provisional,
            rule=verdict.rule,
            rule_source=verdict.rule_source,
            t1_c=verdict.t1_c,
            t2_c=verdict.t2_c,
            t0_c=verdict.t0_c,
            relative_difference=verdict.relative_difference,
            reason=verdict.reason,
            fault_frames=sighting.fault_frames,
            recent_frames=sighting.recent_frames,
        )

    def _write_alarm(self, alarm: Alarm, patrol_id: int, waypoint_id: int | None) -> None:
        # out of view is told at the next place: any waypoint's equipment of that track will do
        of_track = (e for (w, t), e in self._equipment.items() if t == alarm.track_id)
        here = self._equipment.get((waypoint_id or 0, alarm.track_id))
        self._insert(
            "alarms",
            patrol_id=patrol_id,
            number=alarm.id,
            track=alarm.track_id,
            equipment_id=here if here is not None else next(of_track, None),
            state=alarm.state.value,
            severity=alarm.severity.value,
            stamp_s=alarm.stamp_s,
            first_fault_s=alarm.first_fault_s,
            raised_s=alarm.raised_s,
            t1_c=alarm.verdict.t1_c,
            rule=alarm.verdict.rule,
            reason=alarm.verdict.reason,
        )

    def _insert(self, table: str, **values: object) -> int:
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        done = self._connection.execute(
            f"INSERT INTO {table} ({names}) VALUES ({marks})",
            [_storable(v) for v in values.values()],
        )
        assert done.lastrowid is not None
        return done.lastrowid


def label_equipment(path: Path, equipment_id: int, label: str) -> None:
    """Note the owner's name for a piece of equipment. Raises HistoryError where it isn't there."""
    if not path.is_file():
        raise HistoryError(f"{path}: no such file")
    connection = open_for_writing(path)
    try:
        with transaction(connection):
            done = connection.execute(
                "UPDATE equipment SET label = ? WHERE id = ?", (label, equipment_id)
            )
    except sqlite3.Error as error:
        raise explained(error, path) from error
    finally:
        connection.close()
    if not done.rowcount:
        raise HistoryError(f"{path}: no equipment {equipment_id}; `thermoscout history list`")


def _storable(value: object) -> object:
    """NULL for a number that isn't one: nothing measured is not a measurement."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
