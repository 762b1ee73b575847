"""A sheet of failures: each in its surroundings on the thermogram."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from thermoscout_core.detection.view import to_8bit_view
from thermoscout_core.detections import Box
from thermoscout_core.learning.evaluation.failures import Failure
from thermoscout_core.learning.evaluation.measures import Measures

COLUMNS = 4
_FAILURE, _TRUTH, _FOUND = "#ff3b30", "#30d158", "#40c8ff"
_MIN_WIDTH_PX = 110.0
_ASPECT = 4 / 3


def contact_sheet(measures: Measures, failures: Sequence[Failure], title: str) -> Figure:
    """One tile a failure: its box red, the other annotated boxes green (dotted: difficult), the
    detections at the deployed threshold blue."""
    rows = max(1, math.ceil(len(failures) / COLUMNS))
    figure = Figure(figsize=(3.1 * COLUMNS, 2.85 * rows + 1.0), layout="constrained")
    figure.suptitle(title, fontsize=11)
    grid: list[Axes] = list(np.ravel(figure.subplots(rows, COLUMNS)))
    for axes in grid:
        axes.set_axis_off()
    for axes, failure in zip(grid, failures, strict=False):
        _draw_tile(axes, measures, failure)
    if not failures:
        grid[0].text(0, 0.5, "None.", fontsize=12)
    handles = [
        Line2D([], [], color=_FAILURE, linewidth=2, label="the failure"),
        Line2D([], [], color=_TRUTH, label="annotated (dotted: difficult)"),
        Line2D([], [], color=_FOUND, linestyle="--", label="detected"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, fontsize=9)
    return figure


def _draw_tile(axes: Axes, measures: Measures, failure: Failure) -> None:
    sample = measures.images.samples[failure.image]
    prediction = measures.predictions[failure.image]
    height_px, width_px = sample.counts.shape
    area = _surroundings(failure.box, width_px, height_px)
    axes.imshow(
        to_8bit_view(sample.counts),
        cmap="gray",
        vmin=0,
        vmax=255,
        extent=(0, width_px, height_px, 0),
    )
    for box, difficult in zip(sample.annotation.boxes, sample.annotation.difficult, strict=True):
        _outline(axes, box.tolist(), _TRUTH, ":" if difficult else "-", 1.0)
    for box in prediction.boxes[prediction.scores >= measures.conditions.score_threshold]:
        _outline(axes, box.tolist(), _FOUND, "--", 1.0)
    _outline(axes, failure.box.as_list(), _FAILURE, "-", 2.0)
    axes.set(xlim=(area.x1, area.x2), ylim=(area.y2, area.y1))
    axes.set_title(f"{sample.id}: {failure.caption}\n{failure.reason}", fontsize=8)


def _outline(axes: Axes, box: Sequence[float], color: str, style: str, width: float) -> None:
    x1, y1, x2, y2 = box
    axes.add_patch(
        Rectangle(
            (x1, y1), x2 - x1, y2 - y1, fill=False, color=color, linestyle=style, linewidth=width
        )
    )


def _surroundings(box: Box, width_px: int, height_px: int) -> Box:
    """A 4:3 area of about twice the box, within the frame where it fits."""
    width = max(2.2 * box.width_px, 2.2 * box.height_px * _ASPECT, _MIN_WIDTH_PX)
    width = min(width, width_px, height_px * _ASPECT)
    height = width / _ASPECT
    center_x, center_y = box.center_px
    x1 = min(max(0.0, center_x - width / 2), width_px - width)
    y1 = min(max(0.0, center_y - height / 2), height_px - height)
    return Box(x1, y1, x1 + width, y1 + height)
