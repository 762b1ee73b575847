"""The picture of a sweep: what each layer's pruning alone costs."""

from __future__ import annotations

from matplotlib.figure import Figure

from thermoscout_core.learning.compression.records import StepRecord

_CURVE, _CHOSEN = "#0072b2", "#d55e00"
COLUMNS = 5


def sensitivity_figure(step: StepRecord) -> Figure:
    """A small picture a layer: mAP against keep ratio, and what was chosen."""
    found = step.figures["sensitivity"]
    layers = list(found["curves"])
    rows = -(-len(layers) // COLUMNS)
    figure = Figure(figsize=(2.6 * COLUMNS, 1.7 * rows), layout="constrained")
    grid = figure.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False)
    for axes, name in zip(grid.flat, layers, strict=False):
        points = sorted((float(ratio), value) for ratio, value in found["curves"][name].items())
        axes.plot(*zip(*points, strict=True), "o-", color=_CURVE, markersize=3, linewidth=1)
        axes.axhline(found["dense"], color="grey", linewidth=0.6)
        chosen = step.figures["keep_ratios"].get(name)
        if chosen is not None:
            axes.axvline(chosen, color=_CHOSEN, linewidth=1)
        axes.set_title(name.removeprefix("features."), size=6)
        axes.tick_params(labelsize=6)
    for axes in list(grid.flat)[len(layers) :]:
        axes.set_visible(False)
    figure.supxlabel("keep ratio of that layer alone (orange: what it has in the end)", size=8)
    figure.supylabel("mAP@0.5", size=8)
    return figure
