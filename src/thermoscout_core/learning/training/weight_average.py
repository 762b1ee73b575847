"""The running average of the weights (EMA), which is what is validated and kept."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class WeightAverage:
    """weights: the averaged state dict. decay: per step, in 0..1; smaller over the first steps,
    so that the random start is soon forgotten."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.weights = {name: value.clone() for name, value in network.state_dict().items()}
        self.decay = decay

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Take in the network after that many steps."""
        decay = min(self.decay, (1 + step) / (10 + step))
        averaged, current = [], []
        for name, value in network.state_dict().items():
            if value.is_floating_point():
                averaged.append(self.weights[name])
                current.append(value)
            else:
                self.weights[name].copy_(value)
        torch._foreach_lerp_(averaged, current, 1 - decay)

    def load(self, weights: dict[str, Tensor]) -> None:
        """Go on from a saved average."""
        for name, value in self.weights.items():
            value.copy_(weights[name])
