"""A top-down neck: fine maps learn from coarse ones what they are looking at."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

from thermoscout_core.learning.layers import conv_bn, separable


class TopDownNeck(nn.Module):
    """A feature pyramid (Lin et al. 2017) of separable convolutions: each map is brought to the
    same channels, gets the next coarser one added, enlarged, and is smoothed.

    forward: maps (N, C_i, H_i, W_i), fine to coarse -> maps (N, channels, H_i, W_i).
    """

    def __init__(self, map_channels: Sequence[int], channels: int, activation: str) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(conv_bn(inputs, channels, 1) for inputs in map_channels)
        self.smooth = nn.ModuleList(
            separable(channels, channels, activation=activation) for _ in map_channels
        )

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        merged: list[Tensor] = []
        for features, lateral in zip(reversed(maps), reversed(self.lateral), strict=True):
            fine = lateral(features)
            if merged:
                fine = fine + functional.interpolate(merged[-1], size=fine.shape[2:])
            merged.append(fine)
        return [smooth(m) for smooth, m in zip(self.smooth, reversed(merged), strict=True)]
