"""The files of ``thermoscout evaluate --output``: evaluation.json and the pictures."""

from __future__ import annotations

from pathlib import Path

from thermoscout_core.atomic import write_bytes
from thermoscout_core.errors import ResultsError
from thermoscout_core.learning.evaluation.failures import false_detections, missed_boxes
from thermoscout_core.learning.evaluation.measures import Measures
from thermoscout_core.learning.evaluation.record import ComparisonRecord, ModelRecord

JSON_FILE = "evaluation.json"
PICTURES = (
    "precision_recall.png",
    "confusion.png",
    "calibration.png",
    "missed.png",
    "false_detections.png",
)
FAILURES_SHOWN = 16


def prepare_output(folder: Path) -> None:
    """Make the folder; called before any work is done.

    Raises ResultsError when it can't be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResultsError(f"{folder}: can't be made: {error.strerror or error}") from error


def write_record(path: Path, record: ModelRecord | ComparisonRecord) -> None:
    """Write the JSON whole or not at all. Raises ResultsError when it can't be written."""
    try:
        write_bytes(path, record.model_dump_json(indent=1).encode())
    except OSError as error:
        raise ResultsError(f"{path}: can't be written: {error.strerror or error}") from error


def write_pictures(folder: Path, measures: Measures, model_id: str) -> None:
    """Draw PICTURES of one model into a folder. Raises ResultsError when one can't be written."""
    from thermoscout_core.learning.evaluation.contact_sheet import contact_sheet
    from thermoscout_core.learning.evaluation.plots import (
        calibration_figure,
        confusion_figure,
        precision_recall_figure,
        save_figure,
    )

    images = measures.images
    title = f"{model_id} on {images.name}, {len(images.samples)} images"
    missed = missed_boxes(measures, FAILURES_SHOWN)
    wrong = false_detections(measures, FAILURES_SHOWN)
    order = "largest" if measures.heat is None else "hottest above their surroundings"
    at = f"score ≥ {measures.conditions.score_threshold:.2f}"
    figures = (
        precision_recall_figure(measures, title),
        confusion_figure(measures, title),
        calibration_figure(measures, title),
        contact_sheet(measures, missed, f"Missed at {at}, the {order} first\n{title}"),
        contact_sheet(measures, wrong, f"False at {at}, the most certain first\n{title}"),
    )
    prepare_output(folder)
    for name, figure in zip(PICTURES, figures, strict=True):
        save_figure(folder / name, figure)
