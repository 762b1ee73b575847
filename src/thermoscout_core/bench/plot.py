"""The bench as a picture: accuracy beside time."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from thermoscout_core.bench.record import BenchRecord, LineRecord
from thermoscout_core.bench.runtimes import RUNTIMES
from thermoscout_core.learning.evaluation.plots import save_figure

_OKABE_ITO = ("#56b4e9", "#0072b2", "#009e73", "#e69f00", "#000000", "#d55e00", "#cc79a7")
_COLORS = dict(zip(RUNTIMES, _OKABE_ITO, strict=True))
_BAR = 0.8


def save_plot(record: BenchRecord, path: Path) -> None:
    """Write the picture as PNG. Raises ResultsError when it can't be written."""
    save_figure(path, bench_figure(record))


def bench_figure(record: BenchRecord) -> Figure:
    """A group of bars for each network: median time (whisker: 95 %) and, where trained, mAP."""
    networks = list(dict.fromkeys((line.title, line.input_size_px) for line in record.lines))
    runtimes = list(dict.fromkeys(line.runtime for line in record.lines))
    height = 1.6 + 0.19 * len(networks) * (len(runtimes) + 1)
    figure = Figure(figsize=(11, height), layout="constrained")
    times, accuracies = figure.subplots(1, 2, sharey=True, width_ratios=(3, 1))
    step = _BAR / len(runtimes)
    for line in record.lines:
        group = networks.index((line.title, line.input_size_px))
        place = group - _BAR / 2 + (runtimes.index(line.runtime) + 0.5) * step
        _draw_time(times, line, place, step)
        _draw_accuracy(accuracies, line, place, step)
    labels = [f"{title}\n{size_px[0]}×{size_px[1]}" for title, size_px in networks]
    times.set_yticks(range(len(networks)), labels)
    times.invert_yaxis()
    times.set(xscale="log", xlabel="time of one frame, ms (median; whisker: 95 %)")
    left, right = times.get_xlim()
    times.set_xlim(min(1.0, left), right * 1.6)
    times.xaxis.set_major_formatter("{x:g}")
    times.grid(axis="x", alpha=0.3)
    accuracies.set(xlim=(0, 1.15), xlabel="mAP@0.5")
    for group, network in enumerate(networks):
        lines = [x for x in record.lines if (x.title, x.input_size_px) == network]
        if all(line.map_50 is None for line in lines):
            random = all(line.weights == "random" for line in lines)
            text = "random weights" if random else "not measured"
            accuracies.text(0.03, group, text, va="center", size=8, color="grey")
    bars = [Patch(color=_COLORS[name], label=RUNTIMES[name].title) for name in runtimes]
    figure.legend(handles=bars, loc="outside lower center", ncols=len(runtimes), fontsize=8)
    machine = record.machine
    figure.suptitle(
        f"{machine.cpu}, {record.options.threads} of {machine.cores} processors, "
        f"{record.date[:10]}{_loaded(record)}",
        size=10,
    )
    return figure


def _draw_time(axes: Axes, line: LineRecord, place: float, step: float) -> None:
    if line.p50_ms is None or line.p95_ms is None:
        return
    axes.barh(place, line.p50_ms, 0.92 * step, color=_COLORS[line.runtime])
    axes.plot([line.p50_ms, line.p95_ms], [place, place], color="black", linewidth=0.9)
    text = f" {line.p50_ms:.1f}" if line.p50_ms < 100 else f" {line.p50_ms:.0f}"
    axes.text(line.p95_ms, place, text, va="center", size=7)


def _draw_accuracy(axes: Axes, line: LineRecord, place: float, step: float) -> None:
    if line.map_50 is None:
        return
    axes.barh(place, line.map_50, 0.92 * step, color=_COLORS[line.runtime])
    axes.text(line.map_50, place, f" {line.map_50:.3f}", va="center", size=7)


def _loaded(record: BenchRecord) -> str:
    limit = record.options.max_foreign
    busy = any((line.foreign or 0.0) > limit for line in record.lines)
    return " · OTHER PROGRAMS RAN MEANWHILE, times are too long" if busy else ""
