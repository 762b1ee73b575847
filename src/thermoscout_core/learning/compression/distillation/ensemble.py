"""What one teacher or several say of a batch, perhaps of its mirror image too, averaged."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from thermoscout_core.learning.compression.distillation.mirroring import unmirrored
from thermoscout_core.learning.compression.model import Model
from thermoscout_core.learning.folding import fold_batch_norm
from thermoscout_core.learning.ssd import Ssd

LEAST_WEIGHT = 1e-6
"""Of an answer that sees no equipment at all: the mean of such answers is of them alike."""


class Ensemble(nn.Module):
    """Copies of the teachers, which don't learn; batch norm is folded, for speed.

    forward: images (N, 3, H, W) in −1..1, of the student's size -> offsets (N, P, 4), the mean,
    weighted by how much of equipment each sees there, and logits (N, P, 1 + C), of the mean
    probabilities. maps: the first teacher's feature maps of
    the last images. precision: as FeatureMaps.autocast. All teachers must answer for the same
    priors (companion.require_same_priors).
    """

    def __init__(self, teachers: Sequence[Model], flip_average: bool = False) -> None:
        super().__init__()
        self.levels = teachers[0].architecture.levels
        self.flip_average = flip_average
        self.precision: torch.dtype | None = None
        self.maps: list[Tensor] = []
        self._sizes_px = [teacher.architecture.input_size_px for teacher in teachers]
        self._networks = nn.ModuleList(_still(teacher) for teacher in teachers)
        self._first.features.register_forward_hook(self._keep)

    @property
    def _first(self) -> Ssd:
        network = self._networks[0]
        assert isinstance(network, Ssd)
        return network

    def _keep(self, _: nn.Module, __: object, maps: list[Tensor]) -> None:
        self.maps = self.maps or maps

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        self.maps = []
        with torch.inference_mode():
            offsets, logits = (torch.stack(said) for said in zip(*self._said(images), strict=True))
            logits = logits.log_softmax(3)
            equipment = (1 - logits[..., :1].exp()).clamp(min=LEAST_WEIGHT)
            answer = (
                (equipment * offsets).sum(0) / equipment.sum(0),
                logits.logsumexp(0) - math.log(len(logits)),
            )
        self.maps = [features.clone() for features in self.maps]
        return answer[0].clone(), answer[1].clone()  # the student's gradients may save them

    def _said(self, images: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Each teacher's answer, and where it is asked for, that to the mirror image."""
        for network, (width_px, height_px) in zip(self._networks, self._sizes_px, strict=True):
            assert isinstance(network, Ssd)
            network.features.autocast = self.precision
            seen = images
            if images.shape[2:] != (height_px, width_px):
                seen = functional.interpolate(images, (height_px, width_px), mode="bilinear")
            yield network(seen)
            if self.flip_average:
                offsets, logits = network(seen.flip(3))
                yield unmirrored(offsets, logits, self.levels)


def _still(teacher: Model) -> Ssd:
    network = fold_batch_norm(teacher.network).requires_grad_(False)
    assert isinstance(network, Ssd)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]
