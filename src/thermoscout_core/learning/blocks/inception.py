"""Inception modules: parallel branches of different kernels, concatenated.

The branches' shares of the M outputs are those of the published modules that the docstrings name.
A stride is a max pooling before the module, as GoogLeNet has it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from thermoscout_core.learning.blocks.base import Block, Weights, part
from thermoscout_core.learning.layers import conv_bn_act

Kernel = int | tuple[int, int]


class Inception(Block):
    """Branches on the (pooled) input. branches: (outputs, kernel) of each layer of each; the last
    branch gets `pooling` before its layers."""

    def __init__(
        self,
        inputs: int,
        branches: list[list[tuple[int, Kernel]]],
        stride: int,
        activation: str,
        pooling: nn.Module,
    ) -> None:
        super().__init__(inputs, sum(branch[-1][0] for branch in branches), stride)
        self.reduce = nn.MaxPool2d(3, stride, 1) if stride > 1 else nn.Identity()
        self.branches = nn.ModuleList()
        for number, layers in enumerate(branches, 1):
            sequence, channels = nn.Sequential(), inputs
            if number == len(branches):
                sequence.append(pooling)
            for outputs, kernel in layers:
                sequence.append(conv_bn_act(channels, outputs, kernel, activation=activation))
                channels = outputs
            self.branches.append(sequence)

    def forward(self, features: Tensor) -> Tensor:
        reduced = self.reduce(features)
        return torch.cat([branch(reduced) for branch in self.branches], 1)


class InceptionV1(Inception):
    """Szegedy et al. 2015 (seed 004, figure 1), split as GoogLeNet's 3a: 1×1 M/4; 1×1 3M/8 and
    3×3 M/2; 1×1 M/16 and 5×5 M/8; max pooling and 1×1 M/8.

    Weights: 13·N·M/16 + 9·(3M/8)·(M/2) + 25·(M/16)·(M/8).
    """

    def __init__(
        self, inputs: int, outputs: int, stride: int = 1, activation: str = "relu"
    ) -> None:
        sixteenth = part("inception_v1", outputs, 16)
        branches: list[list[tuple[int, Kernel]]] = [
            [(4 * sixteenth, 1)],
            [(6 * sixteenth, 1), (8 * sixteenth, 3)],
            [(sixteenth, 1), (2 * sixteenth, 5)],
            [(2 * sixteenth, 1)],
        ]
        super().__init__(inputs, branches, stride, activation, nn.MaxPool2d(3, 1, 1))

    def weights(self) -> Weights:
        s = self.outputs // 16
        return Weights(0, 13 * self.inputs * s + (9 * 6 * 8 + 25 * 2) * s * s)


class InceptionV3(Inception):
    """Szegedy et al. 2016, figure 5: the 5×5 is two 3×3 (18/25 of the cost, with an activation in
    between). 1×1 M/4; 1×1 3M/16 and 3×3 M/4; 1×1 M/4 and twice 3×3 3M/8; average pooling and
    1×1 M/8.

    Weights: 13·N·M/16 + 9·(3M/16)·(M/4) + 9·(M/4)·(3M/8) + 9·(3M/8)².
    """

    def __init__(
        self, inputs: int, outputs: int, stride: int = 1, activation: str = "relu"
    ) -> None:
        sixteenth = part("inception_v3", outputs, 16)
        branches: list[list[tuple[int, Kernel]]] = [
            [(4 * sixteenth, 1)],
            [(3 * sixteenth, 1), (4 * sixteenth, 3)],
            [(4 * sixteenth, 1), (6 * sixteenth, 3), (6 * sixteenth, 3)],
            [(2 * sixteenth, 1)],
        ]
        super().__init__(inputs, branches, stride, activation, _average_pooling())

    def weights(self) -> Weights:
        s = self.outputs // 16
        return Weights(0, 13 * self.inputs * s + 9 * (3 * 4 + 4 * 6 + 6 * 6) * s * s)


class InceptionV3Asymmetric(Inception):
    """Szegedy et al. 2016, figure 6: an n×n convolution is 1×n and n×1 (n = 7 did best), all
    branches M/4 wide as in Mixed_6e.

    Weights: N·M + 6·n·(M/4)².
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        stride: int = 1,
        activation: str = "relu",
        length: int = 7,
    ) -> None:
        quarter = part("inception_v3_asymmetric", outputs, 4)
        self.length = length
        row, column = (quarter, (1, length)), (quarter, (length, 1))
        branches: list[list[tuple[int, Kernel]]] = [
            [(quarter, 1)],
            [(quarter, 1), row, column],
            [(quarter, 1), column, row, column, row],
            [(quarter, 1)],
        ]
        super().__init__(inputs, branches, stride, activation, _average_pooling())

    def weights(self) -> Weights:
        quarter = self.outputs // 4
        return Weights(0, self.inputs * self.outputs + 6 * self.length * quarter**2)


def _average_pooling() -> nn.AvgPool2d:
    return nn.AvgPool2d(3, 1, 1, count_include_pad=False)
