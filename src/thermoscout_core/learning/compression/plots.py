"""Pictures of a recipe: what accuracy costs in time and bytes, and each layer's sensitivity."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from thermoscout_core.learning.compression.records import CompressionRecord, StepRecord

_DENSE, _KEPT, _REFUSED = "#000000", "#0072b2", "#d55e00"
COLUMNS = 5


def pareto_figure(records: Sequence[CompressionRecord]) -> Figure:
    """mAP against time and against bytes, every step a point; the line joins those that no other
    beats in both. records: on the same data, the first one's dense model first."""
    figure = Figure(figsize=(12, 5), layout="constrained")
    by_time, by_size = figure.subplots(1, 2, sharey=True)
    steps = [records[0].dense, *(step for record in records for step in record.steps)]
    steps += [r.dense for r in records[1:] if r.dense.fingerprint != steps[0].fingerprint]
    timed = [step for step in steps if step.measures.latencies]
    dense_ms = records[0].dense.measures.latencies[0].p50_ms if timed else 1.0
    _draw(by_time, timed, [dense_ms / s.measures.latencies[0].faster for s in timed])
    _draw(by_size, steps, [step.measures.smallest_bytes / 1e6 for step in steps])
    runtime = timed[0].measures.latencies[0].runtime if timed else ""
    by_time.set(xlabel=f"time of one frame in {runtime}, ms (dense ÷ measured ratio)")
    by_time.set_ylabel(f"mAP@0.5 on {records[0].data}")
    by_size.set(xlabel="smallest file of these weights, MB")
    figure.suptitle(f"{records[0].machine['processor']}, {records[0].date[:10]}", size=10)
    return figure


def _draw(axes: Axes, steps: Sequence[StepRecord], costs: Sequence[float]) -> None:
    for step, cost in zip(steps, costs, strict=True):
        color = _DENSE if step.do == "dense" else _REFUSED if step.refused else _KEPT
        axes.plot(cost, step.measures.map_50, "o", color=color, fillstyle=_fill(step))
        axes.annotate(
            step.title,
            (cost, step.measures.map_50),
            xytext=(5, 4),
            textcoords="offset points",
            size=7,
        )
    front = pareto_front([(c, s.measures.map_50) for c, s in zip(costs, steps, strict=True)])
    axes.plot(*zip(*front, strict=True), color="grey", linewidth=0.8, zorder=0)
    axes.set_xlim(0, 1.2 * max(costs))
    axes.margins(y=0.15)
    axes.grid(alpha=0.3)


def _fill(step: StepRecord) -> str:
    return "none" if step.refused else "full"


def pareto_front(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Of (cost, accuracy), those that no other one beats in both, by cost."""
    front: list[tuple[float, float]] = []
    for cost, accuracy in sorted(points, key=lambda point: (point[0], -point[1])):
        if not front or accuracy > front[-1][1]:
            front.append((cost, accuracy))
    return front


def sensitivity_figure(step: StepRecord) -> Figure:
    """A small picture a layer: mAP against keep ratio, and what was chosen."""
    found = step.figures["sensitivity"]
    layers = list(found["curves"])
    rows = -(-len(layers) // COLUMNS)
    figure = Figure(figsize=(2.6 * COLUMNS, 1.7 * rows), layout="constrained")
    grid = figure.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False)
    for axes, name in zip(grid.flat, layers, strict=False):
        points = sorted((float(ratio), value) for ratio, value in found["curves"][name].items())
        axes.plot(*zip(*points, strict=True), "o-", color=_KEPT, markersize=3, linewidth=1)
        axes.axhline(found["dense"], color="grey", linewidth=0.6)
        chosen = step.figures["keep_ratios"].get(name)
        if chosen is not None:
            axes.axvline(chosen, color=_REFUSED, linewidth=1)
        axes.set_title(name.removeprefix("features."), size=6)
        axes.tick_params(labelsize=6)
    for axes in list(grid.flat)[len(layers) :]:
        axes.set_visible(False)
    figure.supxlabel("keep ratio of that layer alone (orange: what it has in the end)", size=8)
    figure.supylabel("mAP@0.5", size=8)
    return figure
