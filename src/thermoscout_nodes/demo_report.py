"""From the demo's bag to its report, its pictures, and the tables on the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from thermoscout_core.errors import ThermoscoutError
from thermoscout_core.inspection import Inspector, NamedInspection
from thermoscout_core.reporting.report import write_report
from thermoscout_core.reporting.sheets import TruthTable
from thermoscout_core.thermograms.finding import ThermogramFile
from thermoscout_core.thermograms.reading import read_thermogram
from thermoscout_core.verdicts import Severity
from thermoscout_nodes.bag_frames import BagFrames, Judged
from thermoscout_nodes.found_versus_truth import Comparison, Equipment, compare
from thermoscout_nodes.matching import Stamp

MOST_PICTURES = 40
TABLE_WIDTH = 104

_COLUMNS = ("equipment", "class", "seen in", "true °C", "read °C", "truth", "verdict", "")
_STYLES = {"missed": "bold red", "false alarm": "bold yellow", "found": "green"}


def report_of_patrol(bag: Path, output: Path, console: Console) -> Path:
    """Report of a simulated patrol, with what was found beside what was there."""
    frames = BagFrames(bag)
    judged = frames.judged()
    comparison = compare(judged)
    faults_first = sorted(comparison.equipment, key=lambda item: -item.true_severity.rank)
    rows = [_row(item) for item in faults_first]
    figures = [f"{what}: {how_much}" for what, how_much in comparison.summary()]
    chosen = _chosen(comparison, judged)
    note = (
        f"{'; '.join(figures)}. Shown below: {len(chosen)} of {comparison.frames} frames, which "
        "show every piece that was found; the bag holds all. 'seen in' counts the frames in which "
        "it was found and those in which it was there; °C are medians over them."
    )
    report = write_report(
        output,
        _patrol_inspections(frames, judged, chosen),
        title="Simulated patrol",
        truth=TruthTable(_COLUMNS, rows, note),
        inspector=Inspector.default(),  # what the demo's graph runs at its default parameters
    )
    _print_patrol(rows, comparison, console)
    return report


def report_of_files(
    bag: Path, files: Sequence[ThermogramFile], output: Path, console: Console
) -> Path:
    """Report of a folder: every file appears, with its verdicts or with why it has none."""
    inspections: list[NamedInspection] = []

    def noted() -> Iterator[NamedInspection]:
        for named in _file_inspections(BagFrames(bag), files):
            inspections.append(NamedInspection(named.id, named.file, None, named.error))
            _print_file(named, table, severities)
            yield named

    table = Table("image", "equipment", "hottest °C", "worst verdict", box=box.SIMPLE)
    severities: Counter[Severity] = Counter()
    title = f"Thermograms of {output.name}"
    report = write_report(output, noted(), title, inspector=Inspector.default())
    console.print(table)
    bad = sum(bool(named.error) for named in inspections)
    counts = ", ".join(f"{severities[s]} {s.value}" for s in Severity)
    console.print(f"{len(inspections)} images, {bad} without a verdict. Verdicts: {counts}")
    return report


def _row(item: Equipment) -> list[str]:
    given = item.given_severity
    remark = "found"
    if item.is_missed_fault:
        remark = "missed"
    elif item.is_false_alarm:
        remark = "false alarm"
    elif not item.frames_found:
        remark = "not found"
    return [
        item.equipment_id,
        item.class_name,
        f"{item.frames_found}/{item.frames_seen}",
        f"{median(item.true_c):.1f}",
        f"{median(item.corrected_c):.1f}" if item.corrected_c else "-",
        item.true_severity.value,
        given.value if given else "-",
        remark,
    ]


def _chosen(comparison: Comparison, judged: Sequence[Judged]) -> set[Stamp]:
    """Frames that show every piece that was found; a few of all when nothing was."""
    telling = comparison.telling_frames()
    if not telling:
        telling = [frame.stamp for frame in judged[:: max(1, len(judged) // 10)]]
    return set(telling[:MOST_PICTURES])


def _patrol_inspections(
    frames: BagFrames, judged: Sequence[Judged], chosen: set[Stamp]
) -> Iterator[NamedInspection]:
    begun_s = judged[0].stamp[0] if judged else 0
    for stamp, frame in frames.frames(chosen):
        name = f"patrol_{stamp[0] - begun_s:03d}s_{stamp[1] // 10**6:03d}ms"
        yield NamedInspection(name, "", frames.inspection(stamp, frame))


def _file_inspections(
    frames: BagFrames, files: Sequence[ThermogramFile]
) -> Iterator[NamedInspection]:
    """The files in order, each with the recorded frame that holds its very counts."""
    recorded = frames.frames()
    waiting = next(recorded, None)
    for file in files:
        path = str(file.path)
        try:
            counts = read_thermogram(file.path, file.scale).counts
        except ThermoscoutError as error:
            yield NamedInspection(file.id, path, None, str(error))
            continue
        inspection = None
        if waiting is not None and same_counts(waiting[1].counts, counts):
            inspection = frames.inspection(*waiting)
            waiting = next(recorded, None)
        error = "" if inspection else "the graph gave no verdicts for this image"
        yield NamedInspection(file.id, path, inspection, error)


def same_counts(sent: np.ndarray, read: np.ndarray) -> bool:
    """Invalid pixels go over the topic as count 0 and then a true 0 goes as 1."""
    if sent.shape != read.shape:
        return False
    differs = sent != read
    return bool(not differs.any() or (sent[differs] <= 1).all())


def _print_patrol(rows: Sequence[Sequence[str]], comparison: Comparison, console: Console) -> None:
    table = Table(title="Found versus truth", box=box.SIMPLE, padding=(0, 1, 0, 0))
    for name in _COLUMNS:
        number = name.endswith(("°C", "in"))
        table.add_column(name, justify="right" if number else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row, style=_STYLES.get(row[-1], "dim"))
    Console(width=max(console.width, TABLE_WIDTH)).print(table)
    figures = Table(show_header=False, title="Over the whole patrol")
    for what, how_much in comparison.summary():
        figures.add_row(what, how_much)
    console.print(figures)


def _print_file(named: NamedInspection, table: Table, severities: Counter[Severity]) -> None:
    inspection = named.inspection
    if inspection is None:
        table.add_row(named.id, "-", "-", named.error, style="red")
        return
    severities.update(verdict.severity for verdict in inspection.verdicts)
    hottest = max((r.corrected_c for r in inspection.readings if r.has_temperature), default=None)
    worst = inspection.worst
    table.add_row(
        named.id,
        str(len(inspection.detections)),
        "-" if hottest is None else f"{hottest:.1f}",
        worst.value if worst else "nothing found",
        style="red" if worst is not None and worst.is_fault else "",
    )
