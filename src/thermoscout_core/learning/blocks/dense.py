"""Dense block and transition (Huang et al. 2017, DenseNet-BC)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from thermoscout_core.learning.blocks.base import Block, Weights
from thermoscout_core.learning.layers import conv_bn_act

BOTTLENECK = 4
"""A layer's 1×1 convolution gives this many times the growth to its 3×3."""


class Dense(Block):
    """Each layer sees all before it and adds `growth` (k) channels; a 1×1 convolution brings the
    N + l·k channels to M, and an average pooling does the stride.

    Weights: Σᵢ [(N + i·k)·4k + 9·4k·k] over the l layers, and (N + l·k)·M.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        stride: int = 1,
        activation: str = "relu",
        growth: int = 32,
        layers: int = 4,
    ) -> None:
        super().__init__(inputs, outputs, stride)
        self.growth = growth
        wide = BOTTLENECK * growth
        self.layers = nn.ModuleList(
            nn.Sequential(
                conv_bn_act(inputs + number * growth, wide, 1, activation=activation),
                conv_bn_act(wide, growth, 3, activation=activation),
            )
            for number in range(layers)
        )
        self.transition = conv_bn_act(inputs + layers * growth, outputs, 1, activation=activation)
        if stride > 1:
            pooling = nn.AvgPool2d(stride, stride, ceil_mode=True, count_include_pad=False)
            self.transition.append(pooling)

    def forward(self, features: Tensor) -> Tensor:
        for layer in self.layers:
            features = torch.cat([features, layer(features)], 1)
        result: Tensor = self.transition(features)
        return result

    def weights(self) -> Weights:
        n, m, k, count = self.inputs, self.outputs, self.growth, len(self.layers)
        wide = BOTTLENECK * k
        layers = sum((n + number * k) * wide + 9 * wide * k for number in range(count))
        return Weights(layers + (n + count * k) * m, 0)
