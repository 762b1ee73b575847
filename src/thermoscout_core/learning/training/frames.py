"""The frames of a training epoch: real and simulated ones, augmented, with their targets."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

from thermoscout_core.frames import Counts
from thermoscout_core.learning.augmentation.pipeline import augment, mosaic
from thermoscout_core.learning.config import TrainConfig
from thermoscout_core.learning.data import Annotation, Sample
from thermoscout_core.learning.matching import BACKGROUND, Matcher, Targets
from thermoscout_core.simulation.dataset import random_frame


@dataclass(frozen=True)
class TrainingFrame:
    """One augmented frame. view: (H, W) uint8. annotation: its boxes as fractions. id: what it
    shows: the sample's id, ``simulated 12``, or the four of a mosaic."""

    id: str
    view: NDArray[np.uint8]
    annotation: Annotation
    targets: Targets


@dataclass(frozen=True)
class Batch:
    """views: (N, H, W) uint8. labels: (N, P), offsets: (N, P, 4), see matching.Targets."""

    ids: list[str]
    views: Tensor
    labels: Tensor
    offsets: Tensor

    @property
    def positives(self) -> int:
        """Priors on equipment."""
        return int((self.labels > BACKGROUND).sum())

    def split(self, parts: int) -> Iterator[Batch]:
        """The batch in that many parts (or one for each frame), one after the other."""
        size = -(-len(self.ids) // parts)
        for first in range(0, len(self.ids), size):
            part = slice(first, first + size)
            yield Batch(self.ids[part], self.views[part], self.labels[part], self.offsets[part])

    def images(self, device: torch.device) -> Tensor:
        """What the network sees: (N, 3, H, W) float32 in −1..1, as detection.detector's input."""
        grey = self.views.to(device)[:, None].float() / 127.5 - 1.0
        return grey.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)


class AugmentedFrames(TorchDataset[TrainingFrame]):
    """The training frames of one epoch; item i depends on (seed, epoch, i) alone."""

    def __init__(
        self,
        samples: Sequence[Sample],
        config: TrainConfig,
        classes: Sequence[str],
        matcher: Matcher,
    ) -> None:
        self.samples, self.config, self.classes = samples, config, list(classes)
        self.matcher = matcher
        self.epoch = 0
        self.simulated = round(len(samples) * config.data.simulated_ratio)

    def __len__(self) -> int:
        return len(self.samples) + self.simulated

    @property
    def mosaics(self) -> float:
        """The probability of a mosaic in this epoch."""
        augmentation = self.config.augment
        last = self.config.schedule.epochs - augmentation.mosaic_off_epochs
        return augmentation.mosaic if self.epoch < last else 0.0

    def __getitem__(self, index: int) -> TrainingFrame:
        rng = np.random.default_rng([self.config.seed, self.epoch, index])
        size_px, augmentation = self.config.model.input_size_px, self.config.augment
        names = [self._frame(index, rng)]
        if rng.random() < self.mosaics:
            others = rng.integers(len(self), size=3)
            names += [self._frame(int(other), rng) for other in others]
            four = [(counts, annotation) for _, counts, annotation in names]
            view, moved = mosaic(four, size_px, augmentation, rng)
        else:
            _, counts, annotation = names[0]
            view, moved = augment(counts, annotation, size_px, augmentation, rng)
        frame_id = " + ".join(name for name, _, _ in names)
        return TrainingFrame(frame_id, view, moved, self.matcher(moved))

    def _frame(self, index: int, rng: np.random.Generator) -> tuple[str, Counts, Annotation]:
        if index < len(self.samples):
            sample = self.samples[index]
            return sample.id, sample.counts, sample.annotation
        counts, annotation = simulated_sample(rng, self.classes)
        return f"simulated {index - len(self.samples)}", counts, annotation

    @property
    def batch_count(self) -> int:
        """Per epoch; a last batch that would be smaller than the others is left out."""
        return max(len(self) // self.config.schedule.batch_size, 1)

    def order(self) -> list[list[int]]:
        """The frames of each batch of this epoch, shuffled by (seed, epoch)."""
        rng = np.random.default_rng([self.config.seed, self.epoch])
        shuffled = rng.permutation(len(self)).tolist()
        size = self.config.schedule.batch_size
        return [shuffled[k * size : (k + 1) * size] for k in range(self.batch_count)]

    def batches(self, first: int = 0) -> Iterator[Batch]:
        """The batches of this epoch from that one on."""
        loader: DataLoader[Any] = DataLoader(
            self,
            batch_sampler=self.order()[first:],
            num_workers=self.config.workers,
            collate_fn=collate,
            worker_init_fn=_leave_signals_to_the_trainer,
        )
        return iter(loader)


def simulated_sample(
    rng: np.random.Generator, classes: Sequence[str]
) -> tuple[Counts, Annotation]:
    """A simulated frame and its boxes in pixels; equipment of a class that isn't among these is
    difficult, so that it teaches nothing, least of all that it is background."""
    counts, objects = random_frame(rng)
    known = np.array([name in classes for name, _ in objects], bool)
    labels = [classes.index(name) if name in classes else 0 for name, _ in objects]
    boxes = np.array([box.as_list() for _, box in objects], np.float32).reshape(-1, 4)
    return counts, Annotation(boxes, np.array(labels, np.int64), ~known)


def collate(frames: Sequence[TrainingFrame]) -> Batch:
    """Stack frames; in a worker, so that few tensors cross to the trainer."""
    return Batch(
        [frame.id for frame in frames],
        torch.from_numpy(np.stack([frame.view for frame in frames])),
        torch.from_numpy(np.stack([frame.targets.labels for frame in frames])),
        torch.from_numpy(np.stack([frame.targets.offsets for frame in frames])),
    )


def _leave_signals_to_the_trainer(_: int) -> None:
    """Ctrl-C reaches every process of a terminal; the trainer alone answers it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
