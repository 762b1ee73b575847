"""The report of a recipe: one table for people, beside compression.json."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from thermoscout_core.errors import ResultsError
from thermoscout_core.learning.checkpoint import write_whole
from thermoscout_core.learning.compression.pareto import (
    BASELINES,
    Point,
    baseline_map,
    pareto_figure,
    point_of,
)
from thermoscout_core.learning.compression.records import (
    FINAL_RECORD,
    CompressionRecord,
    StepRecord,
)
from thermoscout_core.learning.compression.sensitivity_plot import sensitivity_figure
from thermoscout_core.learning.evaluation.plots import save_figure

REPORT, PARETO = "report.md", "pareto.png"
BUSY = 0.05
HEADINGS = (
    *("step", "mAP@0.5", "Δ points", "parameters, M", "non-zero, M", "MACs, G", "file, MB"),
    *("smaller", "ms", "faster"),
)


def write_report(
    record: CompressionRecord,
    folder: Path,
    others: Sequence[CompressionRecord] = (),
    ready: Sequence[Point] = (),
) -> Path:
    """report.md, pareto.png and the sweeps' pictures into folder; returns report.md.

    others: records of other recipes on the same data, for the plot and the baselines. ready: files
    that no step made, measured beside the dense model. Raises CheckpointError or ResultsError when
    a file can't be written.
    """
    save_figure(folder / PARETO, pareto_figure([record, *others], ready))
    pictures = [PARETO]
    for step in record.steps:
        if "sensitivity" in step.figures:
            name = f"sensitivity-{step.folder}.png"
            save_figure(folder / name, sensitivity_figure(step))
            pictures.append(name)
    text = "\n".join(report_lines(record, pictures, others, ready))
    write_whole(folder / REPORT, (text + "\n").encode())
    return folder / REPORT


def report_lines(
    record: CompressionRecord,
    pictures: Sequence[str],
    others: Sequence[CompressionRecord] = (),
    ready: Sequence[Point] = (),
) -> Iterator[str]:
    """The report in Markdown."""
    yield "# Compression\n"
    machine = record.machine
    yield (
        f"{record.date[:10]}, {machine['processor']}, {machine['cores']} cores. "
        f"mAP@0.5 on {record.data}, of the ONNX file in ONNX Runtime; times are medians of one "
        "frame through the network, measured in turns with the dense model.\n"
    )
    yield "| " + " | ".join([*HEADINGS, "verdict"]) + " |"
    yield "|" + "---|" * (len(HEADINGS) + 1)
    yield "| " + " | ".join([*row_of(record.dense, record), ""]) + " |"
    for step in record.steps:
        yield "| " + " | ".join([*row_of(step, record), verdict_of(step, record)]) + " |"
    yield ""
    yield f"**{_conclusion(record)}**\n"
    if record.test is not None:
        test = record.test
        yield (
            f"On the split {test.split} ({test.images} images, looked at once): dense "
            f"{test.dense_map_50:.4f}, compressed {test.compressed_map_50:.4f}.\n"
        )
    yield from _details(record)
    yield from _beside(record, ready)
    yield from _against_baselines([record, *others])
    for picture in pictures:
        yield f"![{picture}]({picture})\n"


def row_of(step: StepRecord, record: CompressionRecord) -> list[str]:
    """A step's cells under HEADINGS."""
    measures, dense = step.measures, record.dense.measures
    times, ratios = "–", "–"
    if measures.latencies:
        latency = measures.latencies[0]
        busy = "*" if (latency.foreign or 0.0) > BUSY else ""
        times, ratios = f"{latency.p50_ms:.2f}{busy}", f"{latency.faster:.2f}×"
    return [
        step.title,
        f"{measures.map_50:.4f}",
        f"{100 * (measures.map_50 - dense.map_50):+.1f}",
        f"{measures.parameters / 1e6:.3f}",
        f"{measures.nonzero / 1e6:.3f}",
        f"{measures.macs / 1e9:.3f}",
        f"{measures.smallest_bytes / 1e6:.2f}",
        f"{dense.onnx_bytes / measures.smallest_bytes:.2f}×",
        times,
        ratios,
    ]


