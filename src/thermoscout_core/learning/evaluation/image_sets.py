"""What is evaluated on: one split, several splits and all of them pooled, or a whole folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from thermoscout_core.errors import DatasetError
from thermoscout_core.frames import LinearScale
from thermoscout_core.learning.data import Annotation, Dataset, Sample
from thermoscout_core.learning.datasets.recognition import recognise
from thermoscout_core.learning.evaluation.matching import Indices
from thermoscout_core.thermograms.scale_file import read_scale_file, scale_file_of

WHOLE_FOLDER = "whole folder"
BLOCK_FRAMES = 12
"""Neighbouring frames show the same object; the data are divided in blocks of that many."""


@dataclass(frozen=True)
class ImageSet:
    """Annotated images under a name. classes: what their labels index. blocks (I,): the block of
    neighbouring frames that each image belongs to, from 0."""

    name: str
    classes: tuple[str, ...]
    samples: tuple[Sample, ...]
    blocks: Indices

    @property
    def annotations(self) -> list[Annotation]:
        return [sample.annotation for sample in self.samples]

    @property
    def block_count(self) -> int:
        return int(self.blocks.max()) + 1


def read_image_sets(
    root: Path, splits: Sequence[str] | None, block_frames: int = BLOCK_FRAMES
) -> list[ImageSet]:
    """One set per split; splits None: the folder's val split if it has one, else all of it.

    Raises DatasetError naming what is missing or broken, and for an image in two of the splits.
    """
    layout = recognise(root)
    names: Sequence[str | None] = ["val" if "val" in layout.splits else None]
    if splits is not None:
        names = splits
    sets: list[ImageSet] = []
    seen: dict[str, str] = {}
    for name in names:
        dataset = Dataset(layout, name)
        title = name or WHOLE_FOLDER
        for image_id in dataset.ids:
            if image_id in seen:
                raise DatasetError(
                    f"{root}: {image_id} is in {seen[image_id]} and again in {title}; "
                    "it would count twice"
                )
            seen[image_id] = title
        blocks = block_numbers(dataset.ids, block_frames)
        sets.append(ImageSet(title, tuple(dataset.classes), tuple(dataset.samples), blocks))
    return sets


def pooled(sets: Sequence[ImageSet]) -> ImageSet:
    """All images of the sets, which must be of one folder, as one; a block stays in its set."""
    offsets = np.cumsum([0, *(images.block_count for images in sets[:-1])])
    return ImageSet(
        ",".join(images.name for images in sets),
        sets[0].classes,
        tuple(sample for images in sets for sample in images.samples),
        np.concatenate([s.blocks + offset for s, offset in zip(sets, offsets, strict=True)]),
    )


def block_numbers(ids: Sequence[str], block_frames: int = BLOCK_FRAMES) -> Indices:
    """Ids in order -> the block of each (I,), from 0: at most block_frames neighbours.

    A new block also begins where the ids' numbers leap by more than a block, or back. Ids
    without a number are taken for neighbours.
    """
    numbers = np.zeros(len(ids), np.intp)
    block, size = 0, 0
    for index in range(1, len(ids)):
        size += 1
        if size == block_frames or not _are_near(ids[index - 1], ids[index], block_frames):
            block, size = block + 1, 0
        numbers[index] = block
    return numbers


def _are_near(first: str, second: str, block_frames: int) -> bool:
    before, after = (re.fullmatch(r"(.*?)(\d+)", image_id) for image_id in (first, second))
    if before is None or after is None:
        return before is after
    return before[1] == after[1] and 0 < int(after[2]) - int(before[2]) <= block_frames


def scale_of(root: Path) -> LinearScale | None:
    """What scale.yaml says of the counts in a folder's counts/, None without the one or the other.

    Raises ThermogramError when the file is wrong.
    """
    counts = root / "counts"
    path = scale_file_of(counts / "any.png") if counts.is_dir() else None
    return None if path is None else read_scale_file(path).scale
