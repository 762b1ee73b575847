"""Blocks of depthwise and pointwise convolutions: MobileNetV1 and V2, Xception."""

from __future__ import annotations

from torch import Tensor, nn

from thermoscout_core.learning.blocks.base import Block, Weights
from thermoscout_core.learning.layers import (
    ACTIVATIONS,
    batch_norm,
    conv,
    conv_bn,
    conv_bn_act,
    separable,
)


class Separable(Block):
    """MobileNetV1's (Howard et al. 2017; seed 004, figure 7): 9·N + N·M."""

    def __init__(
        self, inputs: int, outputs: int, stride: int = 1, activation: str = "relu6"
    ) -> None:
        super().__init__(inputs, outputs, stride)
        self.layers = separable(inputs, outputs, 3, stride, activation)

    def forward(self, features: Tensor) -> Tensor:
        result: Tensor = self.layers(features)
        return result

    def weights(self) -> Weights:
        return Weights(0, 9 * self.inputs + self.inputs * self.outputs)


class InvertedResidual(Block):
    """MobileNetV2's (Sandler et al. 2018; seed 004, figure 8): 1×1 to t·N channels, 3×3 depthwise,
    1×1 to M without activation: t·N² + 9·t·N + t·N·M. For t = 1 the first 1×1 is left out.

    (The seed calls the entry's 1×1 linear; it is the last one.)
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        stride: int = 1,
        activation: str = "relu6",
        expansion: int = 6,
    ) -> None:
        super().__init__(inputs, outputs, stride)
        self.expansion, self.adds = expansion, stride == 1 and inputs == outputs
        wide = inputs * expansion
        self.expand = (
            conv_bn_act(inputs, wide, 1, activation=activation) if expansion > 1 else nn.Identity()
        )
        self.depthwise = conv_bn_act(wide, wide, 3, stride, wide, activation)
        self.project = conv_bn(wide, outputs, 1)

    def forward(self, features: Tensor) -> Tensor:
        return self.contract(self.expand(features), features)

    def contract(self, expanded: Tensor, features: Tensor) -> Tensor:
        """What follows the expansion: a detector taps the expanded features on their way."""
        result: Tensor = self.project(self.depthwise(expanded))
        return result + features if self.adds else result

    def weights(self) -> Weights:
        n, m, wide = self.inputs, self.outputs, self.inputs * self.expansion
        return Weights(n * wide if self.expansion > 1 else 0, 9 * wide + wide * m)


class Xception(Block):
    """Separable convolutions, each after an activation, around a shortcut (Chollet 2017):
    (9·N + N·M) + (layers − 1)·(9·M + M²), and N·M where the shortcut projects.

    A stride is a max pooling behind the convolutions. Nothing stands between depthwise and
    pointwise (seed 004 puts a ReLU there; the original found it to harm).
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        stride: int = 1,
        activation: str = "relu",
        layers: int = 3,
    ) -> None:
        super().__init__(inputs, outputs, stride)
        self.layers = layers
        self.branch = nn.Sequential()
        for channels in [inputs] + [outputs] * (layers - 1):
            self.branch.extend(
                [
                    ACTIVATIONS[activation](),
                    conv(channels, channels, 3, groups=channels),
                    conv(channels, outputs, 1),
                    batch_norm(outputs),
                ]
            )
        if stride > 1:
            self.branch.append(nn.MaxPool2d(3, stride, 1))
        same = stride == 1 and inputs == outputs
        self.projection = None if same else conv_bn(inputs, outputs, 1, stride)

    def forward(self, features: Tensor) -> Tensor:
        shortcut = features if self.projection is None else self.projection(features)
        result: Tensor = self.branch(features) + shortcut
        return result

    def weights(self) -> Weights:
        n, m = self.inputs, self.outputs
        branch = 9 * n + n * m + (self.layers - 1) * (9 * m + m * m)
        return Weights(branch, 0 if self.projection is None else n * m)
