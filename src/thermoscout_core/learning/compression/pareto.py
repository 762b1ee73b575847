"""What accuracy costs in time and bytes, over all steps of one recipe or several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import Bbox

from thermoscout_core.learning.compression.records import CompressionRecord, StepRecord

READY = "ready"
"""What `do` is of a file that no step here made."""
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
    READY: ("ready files", "*", "#e69f00"),
}
"""Of each kind of step: its name, marker and colour."""
BASELINES = ("dense", "rescale")
"""The cheap ways, which every method must beat at equal time."""
LABEL_SIZE = 7
LABEL_REACHES = range(5, 90, 4)
"""How far from its point a title may stand, in points of type, the nearest first."""
NEAR_REACH = 12
LABEL_SIDES = ((1, 1), (1, 0), (1, -1), (-1, 1), (-1, 0), (-1, -1), (0, 1), (0, -1))
"""Right and up of the point, as shares of the reach, the best first."""
ALIGNED = {1: ("left", "bottom"), 0: ("center", "center"), -1: ("right", "top")}
"""What of the title stands there, across and along."""


@dataclass(frozen=True)
class Point:
    """A model on the plot. do: what made it. faster: the dense model's time over its own in the
    first runtime, which was measured in turns and says more than milliseconds; None: not timed.
    size_bytes: of its smallest file."""

    title: str
    do: str
    map_50: float
    faster: float | None
    size_bytes: int
    refused: bool = False

    def time_ms(self, dense: StepRecord) -> float | None:
        """On the scale of one dense model. None where either wasn't timed."""
        if self.faster is None or not dense.measures.latencies:
            return None
        return dense.measures.latencies[0].p50_ms / self.faster


def point_of(step: StepRecord, than_dense: float = 1.0) -> Point:
    """A step's. than_dense: how many times as fast as the plot's dense model its own one is."""
    measures = step.measures
    faster = than_dense * measures.latencies[0].faster if measures.latencies else None
    return Point(
        step.title,
        step.do,
        measures.map_50,
        faster,
        measures.smallest_bytes,
        bool(step.refused),
    )


def points_of(records: Sequence[CompressionRecord]) -> list[Point]:
    """Every step of every record, dense models first, each once. Of another dense model than the
    first, too: its time is then taken beside the first's, however long ago that was measured."""
    first = records[0].dense
    dense: dict[tuple[float, int], CompressionRecord] = {}
    for record in records:
        dense.setdefault(_same_for(record.dense), record)
    shown = [(record, record.dense) for record in dense.values()]
    shown += [(record, step) for record in records for step in record.steps]
    return [point_of(step, _than(record.dense, first)) for record, step in shown]


def _same_for(dense: StepRecord) -> tuple[float, int]:
    """Of the same model in recipes with other training data, whose fingerprints differ."""
    return dense.measures.map_50, dense.measures.onnx_bytes


def _than(dense: StepRecord, first: StepRecord) -> float:
    if _same_for(dense) == _same_for(first):
        return 1.0
    times = [one.measures.latencies for one in (first, dense)]
    return times[0][0].p50_ms / times[1][0].p50_ms if all(times) else 1.0


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
    cheap = [point for point in points_of(records) if point.do in BASELINES]
    timed = [(point.time_ms(dense), point.map_50) for point in cheap]
    return pareto_front([(cost, accuracy) for cost, accuracy in timed if cost is not None])


def pareto_front(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Of (cost, accuracy), those that no other one beats in both, by cost."""
    front: list[tuple[float, float]] = []
    for cost, accuracy in sorted(points, key=lambda point: (point[0], -point[1])):
        if not front or accuracy > front[-1][1]:
            front.append((cost, accuracy))
    return front


def pareto_figure(records: Sequence[CompressionRecord], ready: Sequence[Point] = ()) -> Figure:
    """mAP against time and against bytes, every step a point, refused ones hollow; a line joins
    those that no other beats in both, a dashed one the baselines. records: on the same data, the
    first one's dense model first. ready: further points, of files that no step made."""
    figure = Figure(figsize=(13, 6), layout="constrained")
    by_time, by_size = figure.subplots(1, 2, sharey=True)
    dense, shown = records[0].dense, [*points_of(records), *ready]
    times = [(point, point.time_ms(dense)) for point in shown]
    timed = [(point, cost) for point, cost in times if cost is not None]
    sized = [(point, point.size_bytes / 1e6) for point in shown]
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
    figure.legend(handles=_legend(shown), loc="outside lower center", ncols=6, fontsize=8)
    figure.draw_without_rendering()  # labels are placed on the finished layout
    for axes, points in ((by_time, timed), (by_size, sized)):
        _label(axes, points)
    return figure


def _draw(axes: Axes, points: Sequence[tuple[Point, float]]) -> None:
    for point, cost in points:
        _, marker, color = STYLES[point.do]
        fill = "none" if point.refused else "full"
        axes.plot(cost, point.map_50, marker, color=color, fillstyle=fill, markersize=7)
    front = pareto_front([(cost, point.map_50) for point, cost in points])
    if front:
        axes.plot(*zip(*front, strict=True), color="black", linewidth=0.8, zorder=0)
        axes.set_xlim(0, 1.35 * max(cost for _, cost in points))
    axes.margins(y=0.15)
    axes.grid(alpha=0.3)


def _legend(points: Sequence[Point]) -> list[Line2D]:
    there = {point.do for point in points}
    shown = [
        Line2D([], [], marker=marker, color=color, linestyle="", label=name)
        for do, (name, marker, color) in STYLES.items()
        if do in there
    ]
    shown.append(Line2D([], [], color="black", linewidth=0.8, label="nothing beats these"))
    if "rescale" in there:
        line = Line2D([], [], color="grey", linestyle="--", linewidth=0.8, label="the cheap ways")
        shown.append(line)
    if any(point.refused for point in points):
        hollow = Line2D([], [], marker="o", color="black", linestyle="", label="refused")
        hollow.set_fillstyle("none")
        shown.append(hollow)
    return shown


def _label(axes: Axes, points: Sequence[tuple[Point, float]]) -> None:
    """Each point's title beside it, where it is nearest and covers no other one and no point; a
    line leads to a title that had to go far."""
    middles = [axes.transData.transform((cost, point.map_50)) for point, cost in points]
    taken = [Bbox.from_bounds(x - 4, y - 4, 8, 8) for x, y in middles]
    inside = axes.get_window_extent()
    for point, cost in sorted(points, key=lambda shown: -shown[0].map_50):
        label = axes.annotate(
            point.title, (cost, point.map_50), (0, 0), textcoords="offset points", size=LABEL_SIZE
        )
        for reach, (right, up) in product(LABEL_REACHES, LABEL_SIDES):
            label.xyann = (right * reach, up * reach)
            label.set(ha=ALIGNED[right][0], va=ALIGNED[up][1])
            box = label.get_window_extent()
            within = inside.x0 <= box.x0 and box.x1 <= inside.x1 and inside.y0 <= box.y0
            if within and not any(box.overlaps(other) for other in taken):
                break
        taken.append(label.get_window_extent())
        if reach > NEAR_REACH:
            axes.annotate(
                "",
                (cost, point.map_50),
                label.xyann,
                textcoords="offset points",
                arrowprops={"arrowstyle": "-", "lw": 0.5, "color": "grey", "shrinkA": 0},
            )
