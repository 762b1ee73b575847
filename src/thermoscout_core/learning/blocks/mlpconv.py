"""Network in network: a small perceptron slides over the map behind each convolution."""

from __future__ import annotations

from torch import Tensor, nn

from thermoscout_core.learning.blocks.base import Block, Weights
from thermoscout_core.learning.layers import conv_bn, conv_bn_act


class Mlpconv(Block):
    """3×3 and twice 1×1, each with activation (Lin et al. 2014; seed 003, §4.2): 9·N·M + 2·M²."""

    def __init__(
        self, inputs: int, outputs: int, stride: int = 1, activation: str = "relu"
    ) -> None:
        super().__init__(inputs, outputs, stride)
        self.layers = nn.Sequential(
            conv_bn_act(inputs, outputs, 3, stride, activation=activation),
            conv_bn_act(outputs, outputs, 1, activation=activation),
            conv_bn_act(outputs, outputs, 1, activation=activation),
        )

    def forward(self, features: Tensor) -> Tensor:
        result: Tensor = self.layers(features)
        return result

    def weights(self) -> Weights:
        n, m = self.inputs, self.outputs
        return Weights(0, 9 * n * m + 2 * m * m)


class Maxout(nn.Module):
    """The largest of `pieces` neighbouring channels: p·M channels to M."""

    def __init__(self, pieces: int) -> None:
        super().__init__()
        self.pieces = pieces

    def forward(self, features: Tensor) -> Tensor:
        batch, channels, height, width = features.shape
        grouped = features.view(batch, channels // self.pieces, self.pieces, height, width)
        return grouped.amax(2)


class MaxoutMlpconv(Block):
    """MIN (Chang and Chen 2015): the perceptron's two layers have maxout of p pieces, behind
    batch norm, for activation: 9·N·M + 2·p·M²."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        stride: int = 1,
        activation: str = "relu",
        pieces: int = 2,
    ) -> None:
        super().__init__(inputs, outputs, stride)
        self.pieces = pieces
        self.layers = nn.Sequential(conv_bn_act(inputs, outputs, 3, stride, activation=activation))
        for _ in range(2):
            self.layers.extend([conv_bn(outputs, outputs * pieces, 1), Maxout(pieces)])

    def forward(self, features: Tensor) -> Tensor:
        result: Tensor = self.layers(features)
        return result

    def weights(self) -> Weights:
        n, m = self.inputs, self.outputs
        return Weights(0, 9 * n * m + 2 * self.pieces * m * m)
