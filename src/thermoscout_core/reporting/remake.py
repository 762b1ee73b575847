"""Make the report of an earlier run again, from its results.json."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

from thermoscout_core.detections import Box, Detection
from thermoscout_core.errors import FrameError, ResultsError, ThermogramError
from thermoscout_core.frames import ThermalFrame
from thermoscout_core.inspection import FrameInspection
from thermoscout_core.readings import Reading
from thermoscout_core.reporting.pictures import PictureNames, close_up_name, write_pictures
from thermoscout_core.reporting.report import (
    DEFAULT_TITLE,
    REPORT_FILE,
    RESULTS_FILE,
    ensure_writable,
    write_page,
)
from thermoscout_core.results import (
    DetectionRecord,
    ImageRecord,
    ReadingRecord,
    VerdictRecord,
    read_results,
    write_results,
)
from thermoscout_core.thermograms import read_thermogram
from thermoscout_core.verdicts import Verdict


def remake_report(
    results_file: str | Path, output_dir: str | Path, title: str = DEFAULT_TITLE
) -> Path:
    """results.json -> report.html, pictures and a copy of results.json in output_dir.

    A picture is copied from beside results.json; where it is missing, it is drawn again from the
    thermogram that the record names; where that is gone too, the report does without.
    Raises ResultsError when results.json is foreign or the folder can't be written.
    """
    results_file, output = Path(results_file), Path(output_dir)
    results = read_results(results_file)
    ensure_writable(output)
    names = PictureNames()
    images = [
        _with_pictures(image, results_file.parent, output, names) for image in results.images
    ]
    results = results.model_copy(update={"images": images})
    write_results(output / RESULTS_FILE, results)
    write_page(output / REPORT_FILE, results, title)
    return output / REPORT_FILE


def _with_pictures(
    image: ImageRecord, origin: Path, output: Path, names: PictureNames
) -> ImageRecord:
    """The record, with its pictures in output. Raises ResultsError when they can't be written."""
    if image.error:
        return image
    picture = names.next(image.id)
    if _copied(image, origin, output, picture):
        return image.model_copy(update={"picture": picture})
    frame = _frame_of(image, origin)
    if frame is None:
        return image.model_copy(update={"picture": None})
    write_pictures(output, picture, inspection_of(image, frame))
    return image.model_copy(update={"picture": picture})


def _copied(image: ImageRecord, origin: Path, output: Path, picture: str) -> bool:
    if image.picture is None or not (origin / image.picture).is_file():
        return False
    pairs = [(image.picture, picture)]
    pairs += [
        (close_up_name(image.picture, index), close_up_name(picture, index))
        for index, verdict in enumerate(image.verdicts)
        if verdict.severity.is_fault
    ]
    for old, new in pairs:
        source, target = origin / old, output / new
        if source.is_file() and source.resolve() != target.resolve():
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
            except OSError as error:
                raise ResultsError(f"{target}: can't be written: {error.strerror}") from error
    return True


def _frame_of(image: ImageRecord, origin: Path) -> ThermalFrame | None:
    for path in (Path(image.file), origin / image.file):
        if image.file and path.is_file():
            try:
                frame = read_thermogram(path)
            except (ThermogramError, FrameError):
                continue
            if (frame.width_px, frame.height_px) == (image.width_px, image.height_px):
                return frame
    return None


def inspection_of(image: ImageRecord, frame: ThermalFrame) -> FrameInspection:
    """A record and its frame -> the inspection that the record was made of."""
    readings = [_reading(record) for record in image.readings]
    by_detection = {reading.detection: reading for reading in readings}
    verdicts = []
    for record in image.verdicts:
        detection = _detection(record)
        reading = by_detection.get(detection, Reading(detection, hot_spot_px=record.hot_spot_px))
        verdicts.append(_verdict(record, reading))
    return FrameInspection(
        frame,
        tuple(_detection(record) for record in image.detections),
        tuple(readings),
        tuple(verdicts),
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
        provisional=record.provisional,
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else value
