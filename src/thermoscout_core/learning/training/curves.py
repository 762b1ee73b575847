"""curves.png: how a training goes, at a glance."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from thermoscout_core.learning.checkpoint import write_whole
from thermoscout_core.learning.training.history import EpochRecord

DPI = 110
LOSSES = {"loss": "black", "localisation": "#0072b2", "classification": "#d55e00"}
CLASS_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6d31")


def draw_curves(path: Path, history: Sequence[EpochRecord], classes: Sequence[str]) -> None:
    """Losses and learning rate on the left, val mAP@0.5 and AP per class on the right.

    Raises CheckpointError when the picture can't be written.
    """
    figure = Figure(figsize=(12, 4.8), layout="constrained")
    losses, accuracy = figure.subplots(1, 2)
    _draw_losses(losses, history)
    _draw_accuracy(accuracy, [record for record in history if record.validated], classes)
    for axes in (losses, accuracy):
        axes.set_xlabel("epoch")
        axes.grid(alpha=0.3)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=DPI)
    write_whole(path, content.getvalue())


def _draw_losses(axes: Axes, history: Sequence[EpochRecord]) -> None:
    epochs = [record.epoch for record in history]
    for name, color in LOSSES.items():
        values = [getattr(record, name) for record in history]
        axes.plot(epochs, values, color=color, label=name, marker="." if len(epochs) < 3 else "")
    axes.set(ylabel="training loss per prior on equipment", ylim=(0, None))
    rate = axes.twinx()
    rates = [record.learning_rate for record in history]
    rate.plot(epochs, rates, color="grey", linestyle=":", label="learning rate")
    rate.set(ylabel="learning rate", ylim=(0, None))
    lines = [*axes.lines, *rate.lines]
    axes.legend(lines, [str(line.get_label()) for line in lines], fontsize=8)


def _draw_accuracy(axes: Axes, validated: Sequence[EpochRecord], classes: Sequence[str]) -> None:
    epochs = [record.epoch for record in validated]
    for number, name in enumerate(classes):
        values = [record.val_ap.get(name, math.nan) for record in validated]
        if all(math.isnan(value) for value in values):
            continue
        color = CLASS_COLORS[number % len(CLASS_COLORS)]
        axes.plot(epochs, values, color=color, linewidth=1, label=name)
    means = [record.val_map_50 for record in validated]
    axes.plot(epochs, means, color="black", linewidth=2.4, marker=".", label="mean (≥ 5 boxes)")
    known = [record for record in validated if not math.isnan(record.val_map_50)]
    if known:
        best = max(known, key=lambda record: record.val_map_50)
        axes.plot(best.epoch, best.val_map_50, "o", color="black", markersize=8)
        axes.set_title(f"best: {best.val_map_50:.4f} after epoch {best.epoch}", size=10)
    axes.set(ylabel="AP@0.5 on the validation split", ylim=(0, 1))
    axes.legend(fontsize=8, loc="upper left")
