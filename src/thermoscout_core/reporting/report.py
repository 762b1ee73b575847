"""The report of a run: one HTML page that works offline, and the annotated pictures beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from thermoscout_core.atomic import write_bytes
from thermoscout_core.errors import ResultsError
from thermoscout_core.inspection import Inspector, NamedInspection
from thermoscout_core.reporting.page import render_page
from thermoscout_core.reporting.pictures import PictureNames, write_pictures
from thermoscout_core.results import (
    ImageRecord,
    Results,
    image_record,
    run_results,
    write_results,
)

REPORT_FILE = "report.html"
RESULTS_FILE = "results.json"
DEFAULT_TITLE = "Thermal inspection"


@dataclass(frozen=True)
class TruthTable:
    """Found against truth, where the truth is known. rows: text, as many as columns each."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


class ReportWriter:
    """Writes a report image by image: no frame is kept once its pictures are drawn.

    Raises ResultsError, from any method, when the folder can't be written.
    """

    def __init__(self, output_dir: str | Path) -> None:
        self.output_dir = Path(output_dir)
        self.records: list[ImageRecord] = []
        self._names = PictureNames()
        ensure_writable(self.output_dir)

    def add(self, named: NamedInspection, pictures: bool = True) -> ImageRecord:
        """Draw the pictures of one image and keep its record."""
        picture = None
        if named.inspection is not None and pictures:
            picture = self._names.next(named.id)
            write_pictures(self.output_dir, picture, named.inspection)
        record = image_record(named, picture)
        self.records.append(record)
        return record

    def finish(
        self,
        results: Results,
        title: str = DEFAULT_TITLE,
        truth: TruthTable | None = None,
        page: bool = True,
    ) -> Path:
        """Write results.json and, unless page is False, report.html; return the latter's path."""
        write_results(self.output_dir / RESULTS_FILE, results)
        path = self.output_dir / REPORT_FILE
        if page:
            write_page(path, results, title, truth)
        return path


def write_report(
    output_dir: str | Path,
    inspections: Iterable[NamedInspection],
    title: str = DEFAULT_TITLE,
    truth: TruthTable | None = None,
    inspector: Inspector | None = None,
) -> Path:
    """Inspections, one after the other -> report.html, annotated/*.png and results.json.

    inspector: what made them, for the record. Raises ResultsError when it can't be written.
    """
    writer = ReportWriter(output_dir)
    for named in inspections:
        writer.add(named)
    return writer.finish(run_results(inspector, writer.records), title, truth)


def write_page(
    path: Path, results: Results, title: str = DEFAULT_TITLE, truth: TruthTable | None = None
) -> None:
    """Render report.html of a run whose pictures lie beside it."""
    try:
        write_bytes(path, render_page(results, title, truth, path.parent).encode("utf-8"))
    except OSError as error:
        raise ResultsError(f"{path}: can't be written: {error.strerror or error}") from error


def ensure_writable(folder: Path) -> None:
    """Make the folder, and see that files can be made in it; before the long work, not after."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".thermoscout-write-test"
        write_bytes(probe, b"", durable=False)
        probe.unlink()
    except OSError as error:
        raise ResultsError(
            f"{folder}: can't be written ({error.strerror or error}); give another --output"
        ) from error
