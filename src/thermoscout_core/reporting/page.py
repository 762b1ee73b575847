"""The report's HTML, rendered from the records alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

from thermoscout_core.reporting.pictures import close_up_name
from thermoscout_core.results import ImageRecord, ReadingRecord, Results, VerdictRecord
from thermoscout_core.verdicts import Severity

if TYPE_CHECKING:
    from thermoscout_core.reporting.report import TruthTable

_TEMPLATES = Path(__file__).parent / "templates"
_GRAVEST_FIRST = tuple(sorted(Severity, key=lambda severity: -severity.rank))
_FLAG_MEANINGS = {
    "no_radiometry": "the frame has no temperature scale",
    "no_valid_pixel": "every pixel of the box is invalid",
    "unknown_settings": "what the camera worked in is unknown, so nothing was corrected",
    "no_range": "no distance, so nothing was corrected",
    "stale_range": "the last distance was too old, so nothing was corrected",
    "assumed_conditions": "emissivity, air temperature or humidity assumed: nobody stated them",
    "out_of_calibration": "outside the correction network's domain, corrected by physics",
    "too_small": "smaller than 3×3 pixels, reads low",
    "saturated": "at the detector's limit, may be hotter",
}


@dataclass(frozen=True)
class Entry:
    """A verdict with its image and reading, as the page lists it. anchor: of the image on the
    page. close_up: path or None."""

    image: ImageRecord
    anchor: str
    verdict: VerdictRecord
    reading: ReadingRecord | None
    close_up: str | None


def render_page(results: Results, title: str, truth: TruthTable | None, picture_root: Path) -> str:
    """The whole page. picture_root: folder that the records' picture paths are relative to; a
    picture that isn't there is left out."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    environment.filters["percent"] = percent
    environment.filters["utc"] = utc
    environment.filters["words"] = lambda text: text.replace("_", " ")
    images = [
        (
            image,
            anchor,
            entries_of(image, anchor, picture_root),
            shown_picture(image, picture_root),
        )
        for image, anchor in ((each, f"image-{n}") for n, each in enumerate(results.images, 1))
    ]
    entries = [entry for _, _, of_image, _ in images for entry in of_image]
    return environment.get_template("report.html.jinja").render(
        title=title,
        results=results,
        images=images,
        faults=faults_first(entries),
        counts=Counter(entry.verdict.severity.value for entry in entries),
        severities=[severity.value for severity in _GRAVEST_FIRST],
        failed=[image for image in results.images if image.error],
        flag_meanings=_FLAG_MEANINGS,
        truth=truth,
    )


def entries_of(image: ImageRecord, anchor: str, picture_root: Path) -> list[Entry]:
    """The verdicts of an image, gravest first."""
    by_box = {(reading.box, reading.class_name): reading for reading in image.readings}
    entries = []
    for index, verdict in enumerate(image.verdicts):
        close_up = close_up_name(image.picture, index) if image.picture else None
        if close_up and not (picture_root / close_up).is_file():
            close_up = None
        reading = by_box.get((verdict.box, verdict.class_name))
        entries.append(Entry(image, anchor, verdict, reading, close_up))
    return sorted(entries, key=_gravity)


def faults_first(entries: list[Entry]) -> list[Entry]:
    """The faults alone, gravest and then hottest first."""
    return sorted((entry for entry in entries if entry.verdict.severity.is_fault), key=_gravity)


def _gravity(entry: Entry) -> tuple[int, float]:
    t1_c = entry.verdict.t1_c
    return -entry.verdict.severity.rank, -t1_c if t1_c is not None else float("inf")


def shown_picture(image: ImageRecord, picture_root: Path) -> str | None:
    if image.picture is None or not (picture_root / image.picture).is_file():
        return None
    return image.picture


def number(value: float | None, digits: int = 1) -> str:
    """A measured number for people; a dash where it wasn't measured."""
    return "–" if value is None else f"{value:.{digits}f}".replace("-", "−")


def percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f} %"


def utc(stamp_s: float | None) -> str:
    """Unix time as date and time, as the file states it (files have no zone)."""
    if stamp_s is None:
        return "–"
    try:
        return datetime.fromtimestamp(stamp_s, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, OSError, ValueError):
        return "–"
