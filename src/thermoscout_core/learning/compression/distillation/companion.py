"""The teacher beside a training: KEDet's whole loss (seed 002, eq. 5–10), or parts of it."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from thermoscout_core.learning.compression.distillation import losses
from thermoscout_core.learning.compression.distillation.ensemble import Ensemble
from thermoscout_core.learning.compression.distillation.teaching import Teaching
from thermoscout_core.learning.compression.model import Model
from thermoscout_core.learning.compression.step import CompressionError
from thermoscout_core.learning.counting import shapes_only
from thermoscout_core.learning.loss import LossParts
from thermoscout_core.learning.matching import BACKGROUND, IGNORED
from thermoscout_core.learning.ssd import Ssd
from thermoscout_core.learning.training.companion import Companion, Seen

NEGATIVES_PER_POSITIVE = 3
"""Of the background, soft labels look at the priors that the teacher finds most like equipment."""


class Teacher(Companion):
    """L = λ·L_hard + (1 − λ)·L_soft + L_loc + ν·L_b + β·L_KE + hints. The recipe's own weight of
    the localisation, α in eq. 10, holds for ν·L_b too.

    teachers: several answer as one, with their mean; of the maps there are the first one's. Raises
    CompressionError for one whose priors or classes aren't the student's.
    """

    def __init__(
        self,
        teachers: Sequence[Model],
        student: Model,
        teaching: Teaching,
        location_weight: float = 1.0,
    ) -> None:
        super().__init__()
        for teacher in teachers:
            require_same_priors(teacher, student)
        self.teaching, self.location_weight = teaching, location_weight
        self._ensemble = [Ensemble(teachers, teaching.flip_average)]  # a list: not our parameter
        channels = zip(_channels(student), _channels(teachers[0]), strict=True)
        self.regressors = nn.ModuleList(
            _regressor(own, others) for own, others in channels if teaching.hints
        )
        self._maps: list[Tensor] = []

    @property
    def ensemble(self) -> Ensemble:
        """What the student hears."""
        return self._ensemble[0]

    def begin(self, network: Ssd) -> None:
        self.ensemble.to(next(network.parameters()).device)
        if self.teaching.attention or self.teaching.hints:
            network.features.register_forward_hook(self._keep)

    def _keep(self, _: nn.Module, __: object, maps: list[Tensor]) -> None:
        self._maps = maps

    def before_step(self, network: Ssd, epoch: int) -> None:
        self.ensemble.precision = network.features.autocast

    def objective(self, parts: LossParts, seen: Seen) -> Tensor:
        ensemble, teaching = self.ensemble, self.teaching
        offsets, logits = ensemble(seen.images)
        soft = self._soft(seen, logits) / seen.positives
        positive = seen.labels > BACKGROUND
        bounded = losses.bounded_regression(
            seen.offsets[positive], offsets[positive], seen.wanted[positive], teaching.margin
        )
        location = parts.localisation + teaching.bounded * bounded / seen.positives
        total = teaching.hard * parts.classification + (1 - teaching.hard) * soft
        total = total + self.location_weight * location
        if teaching.attention:
            distance = losses.attention_distance(self._maps, ensemble.maps, teaching.reduction)
            total = total + teaching.attention * distance
        if teaching.hints:
            regressed = [r(m) for r, m in zip(self.regressors, self._maps, strict=True)]
            total = total + teaching.hints * losses.hint_distance(regressed, ensemble.maps)
        return total

    def _soft(self, seen: Seen, teacher: Tensor) -> Tensor:
        """Over the priors on equipment and as many times more of the most doubtful others."""
        positive = seen.labels > BACKGROUND
        doubt = 1 - teacher.softmax(2)[..., 0]
        doubt = doubt.masked_fill(positive | (seen.labels == IGNORED), -1.0)
        wanted = min(max(1, NEGATIVES_PER_POSITIVE * seen.positives), doubt.numel())
        looked_at = positive | (doubt >= doubt.flatten().topk(wanted).values[-1].clamp(min=0))
        student, other = seen.logits[looked_at], teacher[looked_at]
        if self.teaching.soft == "logits":
            return losses.logit_distance(student, other)
        teaching = self.teaching
        return losses.soft_labels(student, other, teaching.temperature, teaching.background)


def _regressor(own: int, others: int) -> nn.Conv2d:
    """From the student's channels to the teacher's; where they agree, as a compressed network's
    do, it begins with each channel as it is."""
    regressor = nn.Conv2d(own, others, 1)
    if own == others:
        nn.init.dirac_(regressor.weight)
        nn.init.zeros_(regressor.bias)  # type: ignore[arg-type]
    return regressor


def require_same_priors(teacher: Model, student: Model) -> None:
    """Raises CompressionError unless both answer for the same priors and classes. Another input is
    no hindrance where the maps have the same cells: the teacher's images are resized."""
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
    if counts[0] != counts[1]:
        raise CompressionError(
            f"the teacher has maps of (columns, rows, priors) {counts[0]} at "
            f"{theirs.input_size_px}, the student {counts[1]} at {own.input_size_px}; train the "
            "teacher with the student's input_size_px, taps and priors_per_cell"
        )
    if theirs.levels != own.levels:
        raise CompressionError(
            "teacher and student have priors of other sizes, so their offsets mean other boxes; "
            "train both on the same data, or with priors: seed, which gives them the same"
        )


def _channels(model: Model) -> list[int]:
    """Of the maps that a network really gives: pruning may have taken some of the design's."""
    maps = shapes_only(model.network.features, model.architecture.input_size_px)
    return [int(features.shape[1]) for features in maps]
