"""The frames of a training epoch: real and simulated ones, augmented, with their targets."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from thermoscout_core.frames import Counts
from thermoscout_core.learning.augment import augment
from thermoscout_core.learning.config import TrainConfig
from thermoscout_core.learning.data import Annotation, Sample
from thermoscout_core.learning.loss import Targets, match
from thermoscout_core.simulation.dataset import random_frame


class AugmentedFrames(Dataset[tuple[Tensor, Targets]]):
    """The augmented training frames of one epoch; item i depends on (seed, epoch, i) alone."""

    def __init__(
        self, samples: list[Sample], config: TrainConfig, classes: list[str], priors: Tensor
    ) -> None:
        self.samples, self.config, self.classes, self.priors = samples, config, classes, priors
        self.epoch = 0
        self.simulated = round(len(samples) * config.data.simulated_ratio)

    def __len__(self) -> int:
        return len(self.samples) + self.simulated

    def __getitem__(self, index: int) -> tuple[Tensor, Targets]:
        rng = np.random.default_rng([self.config.seed, self.epoch, index])
        if index < len(self.samples):
            sample = self.samples[index]
            counts, annotation = sample.counts, sample.annotation
        else:
            counts, annotation = self._simulate(rng)
        size = self.config.model.input_size_px
        view, moved = augment(counts, annotation, size, self.config.augmentation, rng)
        image = torch.from_numpy(view.astype(np.float32) / 127.5 - 1.0)[None].expand(3, -1, -1)
        targets = match(
            self.priors,
            torch.from_numpy(moved.boxes),
            torch.from_numpy(moved.labels),
            torch.from_numpy(moved.difficult),
        )
        return image, targets

    def _simulate(self, rng: np.random.Generator) -> tuple[Counts, Annotation]:
        counts, objects = random_frame(rng)
        boxes = np.array([box.as_list() for _, box in objects], np.float32).reshape(-1, 4)
        labels = np.array([self.classes.index(name) for name, _ in objects], np.int64)
        return counts, Annotation(boxes, labels, np.zeros(len(objects), bool))


def collate(items: list[tuple[Tensor, Targets]]) -> tuple[Tensor, list[Targets]]:
    return torch.stack([image for image, _ in items]), [targets for _, targets in items]
