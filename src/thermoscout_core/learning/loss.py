"""The multibox loss: localisation of the priors on equipment, classification with hard negatives
(Liu et al. 2016, §2.2) or focal (Lin et al. 2017)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from thermoscout_core.learning.box_losses import ciou_loss, decode_offsets, giou_loss
from thermoscout_core.learning.config import LossSection
from thermoscout_core.learning.matching import BACKGROUND, IGNORED

LEAST_NEGATIVES = 10
"""Of every frame, also of one without equipment."""
FOCAL_PRIOR = 0.01
"""Probability of equipment that a focal network starts with (Lin et al. 2017, §4.1)."""


@dataclass(frozen=True)
class LossParts:
    """Scalars, divided by the number of priors on equipment."""

    localisation: Tensor
    classification: Tensor
    total: Tensor


class MultiboxLoss:
    """priors: (P, 4) center form as fractions. class_weights: (1 + C,), background first."""

    def __init__(
        self, config: LossSection, priors: Tensor, class_weights: Tensor | None = None
    ) -> None:
        self.config, self.priors, self.class_weights = config, priors, class_weights

    def __call__(
        self,
        offsets: Tensor,
        logits: Tensor,
        labels: Tensor,
        wanted: Tensor,
        positives: int | None = None,
    ) -> LossParts:
        """Offsets (N, P, 4), logits (N, P, 1 + C) against labels (N, P) and offsets wanted
        (N, P, 4), see matching.Targets.

        positives: what the sums are divided by (at least 1), when this is part of a batch.
        """
        offsets, logits = offsets.float(), logits.float()
        positive = labels > BACKGROUND
        divisor = max(int(positive.sum()) if positives is None else positives, 1)
        localisation = self._localisation(offsets, wanted, positive) / divisor
        classify = self._focal if self.config.classification == "focal" else self._hard_negatives
        classification = classify(logits, labels) / divisor
        total = classification + self.config.location_weight * localisation
        return LossParts(localisation, classification, total)

    def _localisation(self, offsets: Tensor, wanted: Tensor, positive: Tensor) -> Tensor:
        if self.config.localisation == "smooth_l1":
            return functional.smooth_l1_loss(offsets[positive], wanted[positive], reduction="sum")
        priors = self.priors.expand(len(offsets), -1, -1)[positive]
        boxes = decode_offsets(offsets[positive], priors)
        targets = decode_offsets(wanted[positive], priors)
        loss = giou_loss if self.config.localisation == "giou" else ciou_loss
        return loss(boxes, targets).sum()

    def _entropy(self, logits: Tensor, labels: Tensor) -> Tensor:
        return functional.cross_entropy(
            logits.flatten(0, 1),
            labels.clamp(min=BACKGROUND).flatten(),
            self.class_weights,
            reduction="none",
            label_smoothing=self.config.label_smoothing,
        ).view_as(labels)

    def _hard_negatives(self, logits: Tensor, labels: Tensor) -> Tensor:
        entropy = self._entropy(logits, labels)
        positive, background = labels > BACKGROUND, labels == BACKGROUND
        hardness = torch.where(background, entropy.detach(), -1.0)
        wanted = positive.sum(1) * self.config.negatives_per_positive
        wanted = wanted.long().clamp(LEAST_NEGATIVES, labels.shape[1])
        ranked = hardness.sort(1, descending=True).values
        floor = ranked.gather(1, wanted[:, None] - 1)
        negative = background & (hardness >= floor)
        return entropy[positive | negative].sum()

    def _focal(self, logits: Tensor, labels: Tensor) -> Tensor:
        entropy = self._entropy(logits, labels)
        right = logits.softmax(2).gather(2, labels.clamp(min=BACKGROUND)[..., None])[..., 0]
        alpha = self.config.focal_alpha
        weight = torch.where(labels > BACKGROUND, alpha, 1 - alpha)
        weight = weight * (1 - right) ** self.config.focal_gamma
        return (weight * entropy)[labels != IGNORED].sum()


def class_weights(
    config: LossSection, classes: Sequence[str], boxes: Sequence[int]
) -> Tensor | None:
    """(1 + C,) from the recipe and the training boxes of each class; background has 1."""
    if config.class_weights is None:
        return None
    if config.class_weights == "balanced":
        counts = torch.tensor(boxes, dtype=torch.float32)
        weights = counts.clamp(min=1).rsqrt()
        weights = weights * counts.sum() / (weights * counts).sum().clamp(min=1e-9)
        weights[counts == 0] = 1.0
    else:
        weights = torch.tensor([config.class_weights.get(name, 1.0) for name in classes])
    return torch.cat([torch.ones(1), weights])


def focal_background_bias(class_count: int) -> float:
    """The bias of the background logit, the others' being 0, that starts at FOCAL_PRIOR."""
    return math.log(class_count * (1 - FOCAL_PRIOR) / FOCAL_PRIOR)
