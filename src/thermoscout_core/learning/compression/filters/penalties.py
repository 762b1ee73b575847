"""Training that makes whole filters small, so that pruning them afterwards costs less."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from thermoscout_core.learning.loss import LossParts
from thermoscout_core.learning.ssd import Ssd
from thermoscout_core.learning.training.companion import Companion, Seen


class GroupLasso(Companion):
    """Structured sparsity (SSL, Wen et al. 2016, eq. 4): strength·Σ √size·‖filter‖₂ over the
    filters of all ordinary convolutions but the heads' outputs."""

    def __init__(self, strength: float) -> None:
        super().__init__()
        self.strength = strength
        self._weights: list[Tensor] = []

    def begin(self, network: Ssd) -> None:
        self._weights = [
            module.weight
            for module in network.features.modules()
            if isinstance(module, nn.Conv2d) and module.groups == 1
        ]

    def objective(self, parts: LossParts, seen: Seen) -> Tensor:
        flat = [weight.flatten(1) for weight in self._weights]
        penalty = torch.stack([f.norm(dim=1).sum() * f.shape[1] ** 0.5 for f in flat]).sum()
        return parts.total + self.strength * penalty


class Slimming(Companion):
    """Network slimming (Liu et al. 2017): strength·Σ|γ| over the batch norms."""

    def __init__(self, strength: float) -> None:
        super().__init__()
        self.strength = strength
        self._scales: list[Tensor] = []

    def begin(self, network: Ssd) -> None:
        norms = [m for m in network.features.modules() if isinstance(m, nn.BatchNorm2d)]
        self._scales = [norm.weight for norm in norms]

    def objective(self, parts: LossParts, seen: Seen) -> Tensor:
        penalty = torch.stack([scale.abs().sum() for scale in self._scales]).sum()
        return parts.total + self.strength * penalty
