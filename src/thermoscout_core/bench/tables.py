"""The bench's tables as text: cells for the terminal, Markdown for a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from thermoscout_core.bench.record import BenchRecord, LineRecord
from thermoscout_core.bench.rows import REFERENCES
from thermoscout_core.bench.runtimes import RUNTIMES
from thermoscout_core.bench.summary import EXACT, is_exact

ABSENT = "n/a"
HEADS = (
    *("network", "input", "runtime", "mAP@0.5", "params, M", "GMACs", "file, MB"),
    *("p50, ms", "p95, ms", "images/s", "peak RSS, MiB", "J/image", "difference"),
)
TEXT_COLUMNS = 3
SHORT_HEADS = (
    *("runtime", "mAP", "file MB", "p50 ms", "p95 ms", "img/s", "RSS MiB", "J/img", "diff"),
)
RATIO_HEADS = ("time over MobileNet-SSD", "input", "runtime", "here", "seed 000, Jetson TX1")
MARK = "*"


def cells(line: LineRecord, max_foreign: float) -> tuple[str, ...]:
    """One line under HEADS; a time taken on a busy machine is marked."""
    busy = line.foreign is not None and line.foreign > max_foreign
    median = _time(line.p50_ms) + (MARK if busy else "")
    accuracy = ABSENT if line.map_50 is None else f"{line.map_50:.3f}"
    return (
        line.title,
        _size(line.input_size_px),
        RUNTIMES[line.runtime].title,
        "random weights" if line.weights == "random" else accuracy,
        _number(line.parameters, 3, 1e6),
        _number(line.macs, 3, 1e9),
        _number(line.file_bytes, 1, 1e6),
        median,
        _time(line.p95_ms),
        _number(line.images_per_s, 1),
        _number(line.peak_rss_mib, 0),
        _number(line.energy_j, 3),
        ABSENT if line.difference is None else f"{line.difference:.0e}",
    )


def by_network(record: BenchRecord) -> dict[str, list[tuple[str, ...]]]:
    """What holds for a network in all runtimes -> its lines under SHORT_HEADS: for a terminal,
    which is too narrow for the whole."""
    networks: dict[str, list[tuple[str, ...]]] = {}
    for line in record.lines:
        title, size, runtime, accuracy, parameters, macs, *figures = cells(
            line, record.options.max_foreign
        )
        heading = f"{title}, {size}: {parameters} M parameters, {macs} GMACs"
        short = "random" if line.weights == "random" else accuracy
        networks.setdefault(heading, []).append((runtime, short, *figures))
    return networks


def ratio_cells(record: BenchRecord) -> list[tuple[str, ...]]:
    """Lines under RATIO_HEADS."""
    rows: list[tuple[str, ...]] = []
    for ratio in record.ratios:
        size = _size(ratio.input_size_px)
        if ratio.baseline_size_px != ratio.input_size_px:
            size += f" over {_size(ratio.baseline_size_px)}"
        title, runtime = REFERENCES[ratio.model], RUNTIMES[ratio.runtime].title
        rows.append((title, size, runtime, f"{ratio.ratio:.2f}×", f"{ratio.seed_000:.2f}×"))
    return rows


def remarks(record: BenchRecord) -> list[str]:
    """What a reader of the figures must know, a sentence or two each."""
    machine, options = record.machine, record.options
    versions = ", ".join(f"{name} {number}" for name, number in machine.versions.items())
    said = [
        f"{record.date[:10]}, {machine.cpu}, {options.threads} of {machine.cores} processors, "
        f"{versions}.",
        f"Each line: {options.repeats} frames one at a time in {options.rounds} rounds of fresh "
        f"processes, the lines in turns, after {options.warm_up} frames to warm up. Time of the "
        "network alone.",
        "mAP@0.5 on " + options.data + "."
        if options.data is not None
        else "No --data, so no mAP@0.5.",
        "Difference: largest of any output, against ONNX Runtime with every optimisation off.",
    ]
    if any(RUNTIMES[line.runtime].file == "int8" for line in record.lines):
        said.append(f"int8 is calibrated on {options.calibration}.")
    fewest = min((line.frames for line in record.lines if line.error is None), default=0)
    if fewest < options.repeats:
        said.append(f"Stopped early: some lines have only {fewest} frames.")
    if any(line.weights == "random" for line in record.lines):
        said.append("Random weights: such lines have times and sizes, and no accuracy.")
    if machine.energy_counter is None:
        said.append("This machine shows no energy counter.")
    else:
        said.append(f"Energy: {machine.energy_counter}, idle draw included.")
    busy = [line for line in record.lines if (line.foreign or 0.0) > options.max_foreign]
    if busy:
        worst = max(line.foreign or 0.0 for line in busy)
        said.append(
            f"{MARK} Other programs took up to {100 * worst:.0f} % of the machine meanwhile: "
            "these times aren't this machine's. Measure again when it is quiet."
        )
    said += [
        f"{line.title} in {RUNTIMES[line.runtime].title}: {line.error}"
        for line in record.lines
        if line.error is not None
    ]
    said += [
        f"{line.title} in {RUNTIMES[line.runtime].title} isn't exact: its outputs differ by "
        f"{line.difference:.1e} (at most {EXACT:.0e})."
        for line in record.lines
        if RUNTIMES[line.runtime].exact and line.difference is not None and not is_exact(line)
    ]
    return said


def verdict(record: BenchRecord) -> str:
    """The fastest exact runtime, and how the default one stands to the others."""
    choice = record.choice
    if choice is None:
        return "No exact runtime was measured, so none is named."
    fastest, default = RUNTIMES[choice.runtime].title, RUNTIMES[choice.default_runtime].title
    said = f"Fastest exact runtime for {choice.model}: {fastest}, {choice.p50_ms:.2f} ms."
    for name, ratio in choice.default_over.items():
        slower = ratio > 1
        percent = 100 * (ratio - 1 if slower else 1 - ratio)
        said += (
            f" {default}, the default, takes {percent:.0f} % {'more' if slower else 'less'} time "
            f"than {RUNTIMES[name].title}."
        )
    return said


def markdown(record: BenchRecord) -> str:
    """The tables and their remarks, ready for a page."""
    limit = record.options.max_foreign
    parts = [_markdown_table(HEADS, (cells(line, limit) for line in record.lines))]
    if record.ratios:
        parts.append(_markdown_table(RATIO_HEADS, ratio_cells(record)))
    parts.append("\n".join(f"- {remark}" for remark in [*remarks(record), verdict(record)]))
    return "\n\n".join(parts) + "\n"


def _markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rules = ["---" if column < TEXT_COLUMNS else "---:" for column in range(len(heads))]
    lines = [heads, rules, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines).replace(MARK, f"\\{MARK}")


def _time(value_ms: float | None) -> str:
    """Three digits or more."""
    return _number(value_ms, 1 if value_ms is not None and value_ms >= 10 else 2)


def _number(value: float | None, digits: int, unit: float = 1.0) -> str:
    return ABSENT if value is None else f"{value / unit:.{digits}f}"


def _size(size_px: tuple[int, int]) -> str:
    return f"{size_px[0]}×{size_px[1]}"
