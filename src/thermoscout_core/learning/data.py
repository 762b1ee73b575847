"""Annotated thermograms in memory: what training, evaluation and export get from any dataset."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.errors import DatasetError
from thermoscout_core.frames import Counts
from thermoscout_core.learning.datasets.layout import (
    Entry,
    Labels,
    Layout,
    fault_of,
    size_conflict,
)
from thermoscout_core.learning.datasets.pictures import read_counts
from thermoscout_core.learning.datasets.recognition import recognise


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


def open_dataset(root: str | Path, split: str | None) -> Dataset:
    """A dataset folder of any layout and one of its splits (None: every image).

    Raises DatasetError naming the file when something is missing or wrong.
    """
    return Dataset(recognise(root), split)


class Dataset:
    """One split of a dataset folder. The first bad label or picture that is read raises
    DatasetError with the file and the object's number; ``thermoscout data check`` lists all."""

    def __init__(self, layout: Layout, split: str | None) -> None:
        self.layout, self.root, self.split = layout, layout.root, split
        self.classes = layout.classes
        self._entries = layout.entries(split)
        self.ids = [entry.id for entry in self._entries]
        if not self.ids:
            raise DatasetError(f"{self.root}: no image in split '{split}'")

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int) -> Sample:
        entry = self._entries[index]
        if not entry.image.is_file():
            raise DatasetError(f"{entry.image}: missing, though the dataset names it")
        counts = read_counts(entry.image)
        return Sample(
            entry.id, counts, self._annotation(entry, (counts.shape[1], counts.shape[0]))
        )

    def spread_frames(self, number: int) -> list[Counts]:
        """So many of its frames (or all), at equal distances from the first on."""
        step = max(1, len(self) // number)
        return [self[index].counts for index in range(0, len(self), step)[:number]]

    @cached_property
    def samples(self) -> list[Sample]:
        """Every sample, held in memory from the first use on."""
        return [self[index] for index in range(len(self))]

    def _annotation(self, entry: Entry, size_px: tuple[int, int]) -> Annotation:
        labels = self.layout.labels(entry, size_px)
        if labels is None:
            if not self.layout.unlabelled_is_empty:
                raise DatasetError(
                    f"{entry.labels}: missing; an image without equipment has a file without "
                    "objects"
                )
            labels = Labels(str(entry.labels), ())
        return to_annotation(labels, self.classes, size_px)


def to_annotation(labels: Labels, classes: list[str], size_px: tuple[int, int]) -> Annotation:
    """What is stated of an image of that (width, height), checked; boxes clipped to it.

    Raises DatasetError for a stated size that differs, an unknown class, NaN, an empty or inverted
    box, and a box that lies outside by more than a pixel.
    """
    conflict = size_conflict(labels, size_px)
    if conflict is not None:
        raise DatasetError(f"{labels.source}: {conflict}")
    for found in labels.objects:
        fault = fault_of(found, classes, size_px)
        if fault is not None:
            raise DatasetError(
                f"{labels.source}: object {found.number} ({found.class_name}): {fault[1]}"
            )
    boxes = np.array([found.corners for found in labels.objects], np.float32).reshape(-1, 4)
    return Annotation(
        np.clip(boxes, 0, np.array([*size_px, *size_px], np.float32)),
        np.array([classes.index(found.class_name) for found in labels.objects], np.int64),
        np.array([found.difficult for found in labels.objects], bool),
    )
