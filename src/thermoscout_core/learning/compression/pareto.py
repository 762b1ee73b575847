"""What accuracy costs in time and bytes, over all steps of one recipe or several."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import Bbox

from thermoscout_core.learning.compression.records import CompressionRecord, StepRecord

STYLES = {
    "dense": ("dense", "s", "#000000"),
    "rescale": ("smaller input, narrower", "X", "#7f7f7f"),
    "finetune": ("trained on", "P", "#8c564b"),
    "prune_weights": ("weights pruned", "^", "#56b4e9"),
    "prune_filters": ("filters pruned", "o", "#0072b2"),
    "factorise": ("factorised", "D", "#009e73"),
    "distil": ("distilled", "v", "#cc79a7"),
    "net2net": ("Net2Net", "p", "#b8a000"),
    "quantise": ("quantised", "h", "#d55e00"),
}
"""Of each kind of step: its name, marker and colour."""
BASELINES = ("dense", "rescale")
"""The cheap ways, which every method must beat at equal time."""
LABEL_SIZE = 7


def all_steps(records: Sequence[CompressionRecord]) -> list[StepRecord]:
    """Every step of every record, dense models first, each once."""
    dense = {record.dense.fingerprint: record.dense for record in records}
    return [*dense.values(), *(step for record in records for step in record.steps)]


def time_ms(step: StepRecord, dense: StepRecord) -> float | None:
    """A step's time in the first runtime on the scale of one dense model: its ratio was measured
    in turns, and says more than its milliseconds. None where it wasn't timed."""
    if not (step.measures.latencies and dense.measures.latencies):
        return None
    return dense.measures.latencies[0].p50_ms / step.measures.latencies[0].faster


def baseline_map(records: Sequence[CompressionRecord], at_ms: float) -> float | None:
    """The mAP that a smaller input or a narrower network has at that time, between the nearest
    two. None when none of them is so fast."""
    front = _baseline_front(records)
    if not front or at_ms < front[0][0]:
        return None
    costs, accuracies = ([point[k] for point in front] for k in (0, 1))
    return float(np.interp(at_ms, costs, accuracies))


def _baseline_front(records: Sequence[CompressionRecord]) -> list[tuple[float, float]]:
    dense = records[0].dense
    cheap = [step for step in all_steps(records) if step.do in BASELINES]
    timed = [(time_ms(step, dense), step.measures.map_50) for step in cheap]
    return pareto_front([(cost, accuracy) for cost, accuracy in timed if cost is not None])


def pareto_front(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Of (cost, accuracy), those that no other one beats in both, by cost."""
    front: list[tuple[float, float]] = []
    for cost, accuracy in sorted(points, key=lambda point: (point[0], -point[1])):
        if not front or accuracy > front[-1][1]:
            front.append((cost, accuracy))
    return front


def pareto_figure(records: Sequence[CompressionRecord]) -> Figure:
    """mAP against time and against bytes, every step a point, refused ones hollow; a line joins
    those that no other beats in both, a dashed one the baselines. records: on the same data, the
    first one's dense model first."""
    figure = Figure(figsize=(13, 6), layout="constrained")
    by_time, by_size = figure.subplots(1, 2, sharey=True)
    dense, steps = records[0].dense, all_steps(records)
    times = [time_ms(step, dense) for step in steps]
    timed = [(step, cost) for step, cost in zip(steps, times, strict=True) if cost is not None]
    sized = [(step, step.measures.smallest_bytes / 1e6) for step in steps]
    for axes, points in ((by_time, timed), (by_size, sized)):
        _draw(axes, points)
    baselines = _baseline_front(records)
    if len(baselines) > 1:
        by_time.plot(*zip(*baselines, strict=True), "--", color="grey", lw=0.8, zorder=0)
    runtime = dense.measures.latencies[0].runtime if timed else "no runtime"
    by_time.set(
        xlabel=f"time of one frame in {runtime}, ms (dense ÷ measured ratio)",
        ylabel=f"mAP@0.5 on {records[0].data}",
    )
    by_size.set(xlabel="smallest file of these weights, MB")
    figure.suptitle(f"{records[0].machine['processor']}, {records[0].date[:10]}", size=10)
    figure.legend(handles=_legend(steps), loc="outside lower center", ncols=6, fontsize=8)
    figure.draw_without_rendering()  # labels are placed on the finished layout
    for axes, points in ((by_time, timed), (by_size, sized)):
        _label(axes, points)
    return figure


def _draw(axes: Axes, points: Sequence[tuple[StepRecord, float]]) -> None:
    for step, cost in points:
        _, marker, color = STYLES[step.do]
        fill = "none" if step.refused else "full"
        axes.plot(cost, step.measures.map_50, marker, color=color, fillstyle=fill, markersize=7)
    front = pareto_front([(cost, step.measures.map_50) for step, cost in points])
    if front:
        axes.plot(*zip(*front, strict=True), color="black", linewidth=0.8, zorder=0)
        axes.set_xlim(0, 1.25 * max(cost for _, cost in points))
    axes.margins(y=0.15)
    axes.grid(alpha=0.3)


def _legend(steps: Sequence[StepRecord]) -> list[Line2D]:
    there = {step.do for step in steps}
    shown = [
        Line2D([], [], marker=marker, color=color, linestyle="", label=name)
        for do, (name, marker, color) in STYLES.items()
        if do in there
    ]
    shown.append(Line2D([], [], color="black", linewidth=0.8, label="nothing beats these"))
    if "rescale" in there:
        line = Line2D([], [], color="grey", linestyle="--", linewidth=0.8, label="the cheap ways")
        shown.append(line)
    if any(step.refused for step in steps):
        hollow = Line2D([], [], marker="o", color="black", linestyle="", label="refused")
        hollow.set_fillstyle("none")
        shown.append(hollow)
    return shown


def _label(axes: Axes, points: Sequence[tuple[StepRecord, float]]) -> None:
    """Each point's title beside it, moved down until it covers no other one and no point."""
    middles = [axes.transData.transform((cost, s.measures.map_50)) for s, cost in points]
    taken = [Bbox.from_bounds(x - 3, y - 3, 6, 6) for x, y in middles]
    for step, cost in sorted(points, key=lambda point: -point[0].measures.map_50):
        place = (cost, step.measures.map_50)
        label = axes.annotate(
            step.title, place, (6, 4), textcoords="offset points", size=LABEL_SIZE
        )
        while any(label.get_window_extent().overlaps(box) for box in taken):
            x, y = label.xyann
            label.xyann = (x, y - LABEL_SIZE / 2)
        taken.append(label.get_window_extent())
