"""A contact sheet of the frames as the network will see them, with boxes and matched priors."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from thermoscout_core.detection.priors import corners, make_priors
from thermoscout_core.learning.checkpoint import write_whole
from thermoscout_core.learning.config import TrainConfig
from thermoscout_core.learning.matching import BACKGROUND, Matcher
from thermoscout_core.learning.training.frames import AugmentedFrames, TrainingFrame
from thermoscout_core.learning.training.material import Material, gather
from thermoscout_core.learning.training.run_folder import make_folder
from thermoscout_core.learning.training.start import begin

COLUMNS, ROWS = 4, 3
COUNTED_FRAMES = 200
DPI = 110
COLORS = ("#56b4e9", "#e69f00", "#00d890", "#ff7ad9", "#ffe14d", "#ff6a3d", "#b0a0ff")


@dataclass(frozen=True)
class Preview:
    """pictures: the sheets. priors_per_box: of each class, the mean number of priors that learn
    one box, over COUNTED_FRAMES augmented frames (NaN where the class has none)."""

    pictures: tuple[Path, ...]
    priors_per_box: dict[str, float]
    warnings: tuple[str, ...]


def write_preview(config: TrainConfig, folder: Path, sheets: int = 2) -> Preview:
    """Write preview_1.png … into the folder, without training.

    Raises what training would raise for a bad recipe or dataset, and CheckpointError when the
    folder can't be written.
    """
    material = gather(config)
    _, architecture, told = begin(config, material)
    priors = make_priors(architecture.levels)
    frames = AugmentedFrames(material.samples, config, material.classes, Matcher(priors))
    order = [index for batch in frames.order() for index in batch]
    make_folder(folder)
    pictures = []
    per_sheet = COLUMNS * ROWS
    for number in range(sheets):
        shown = [frames[k] for k in order[number * per_sheet : (number + 1) * per_sheet]]
        if shown:
            path = folder / f"preview_{number + 1}.png"
            write_whole(path, _sheet(shown, material.classes, priors))
            pictures.append(path)
    counted = [frames[index] for index in order[:COUNTED_FRAMES]]
    warnings = (*told, *material.warnings())
    return Preview(tuple(pictures), _priors_per_box(counted, material), warnings)


def _priors_per_box(frames: list[TrainingFrame], material: Material) -> dict[str, float]:
    shares = {}
    for label, name in enumerate(material.classes):
        priors = sum(int((frame.targets.labels == label + 1).sum()) for frame in frames)
        boxes = sum(
            int(((f.annotation.labels == label) & ~f.annotation.difficult).sum()) for f in frames
        )
        shares[name] = priors / boxes if boxes else math.nan
    return shares


def _sheet(
    frames: list[TrainingFrame], classes: tuple[str, ...], priors: NDArray[np.float32]
) -> bytes:
    height, width = frames[0].view.shape
    rows = math.ceil(len(frames) / COLUMNS)
    figure = Figure(
        figsize=(4 * COLUMNS, 4 * rows * (height / width + 0.09)), layout="constrained"
    )
    for axes, frame in zip(
        figure.subplots(rows, COLUMNS, squeeze=False).flat, frames, strict=False
    ):
        _draw(axes, frame, priors)
    for axes in figure.axes:
        axes.set_axis_off()
    handles = [
        Rectangle((0, 0), 1, 1, fill=False, edgecolor=_color(label), linewidth=2, label=name)
        for label, name in enumerate(classes)
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(classes), fontsize=10)
    figure.suptitle(
        "Augmented frames: boxes (dashed: difficult), and thin the priors that learn them", size=11
    )
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=DPI)
    return content.getvalue()


def _draw(axes: Axes, frame: TrainingFrame, priors: NDArray[np.float32]) -> None:
    height, width = frame.view.shape
    scale = np.array([width, height, width, height])
    axes.imshow(frame.view, cmap="gray", vmin=0, vmax=255, extent=(0, width, height, 0))
    positive = frame.targets.labels > BACKGROUND
    edges = corners(priors[positive]) * scale
    for box, label in zip(edges, frame.targets.labels[positive], strict=True):
        axes.add_patch(_rectangle(box, _color(int(label) - 1), 0.5, "-"))
    annotation = frame.annotation
    for box, label, difficult in zip(
        annotation.boxes * scale, annotation.labels, annotation.difficult, strict=True
    ):
        axes.add_patch(_rectangle(box, _color(int(label)), 2.0, "--" if difficult else "-"))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.set_title(f"{frame.id}: {int(positive.sum())} priors", size=8)


def _rectangle(
    box: NDArray[np.floating], color: str, linewidth: float, linestyle: str
) -> Rectangle:
    x1, y1, x2, y2 = (float(value) for value in box)
    return Rectangle(
        (x1, y1),
        x2 - x1,
        y2 - y1,
        fill=False,
        color=color,
        linewidth=linewidth,
        linestyle=linestyle,
    )


def _color(label: int) -> str:
    return COLORS[label % len(COLORS)]
