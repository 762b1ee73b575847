"""Writing a report: one HTML file that needs nothing beside itself, and a PDF."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from thermoscout_core.atomic import write_bytes, write_chunks
from thermoscout_core.errors import ConfigurationError, ResultsError
from thermoscout_core.inspection import Inspector, NamedInspection
from thermoscout_core.reporting.composition import Composition, ReportOptions, Watch, unwatched
from thermoscout_core.reporting.illustrations import Illustrator
from thermoscout_core.reporting.page import page_chunks
from thermoscout_core.reporting.pictures import PictureNames, write_pictures
from thermoscout_core.reporting.sheets import TruthTable, content_of
from thermoscout_core.results import (
    ImageRecord,
    Results,
    image_record,
    read_results,
    run_results,
    write_results,
)

REPORT_FILE = "report.html"
PDF_FILE = "report.pdf"
RESULTS_FILE = "results.json"


@dataclass(frozen=True)
class Outputs:
    """Which files are to be written; annex_c: a DL/T 664 Annex C thermogram an image."""

    html: bool = True
    pdf: bool = False
    annex_c: bool = False


@dataclass(frozen=True)
class Written:
    """Which files were. page, pdf: None where not asked for. left_out: the thermograms that
    couldn't become Annex C files, each with its reason."""

    page: Path | None = None
    pdf: Path | None = None
    annexes: Sequence[Path] = ()
    left_out: Sequence[str] = ()


def make_report(
    results_or_folder: str | Path,
    output_dir: str | Path | None = None,
    options: ReportOptions | None = None,
    outputs: Outputs | None = None,
    watch: Watch = unwatched,
) -> Written:
    """results.json, or the folder that holds it -> report.html, report.pdf, annex_c/ in
    output_dir (default: beside results.json).

    The pictures are drawn from the thermograms that results.json names; where one is gone, the
    annotated picture beside results.json is taken, and where that is gone too, there is none.
    Raises ResultsError for foreign results or a folder that can't be written.
    """
    file = results_file(results_or_folder)
    results = read_results(file)
    output = Path(output_dir) if output_dir is not None else file.parent
    ensure_writable(output)
    return write_files(results, file.parent, output, options, outputs, watch)


def write_files(
    results: Results,
    origin: Path,
    output: Path,
    options: ReportOptions | None = None,
    outputs: Outputs | None = None,
    watch: Watch = unwatched,
) -> Written:
    """The files of a report. origin: folder that the records' paths are relative to."""
    options, outputs = options or ReportOptions(), outputs or Outputs()
    content = content_of(results, options.details, options.truth)
    page = pdf = None
    annexes: Sequence[Path] = ()
    left_out: Sequence[str] = ()
    with TemporaryDirectory(prefix="thermoscout-report-") as workplace:
        illustrator = Illustrator(origin, Path(workplace), options.style)
        composition = Composition(content, options, illustrator, watch)
        try:
            if outputs.html:
                page = output / REPORT_FILE
                write_chunks(page, page_chunks(composition))
            if outputs.pdf:
                pdf = _write_pdf(output / PDF_FILE, composition)
        except OSError as error:
            raise ResultsError(f"{output}: the report can't be written: {error}") from error
        if outputs.annex_c:
            from thermoscout_core.reporting.annexes import write_annexes

            annexes, left_out = write_annexes(output, composition, origin)
    return Written(page, pdf, annexes, left_out)


def _write_pdf(path: Path, composition: Composition) -> Path:
    try:
        from thermoscout_core.reporting.pdf import write_pdf
    except ImportError as error:
        raise ConfigurationError(
            f"a PDF needs {error.name}, which isn't installed: pip install 'thermoscout[report]'; "
            "report.html needs nothing, and a browser prints it"
        ) from error
    return write_pdf(path, composition)


def results_file(results_or_folder: str | Path) -> Path:
    """results.json itself, or that of a folder."""
    given = Path(results_or_folder)
    return given / RESULTS_FILE if given.is_dir() else given


class ReportWriter:
    """Collects a run image by image: no frame is kept once its pictures are drawn.

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
        options: ReportOptions | None = None,
        page: bool = True,
        watch: Watch = unwatched,
    ) -> Path:
        """Write results.json and, unless page is False, report.html; return the latter's path."""
        write_results(self.output_dir / RESULTS_FILE, results)
        write_files(results, self.output_dir, self.output_dir, options, Outputs(html=page), watch)
        return self.output_dir / REPORT_FILE


def write_report(
    output_dir: str | Path,
    inspections: Iterable[NamedInspection],
    title: str = "",
    truth: TruthTable | None = None,
    inspector: Inspector | None = None,
) -> Path:
    """Inspections, one after the other -> report.html, annotated/*.png and results.json.

    inspector: what made them, for the record. Raises ResultsError when it can't be written.
    """
    writer = ReportWriter(output_dir)
    for named in inspections:
        writer.add(named)
    results = run_results(inspector, writer.records)
    return writer.finish(results, ReportOptions(title=title, truth=truth))


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
