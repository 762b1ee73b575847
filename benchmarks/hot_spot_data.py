"""The labelled hot spots of a data folder, and what counts as finding one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from thermoscout_core.detections import Box, Detection
from thermoscout_core.frames import ThermalFrame
from thermoscout_core.learning.datasets.voc import read_voc
from thermoscout_core.thermograms import find_thermograms, read_thermogram

GROWN_PX = 5.0
"""A label counts as hit within this of its box."""
BLOCK_FRAMES = 12
"""Neighbouring frames show the same object: they stay together in cross-validation."""


@dataclass(frozen=True)
class LabelledFrame:
    """A frame, the authors' hot-spot boxes (px), and the equipment boxes annotated for us."""

    id: str
    folder: Path
    frame: ThermalFrame
    hot_spots: tuple[Box, ...]
    equipment: tuple[Detection, ...]

    @property
    def block(self) -> str:
        return f"{self.folder.name}/{(int(self.id.split('_')[-1]) - 1) // BLOCK_FRAMES}"

    def hit(self, spot_px: tuple[int, int]) -> int | None:
        """Index of the label that a pixel lies in, None outside of all."""
        x, y = spot_px[0] + 0.5, spot_px[1] + 0.5
        for index, box in enumerate(self.hot_spots):
            across = box.x1 - GROWN_PX <= x <= box.x2 + GROWN_PX
            if across and box.y1 - GROWN_PX <= y <= box.y2 + GROWN_PX:
                return index
        return None


def load(folder: Path, splits: Sequence[str]) -> list[LabelledFrame]:
    """The frames of the splits of a data folder (data/README.md says what it holds)."""
    frames = []
    for split in splits:
        for file in find_thermograms([folder], split):
            frame = read_thermogram(file.path, file.scale)
            voc = folder / "annotations" / f"{file.id}.xml"
            equipment = [
                Detection(item.class_name, 1.0, Box(*item.corners))
                for item in (read_voc(voc).objects if voc.is_file() else ())
            ]
            labels = folder / "hotspots" / f"{file.id}.txt"
            spots = _yolo(labels, frame.width_px, frame.height_px) if labels.is_file() else ()
            frames.append(LabelledFrame(file.id, folder, frame, tuple(spots), tuple(equipment)))
    return frames


def _yolo(path: Path, width_px: int, height_px: int) -> list[Box]:
    boxes = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip():
            x, y, w, h = (float(value) for value in line.split()[1:5])
            left, top = (x - w / 2) * width_px, (y - h / 2) * height_px
            boxes.append(Box(left, top, left + w * width_px, top + h * height_px))
    return boxes
