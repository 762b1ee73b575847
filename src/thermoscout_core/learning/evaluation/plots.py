"""Pictures of an evaluation: precision and recall, confusion, calibration."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from thermoscout_core.atomic import write_bytes
from thermoscout_core.errors import ResultsError
from thermoscout_core.learning.evaluation.calibration import BIN_EDGES
from thermoscout_core.learning.evaluation.measures import Measures

DPI = 130
_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#444444", "#8c6d31")


def save_figure(path: Path, figure: Figure) -> None:
    """Write a PNG whole or not at all. Raises ResultsError when it can't be written."""
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=DPI)
    try:
        write_bytes(path, content.getvalue(), durable=False)
    except OSError as error:
        raise ResultsError(f"{path}: can't be written: {error.strerror or error}") from error


def precision_recall_figure(measures: Measures, title: str) -> Figure:
    """One curve a class with boxes; a dot where the deployed threshold puts the detector."""
    figure = Figure(figsize=(9.6, 5.6), layout="constrained")
    axes: Axes = figure.add_subplot()
    evaluation, threshold = measures.evaluation, measures.conditions.score_threshold
    for number, result in enumerate(r for r in evaluation.classes if r.boxes):
        color = _COLORS[number % len(_COLORS)]
        label = f"{result.name}\nAP {result.ap:.3f}, {result.boxes} boxes"
        recall = np.concatenate(([0.0], result.recall))
        precision = np.concatenate((result.precision[:1], result.precision))
        if len(precision) < len(recall):  # a class never detected
            recall, precision = np.zeros(1), np.zeros(1)
        axes.plot(recall, precision, color=color, linewidth=1.6, label=label)
        hits, found = result.hits_and_found(threshold)
        if found:
            axes.plot(hits / result.boxes, hits / found, "o", color=color, markersize=7)
    axes.plot([], [], "o", color="grey", label=f"at the deployed\nthreshold {threshold:.2f}")
    axes.set(
        xlim=(0, 1),
        ylim=(0, 1.02),
        xlabel="recall: share of the annotated boxes that are found (IoU ≥ 0.5)",
        ylabel="precision: share of the detections that are right",
    )
    axes.set_title(f"Precision and recall, mAP@0.5 = {evaluation.mean_ap:.3f}\n{title}", size=10)
    axes.grid(alpha=0.3)
    figure.legend(fontsize=8, loc="outside right upper")
    return figure


def confusion_figure(measures: Measures, title: str) -> Figure:
    """The confusion matrix: shares of each row as color and number, counts below."""
    counts = measures.confusion
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = [name.replace("_", " ") for name in measures.images.classes]
    size = 3.2 + 0.72 * len(counts)
    figure = Figure(figsize=(size + 0.9, size), layout="constrained")
    axes: Axes = figure.add_subplot()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        if counts[row, column]:
            color = "white" if share > 0.55 else "black"
            text = f"{share:.2f}\n({counts[row, column]})"
            axes.text(column, row, text, ha="center", va="center", fontsize=7.5, color=color)
    axes.set_xticks(range(len(counts)), [*names, "missed"], rotation=40, ha="right")
    axes.set_yticks(range(len(counts)), [*names, "nothing there"])
    axes.set(xlabel="detected as", ylabel="annotated as")
    threshold = measures.conditions.score_threshold
    axes.set_title(
        f"What is taken for what, score ≥ {threshold:.2f}, IoU ≥ 0.5: share of the row (count)\n"
        f"diagonal = recall; last row = false detections · {title}",
        size=9,
    )
    figure.colorbar(image, ax=axes, shrink=0.7, label="share of the row")
    return figure


def calibration_figure(measures: Measures, title: str) -> Figure:
    """Share of right detections per bin of score, against what the score promises."""
    calibration = measures.calibration
    figure = Figure(figsize=(6.4, 5.2), layout="constrained")
    axes: Axes = figure.add_subplot()
    known = calibration.detections > 0
    left, width = BIN_EDGES[:-1], np.diff(BIN_EDGES)
    axes.bar(
        left[known],
        calibration.precision[known],
        width[known] * 0.94,
        align="edge",
        color=_COLORS[0],
        alpha=0.75,
        label="share that is right",
    )
    for start, span, height, count in zip(
        left, width, np.nan_to_num(calibration.precision), calibration.detections, strict=True
    ):
        axes.text(start + span / 2, height + 0.01, str(count), ha="center", fontsize=7.5)
    axes.plot([0, 1], [0, 1], "--", color="black", linewidth=1, label="a score kept to the letter")
    axes.set(
        xlim=(0, 1),
        ylim=(0, 1.05),
        xlabel="score of the detection",
        ylabel="share of the detections that are right (IoU ≥ 0.5)",
    )
    error = calibration.expected_error
    axes.set_title(f"Calibration, mean error {error:.3f} (numbers: detections)\n{title}", size=10)
    axes.legend(fontsize=8, loc="upper left")
    axes.grid(alpha=0.3)
    return figure
