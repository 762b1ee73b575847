"""The teacher beside a training: KEDet's whole loss (seed 002, eq. 5–10), or parts of it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from thermoscout_core.learning.compression.distillation import losses
from thermoscout_core.learning.compression.model import Model
from thermoscout_core.learning.compression.step import CompressionError
from thermoscout_core.learning.counting import shapes_only
from thermoscout_core.learning.loss import LossParts
from thermoscout_core.learning.matching import BACKGROUND, IGNORED
from thermoscout_core.learning.ssd import Ssd
from thermoscout_core.learning.training.companion import Companion, Seen

NEGATIVES_PER_POSITIVE = 3
"""Of the background, soft labels look at the priors that the teacher finds most like equipment."""


@dataclass(frozen=True)
class Weights:
    """hard: λ of eq. 6, the labels' share. soft: what the rest, 1 − λ, is: soft_labels or logits.
    bounded: ν of eq. 7. attention: β of eq. 10. hints: weight of the maps' distance."""

    hard: float = 0.8
    soft: str = "soft_labels"
    temperature: float = 1.0
    bounded: float = 0.5
    margin: float = 0.0
    attention: float = 0.0
    reduction: str = "mean"
    hints: float = 0.0


class Teacher(Companion):
    """L = λ·L_hard + (1 − λ)·L_soft + L_loc + ν·L_b + β·L_KE + hints. The recipe's own weight of
    the localisation, α in eq. 10, holds for ν·L_b too."""

    def __init__(
        self, teacher: Model, student: Model, weights: Weights, location_weight: float = 1.0
    ) -> None:
        super().__init__()
        require_same_priors(teacher, student)
        self.weights, self.location_weight = weights, location_weight
        self._teacher = [teacher.copy_network().requires_grad_(False)]  # a list: not our parameter
        channels = zip(_channels(student), _channels(teacher), strict=True)
        self.regressors = nn.ModuleList(
            nn.Conv2d(own, others, 1) for own, others in channels if weights.hints
        )
        self._maps: list[Tensor] = []

    def begin(self, network: Ssd) -> None:
        device = next(network.parameters()).device
        self._teacher[0].to(device)
        network.features.register_forward_hook(self._keep)

    def _keep(self, _: nn.Module, __: object, maps: list[Tensor]) -> None:
        self._maps = maps

    def objective(self, parts: LossParts, seen: Seen) -> Tensor:
        teacher, weights = self._teacher[0].eval(), self.weights
        with torch.no_grad():
            their_maps: list[Tensor] = []
            hook = teacher.features.register_forward_hook(lambda *a: their_maps.extend(a[2]))
            offsets, logits = teacher(seen.images)
            hook.remove()
        soft = self._soft(seen, logits) / seen.positives
        positive = seen.labels > BACKGROUND
        bounded = losses.bounded_regression(
            seen.offsets[positive], offsets[positive], seen.wanted[positive], weights.margin
        )
        location = parts.localisation + weights.bounded * bounded / seen.positives
        total = weights.hard * parts.classification + (1 - weights.hard) * soft
        total = total + self.location_weight * location
        if weights.attention:
            distance = losses.attention_distance(self._maps, their_maps, weights.reduction)
            total = total + weights.attention * distance
        if weights.hints:
            regressed = [r(m) for r, m in zip(self.regressors, self._maps, strict=True)]
            total = total + weights.hints * losses.hint_distance(regressed, their_maps)
        return total

    def _soft(self, seen: Seen, teacher: Tensor) -> Tensor:
        """Over the priors on equipment and as many times more of the most doubtful others."""
        positive = seen.labels > BACKGROUND
        doubt = 1 - teacher.softmax(2)[..., 0]
        doubt = doubt.masked_fill(positive | (seen.labels == IGNORED), -1.0)
        wanted = min(max(1, NEGATIVES_PER_POSITIVE * seen.positives), doubt.numel())
        looked_at = positive | (doubt >= doubt.flatten().topk(wanted).values[-1].clamp(min=0))
        student, other = seen.logits[looked_at], teacher[looked_at]
        if self.weights.soft == "logits":
            return losses.logit_distance(student, other)
        return losses.soft_labels(student, other, self.weights.temperature)


def require_same_priors(teacher: Model, student: Model) -> None:
    """Raises CompressionError unless both answer for the same priors, classes and input."""
    theirs, own = teacher.architecture, student.architecture
    if theirs.classes != own.classes:
        raise CompressionError(
            f"the teacher knows {', '.join(theirs.classes)}, the student "
            f"{', '.join(own.classes)}; they must have the same classes in the same order"
        )
    counts = [
        [(level.columns, level.rows, len(level.sizes)) for level in one.levels]
        for one in (theirs, own)
    ]
    if counts[0] != counts[1] or theirs.input_size_px != own.input_size_px:
        raise CompressionError(
            f"the teacher has maps of (columns, rows, priors) {counts[0]} at "
            f"{theirs.input_size_px}, the student {counts[1]} at {own.input_size_px}; train the "
            "teacher with the student's input_size_px, taps and priors_per_cell"
        )
    if theirs.levels != own.levels:
        raise CompressionError(
            "teacher and student have priors of other sizes, so their offsets mean other boxes; "
            "train the teacher with start_from: the student's weights, which keeps its priors"
        )


def _channels(model: Model) -> list[int]:
    """Of the maps that a network really gives: pruning may have taken some of the design's."""
    maps = shapes_only(model.network.features, model.architecture.input_size_px)
    return [int(features.shape[1]) for features in maps]
