"""Annotated thermograms on disk: counts, VOC boxes and splits.

Layout of a dataset folder: ``counts/ID.png`` (16-bit), ``scale.yaml``, ``annotations/ID.xml``
(VOC, sub-pixel corners), ``classes.txt``, ``splits/NAME.txt`` (an ID a line).
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from thermoscout_core.errors import DatasetError
from thermoscout_core.frames import Counts


@dataclass(frozen=True)
class Annotation:
    """The boxes of one image.

    boxes: (N, 4) float32 corners in pixels. labels: (N,) index into the dataset's classes.
    difficult: (N,) bool; such boxes are neither demanded nor punished, as in PASCAL VOC.
    """

    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    difficult: NDArray[np.bool_]


@dataclass(frozen=True)
class Sample:
    """One annotated thermogram; counts are (H, W) uint16."""

    id: str
    counts: Counts
    annotation: Annotation


class ThermogramDataset:
    """A dataset folder and one of its splits (None: every image that has counts).

    Raises DatasetError naming the file when something is missing or wrong.
    """

    def __init__(self, root: str | Path, split: str | None) -> None:
        self.root = Path(root)
        self.split = split
        self.classes = self._read_lines(self.root / "classes.txt")
        if split is None:
            self.ids = sorted(path.stem for path in (self.root / "counts").glob("*.png"))
        else:
            self.ids = self._read_split(split)
        if not self.ids:
            raise DatasetError(f"{self.root}: no image in split '{split}'")

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int) -> Sample:
        image_id = self.ids[index]
        counts = self._read_counts(self.root / "counts" / f"{image_id}.png")
        path = self.root / "annotations" / f"{image_id}.xml"
        height, width = counts.shape
        return Sample(image_id, counts, read_annotation(path, self.classes, width, height))

    @cached_property
    def samples(self) -> list[Sample]:
        """Every sample, held in memory from the first use on."""
        return [self[index] for index in range(len(self))]

    def _read_split(self, split: str) -> list[str]:
        path = self.root / "splits" / f"{split}.txt"
        if not path.is_file():
            known = sorted(entry.stem for entry in path.parent.glob("*.txt"))
            raise DatasetError(
                f"{path}: no such split; this dataset has {', '.join(known) or 'none'}"
            )
        return self._read_lines(path)

    @staticmethod
    def _read_lines(path: Path) -> list[str]:
        if not path.is_file():
            raise DatasetError(
                f"{path}: missing; a dataset folder holds counts/, annotations/, splits/ "
                "and classes.txt"
            )
        return path.read_text(encoding="utf-8").split()

    @staticmethod
    def _read_counts(path: Path) -> Counts:
        if not path.is_file():
            raise DatasetError(f"{path}: missing, though the split names it")
        counts = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if counts is None or counts.ndim != 2 or counts.dtype != np.uint16:
            raise DatasetError(f"{path}: not a 16-bit single-channel PNG of counts")
        return np.asarray(counts, np.uint16)


def read_annotation(path: Path, classes: list[str], width_px: int, height_px: int) -> Annotation:
    """One VOC file. Raises DatasetError for broken XML, an unknown class, an inverted box or a
    box that lies outside the image by more than a pixel; smaller excesses are clipped."""
    if not path.is_file():
        raise DatasetError(
            f"{path}: missing; an image without equipment has a file without objects"
        )
    try:
        root = ElementTree.parse(path).getroot()
        objects = [_read_object(entry) for entry in root.iter("object")]
    except (ElementTree.ParseError, TypeError, ValueError, AttributeError) as error:
        raise DatasetError(f"{path}: not a readable VOC annotation: {error}") from error
    boxes = np.array([entry[2] for entry in objects], np.float32).reshape(-1, 4)
    limits = np.array([width_px, height_px, width_px, height_px], np.float32)
    for number, (name, _, box) in enumerate(objects, 1):
        where = f"{path}: object {number} ({name})"
        if name not in classes:
            raise DatasetError(f"{where}: unknown class; classes.txt has {', '.join(classes)}")
        if box[2] <= box[0] or box[3] <= box[1]:
            raise DatasetError(f"{where}: empty or inverted box {box}")
        if min(box) < -1 or box[2] > width_px + 1 or box[3] > height_px + 1:
            raise DatasetError(f"{where}: box {box} lies outside the {width_px}x{height_px} image")
    return Annotation(
        np.clip(boxes, 0, limits),
        np.array([classes.index(name) for name, _, _ in objects], np.int64),
        np.array([difficult for _, difficult, _ in objects], bool),
    )


def _read_object(entry: ElementTree.Element) -> tuple[str, bool, list[float]]:
    corners = entry.find("bndbox")
    name = entry.findtext("name")
    if corners is None or name is None:
        raise ValueError("an object without name or bndbox")
    box = [float(corners.findtext(tag) or "") for tag in ("xmin", "ymin", "xmax", "ymax")]
    return name, entry.findtext("difficult") == "1", box
