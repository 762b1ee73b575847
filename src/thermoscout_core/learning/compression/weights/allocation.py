"""How many weights each layer keeps when the network as a whole keeps a share of them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from thermoscout_core.learning.compression.weights.masks import prunable_layers


def uniform_ratios(network: nn.Module, keep_ratio: float) -> dict[str, float]:
    """Every prunable layer the same."""
    return dict.fromkeys(prunable_layers(network), keep_ratio)


def lamp_ratios(network: nn.Module, keep_ratio: float) -> dict[str, float]:
    """Keep ratios of the prunable layers that together keep keep_ratio of their weights, by
    layer-adaptive magnitudes (Lee et al. 2021, eq. 4): no sweep, and no layer is starved."""
    scores = {name: lamp_scores(layer.weight) for name, layer in prunable_layers(network).items()}
    everything = torch.cat(list(scores.values()))
    kept = max(1, round(keep_ratio * everything.numel()))
    least = everything.kthvalue(everything.numel() - kept + 1).values
    return {
        name: max(float((values >= least).double().mean()), 1 / values.numel())
        for name, values in scores.items()
    }


def lamp_scores(weight: Tensor) -> Tensor:
    """Each weight's square over the sum of the squares that aren't smaller (N,), ascending: the
    share of the layer's energy that goes with it when it goes next."""
    squares = weight.detach().double().flatten().square().sort().values
    left = squares.flip(0).cumsum(0).flip(0)
    return squares / left.clamp(min=1e-300)
