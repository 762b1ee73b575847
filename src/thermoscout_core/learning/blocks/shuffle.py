"""ShuffleNet's unit (Zhang et al. 2018): pointwise group convolutions and a channel shuffle."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from thermoscout_core.errors import ModelError
from thermoscout_core.learning.blocks.base import Block, Weights, part
from thermoscout_core.learning.layers import ACTIVATIONS, conv_bn, conv_bn_act


class ChannelShuffle(nn.Module):
    """Each group of the next layer gets channels of every group of the one before."""

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, features: Tensor) -> Tensor:
        batch, channels, height, width = features.shape
        grouped = features.view(batch, self.groups, channels // self.groups, height, width)
        return grouped.transpose(1, 2).reshape(batch, channels, height, width)


class Shuffle(Block):
    """1×1 in G groups to M/4 channels, shuffle, 3×3 depthwise, 1×1 in G groups.

    The shortcut is added where shapes agree; else its average pooling is concatenated and the
    branch gives M − N channels. With b branch outputs: N·M/(4G) + 9·M/4 + M·b/(4G) weights.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        stride: int = 1,
        activation: str = "relu",
        groups: int = 4,
    ) -> None:
        super().__init__(inputs, outputs, stride)
        self.adds = stride == 1 and inputs == outputs
        if not self.adds and outputs <= inputs:
            raise ModelError(
                f"shuffle: {inputs} inputs are concatenated to the branch, so there must be more "
                f"than {outputs} outputs"
            )
        self.groups, self.narrow = groups, part("shuffle", outputs, 4)
        self.branch_outputs = outputs if self.adds else outputs - inputs
        part("shuffle", inputs, groups, "inputs")
        part("shuffle", self.narrow, groups, "narrow channels")
        part("shuffle", self.branch_outputs, groups, "branch outputs")
        self.branch = nn.Sequential(
            conv_bn_act(inputs, self.narrow, 1, 1, groups, activation),
            ChannelShuffle(groups),
            conv_bn(self.narrow, self.narrow, 3, stride, self.narrow),
            conv_bn(self.narrow, self.branch_outputs, 1, 1, groups),
        )
        self.pool = nn.AvgPool2d(3, stride, 1) if stride > 1 else nn.Identity()
        self.last = ACTIVATIONS[activation](inplace=True)

    def forward(self, features: Tensor) -> Tensor:
        branch = self.branch(features)
        joined = branch + features if self.adds else torch.cat([self.pool(features), branch], 1)
        result: Tensor = self.last(joined)
        return result

    def weights(self) -> Weights:
        n, narrow, g = self.inputs, self.narrow, self.groups
        return Weights(n * narrow // g, 9 * narrow + narrow * self.branch_outputs // g)
