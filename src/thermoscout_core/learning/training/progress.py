"""What is told of a running training, and the sums that its epoch's record is made from."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class EpochReport:
    """What the progress display gets after each batch and each epoch.

    epoch: the one under way or just finished, from 1. Losses: means of the epoch so far.
    memory_mb: peak. mean_ap, best_ap: NaN when not validated; val_ap: AP@0.5 per class. seconds:
    of the whole epoch, NaN while it is under way.
    """

    epoch: int
    epochs: int
    batch: int
    batches: int
    loss: float
    localisation: float
    classification: float
    images_per_s: float
    memory_mb: float
    mean_ap: float = math.nan
    best_ap: float = math.nan
    val_ap: dict[str, float] = field(default_factory=dict)
    seconds: float = math.nan

    @property
    def epochs_done(self) -> float:
        return self.epoch - 1 + self.batch / self.batches

    @property
    def finished(self) -> bool:
        """Whether this is the report at an epoch's end, after which seconds are known."""
        return not math.isnan(self.seconds)


@dataclass
class EpochSums:
    """Sums over the batches of the epoch under way; saved with it, so that a resumed epoch's
    record is the same. seconds: of training alone."""

    batches: int = 0
    images: int = 0
    localisation: float = 0.0
    classification: float = 0.0
    loss: float = 0.0
    gradient_norm: float = 0.0
    seconds: float = 0.0

    def add(self, images: int, parts: tuple[float, float, float], gradient_norm: float) -> None:
        """parts: localisation, classification and total loss of a batch."""
        self.batches += 1
        self.images += images
        self.localisation += parts[0]
        self.classification += parts[1]
        self.loss += parts[2]
        self.gradient_norm += gradient_norm

    def means(self) -> dict[str, float]:
        """Per batch, and images_per_s."""
        count = max(self.batches, 1)
        names = ("loss", "localisation", "classification", "gradient_norm")
        means = {name: getattr(self, name) / count for name in names}
        return {**means, "images_per_s": self.images / max(self.seconds, 1e-9)}

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
