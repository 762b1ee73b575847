"""From results.json back to an inspection: its readings and verdicts, to be drawn again."""

from __future__ import annotations

import math
from pathlib import Path

from thermoscout_core.detections import Box, Detection
from thermoscout_core.errors import FrameError, ThermogramError
from thermoscout_core.frames import ThermalFrame
from thermoscout_core.inspection import FrameInspection
from thermoscout_core.readings import Reading
from thermoscout_core.results import (
    DetectionRecord,
    ImageRecord,
    ReadingRecord,
    VerdictRecord,
)
from thermoscout_core.thermograms import read_thermogram
from thermoscout_core.verdicts import Verdict


def frame_of(image: ImageRecord, origin: Path) -> ThermalFrame | None:
    """The thermogram of a record, by its path as it stands or beside results.json (in origin);
    None when it is gone, unreadable, or of another size."""
    for path in (Path(image.file), origin / image.file):
        if image.file and path.is_file():
            try:
                frame = read_thermogram(path)
            except (ThermogramError, FrameError):
                continue
            if (frame.width_px, frame.height_px) == (image.width_px, image.height_px):
                return frame
    return None


def verdicts_of(image: ImageRecord) -> list[Verdict]:
    """The verdicts of a record with their readings, in its order."""
    readings = [_reading(record) for record in image.readings]
    by_detection = {reading.detection: reading for reading in readings}
    verdicts = []
    for record in image.verdicts:
        detection = _detection(record)
        reading = by_detection.get(detection, Reading(detection, hot_spot_px=record.hot_spot_px))
        verdicts.append(_verdict(record, reading))
    return verdicts


def inspection_of(image: ImageRecord, frame: ThermalFrame) -> FrameInspection:
    """A record and its frame -> the inspection that the record was made of."""
    return FrameInspection(
        frame,
        tuple(_detection(record) for record in image.detections),
        tuple(_reading(record) for record in image.readings),
        tuple(verdicts_of(image)),
    )


def _detection(record: DetectionRecord) -> Detection:
    return Detection(record.class_name, record.score, Box(*record.box))


def _reading(record: ReadingRecord) -> Reading:
    return Reading(
        detection=_detection(record),
        measured_c=_number(record.measured_c),
        corrected_c=_number(record.corrected_c),
        uncertainty_c=_number(record.uncertainty_c),
        mean_c=_number(record.mean_c),
        min_c=_number(record.min_c),
        background_c=_number(record.background_c),
        hot_spot_px=record.hot_spot_px,
        distance_m=_number(record.distance_m),
        emissivity=_number(record.emissivity),
        small_target_c=_number(record.small_target_c),
        correction=record.correction,
        flags=frozenset(record.flags),
    )


def _verdict(record: VerdictRecord, reading: Reading) -> Verdict:
    return Verdict(
        reading=reading,
        severity=record.severity,
        rule=record.rule,
        rule_source=record.rule_source,
        t1_c=_number(record.t1_c),
        t2_c=_number(record.t2_c),
        t0_c=_number(record.t0_c),
        relative_difference=_number(record.relative_difference),
        reason=record.reason,
        t2_source=record.t2_source,
        t0_source=record.t0_source,
        also=tuple(record.also),
        cautions=tuple(record.cautions),
        provisional=record.provisional,
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else value
