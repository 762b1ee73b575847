"""What a run learns from: the samples of every dataset of the recipe, and what is in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import ConcatDataset

from thermoscout_core.errors import ConfigurationError, DatasetError
from thermoscout_core.learning.config import DataSection, TrainConfig
from thermoscout_core.learning.data import Dataset, Sample, open_dataset
from thermoscout_core.learning.evaluation.evaluation import MIN_BOXES

EXTRA_SPLIT = "train"


@dataclass(frozen=True)
class Material:
    """samples: of the training split and the extra datasets, one after the other. val: the split
    that is validated on. box_sizes: (N, 2) widths and heights of the training boxes that aren't
    difficult, as fractions of their frames. boxes: how many of them each class has."""

    classes: tuple[str, ...]
    samples: Sequence[Sample]
    val: Dataset
    box_sizes: NDArray[np.float64]
    boxes: tuple[int, ...]

    def warnings(self) -> list[str]:
        """What training will suffer from, one sentence each."""
        found = [
            f"no training box of {name}: it will never be detected"
            for name, count in zip(self.classes, self.boxes, strict=True)
            if count == 0
        ]
        counts = np.zeros(len(self.classes), int)
        for sample in self.val.samples:
            np.add.at(counts, sample.annotation.labels[~sample.annotation.difficult], 1)
        if counts.max() < MIN_BOXES:
            found.append(
                f"no class of the split '{self.val.split}' has {MIN_BOXES} boxes: there is no mAP "
                "to choose the best epoch by, so the last one is kept"
            )
        return found


def gather(config: TrainConfig) -> Material:
    """Open every dataset of a recipe and read each sample once.

    Raises DatasetError naming the file for anything broken or missing, for datasets whose classes
    differ and for a training split without a box; ConfigurationError for weights of classes that
    there aren't.
    """
    data = config.data
    main = open_dataset(data.root, data.train_split)
    datasets = [main, *(_extra(root, main) for root in data.extra)]
    samples: Any = ConcatDataset([_held(dataset, data) for dataset in datasets])
    classes = tuple(main.classes)
    sizes, counts = _survey(samples, len(classes))
    if len(sizes) == 0:
        raise DatasetError(
            f"{main.root}: no box in split '{data.train_split}' that isn't difficult: there is "
            "nothing to learn"
        )
    weights = config.loss.class_weights
    unknown = sorted(set(weights) - set(classes)) if isinstance(weights, dict) else []
    if unknown:
        raise ConfigurationError(
            f"loss.class_weights: no class {', '.join(unknown)}; there are {', '.join(classes)}"
        )
    val = open_dataset(data.root, data.val_split)
    return Material(classes, samples, val, sizes, counts)


def _extra(root: Path, main: Dataset) -> Dataset:
    extra = open_dataset(root, EXTRA_SPLIT)
    if extra.classes != main.classes:
        raise DatasetError(
            f"{root}: its classes ({', '.join(extra.classes)}) differ from those of {main.root} "
            f"({', '.join(main.classes)}); names and order must be the same"
        )
    return extra


def _held(dataset: Dataset, data: DataSection) -> Any:
    return dataset.samples if data.in_memory else dataset


def _survey(
    samples: Sequence[Sample], class_count: int
) -> tuple[NDArray[np.float64], tuple[int, ...]]:
    sizes, counts = [np.zeros((0, 2))], np.zeros(class_count, int)
    for index in range(len(samples)):
        sample = samples[index]
        easy = ~sample.annotation.difficult
        boxes = sample.annotation.boxes[easy].astype(np.float64)
        height, width = sample.counts.shape
        sizes.append((boxes[:, 2:] - boxes[:, :2]) / np.array([width, height]))
        np.add.at(counts, sample.annotation.labels[easy], 1)
    return np.concatenate(sizes), tuple(int(count) for count in counts)