def verdict_of(step: StepRecord, record: CompressionRecord) -> str:
    """Kept, taken, or refused and why."""
    if step.refused:
        return "refused: " + "; ".join(step.refused)
    return "taken" if step.title == record.chosen else "kept"


def _conclusion(record: CompressionRecord) -> str:
    if record.chosen is None:
        return f"No model meets the goal: {'; '.join(record.unmet)}. Nothing was taken."
    return f"Taken: {record.chosen} (compressed.onnx)."


def _details(record: CompressionRecord) -> Iterator[str]:
    steps = (record.dense, *record.steps)
    if any((one.foreign or 0) > BUSY for step in steps for one in step.measures.latencies):
        yield (
            "\\* others took more than 5 % of the machine meanwhile: compare the ratio, which was "
            "measured in turns, not the milliseconds.\n"
        )
    for step in steps:
        gate = step.gate
        shown = [f"torch {gate.map_torch:.4f} → file {gate.map_onnx:.4f} mAP"]
        if gate.folding_difference is not None:
            shown.append(f"folding {gate.folding_difference:.1e}")
        if gate.onnx_difference is not None:
            shown.append(f"outputs in ONNX Runtime {gate.onnx_difference:.1e}")
        stored = step.measures.stored_bytes.items()
        shown += [f"{name} {size / 1e6:.2f} MB" for name, size in stored]
        shown += [
            f"{one.runtime} {one.p50_ms:.2f} ms ({one.faster:.2f}×)"
            for one in step.measures.latencies
        ]
        yield f"- **{step.title}** ({step.seconds:.0f} s): {', '.join([*shown, *step.notes])}"
    yield ""


def _beside(record: CompressionRecord, ready: Sequence[Point]) -> Iterator[str]:
    """The ready files, in a table of their own: what is inside them isn't known."""
    if not ready:
        return
    dense = record.dense.measures
    yield "Ready files, measured in the same run:\n"
    yield "| file | mAP@0.5 | Δ points | file, MB | smaller | faster |"
    yield "|---|---|---|---|---|---|"
    for point in ready:
        cells = [
            point.title,
            f"{point.map_50:.4f}",
            f"{100 * (point.map_50 - dense.map_50):+.1f}",
            f"{point.size_bytes / 1e6:.2f}",
            f"{dense.onnx_bytes / point.size_bytes:.2f}×",
            "–" if point.faster is None else f"{point.faster:.2f}×",
        ]
        yield "| " + " | ".join(cells) + " |"
    yield ""


def _against_baselines(records: Sequence[CompressionRecord]) -> Iterator[str]:
    """Whether each step is worth its trouble: a smaller input costs nothing."""
    record = records[0]
    judged = [step for step in record.steps if step.do not in BASELINES]
    if not (judged and any(step.do == "rescale" for one in records for step in one.steps)):
        return
    yield "At the same time as each step, a smaller input or a narrower network reaches:\n"
    for step in judged:
        at_ms = point_of(step).time_ms(record.dense)
        baseline = None if at_ms is None else baseline_map(records, at_ms)
        if baseline is None:
            yield f"- **{step.title}**: none is so fast"
        else:
            points = 100 * (step.measures.map_50 - baseline)
            yield f"- **{step.title}**: {baseline:.4f}; the step is {points:+.1f} points from it"
    yield ""


def read_record(folder: Path) -> CompressionRecord:
    """compression.json of a recipe's output. Raises ResultsError when it is missing or foreign."""
    path = folder / FINAL_RECORD
    try:
        return CompressionRecord.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        raise ResultsError(f"{path}: no record of 'thermoscout compress': {error}") from error
