"""The residual family: basic, grouped, bottleneck and KENet branches around a shortcut.

y = F(x, {W}) + x (seed 004, eq. 1); where shapes differ, W_s x (eq. 2) or zero padding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional

from thermoscout_core.errors import ModelError
from thermoscout_core.learning.blocks.base import Block, Weights, part
from thermoscout_core.learning.layers import ACTIVATIONS, batch_norm, conv

SHORTCUTS = ("projection", "zero_pad", "all_projections")
"""Options B, A and C of He et al. 2015: what stands in for the identity."""


class Layer(NamedTuple):
    inputs: int
    outputs: int
    kernel: int
    stride: int = 1
    groups: int = 1


class ResidualUnit(Block):
    """A branch of convolutions and a shortcut.

    pre_activation: batch norm and activation come before each convolution (wide residual
    networks, He et al. 2016) instead of after it (ResNet), where they fold into it.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        activation: str,
        shortcut: str = "projection",
        pre_activation: bool = False,
    ) -> None:
        inputs, outputs = layers[0].inputs, layers[-1].outputs
        stride = max(layer.stride for layer in layers)
        super().__init__(inputs, outputs, stride)
        if shortcut not in SHORTCUTS:
            raise ModelError(f"shortcut '{shortcut}' is unknown; there are {', '.join(SHORTCUTS)}")
        if shortcut == "zero_pad" and outputs < inputs:
            raise ModelError(f"zero_pad can't shrink {inputs} channels to {outputs}")
        act = ACTIVATIONS[activation]
        same = stride == 1 and inputs == outputs
        self.projects = shortcut == "all_projections" or (shortcut == "projection" and not same)
        self.projection = (
            nn.Sequential(conv(inputs, outputs, 1, stride)) if self.projects else None
        )
        self.entry = nn.Sequential(batch_norm(inputs), act()) if pre_activation else None
        self.branch = nn.Sequential()
        for number, layer in enumerate(layers):
            if number:
                self.branch.extend([batch_norm(layer.inputs), act(inplace=True)])
            self.branch.append(conv(*layer))
        self.last = None if pre_activation else act(inplace=True)
        if not pre_activation:
            self.branch.append(batch_norm(outputs))
            if self.projection is not None:
                self.projection.append(batch_norm(outputs))

    def forward(self, features: Tensor) -> Tensor:
        activated = features if self.entry is None else self.entry(features)
        result: Tensor = self.branch(activated) + self._shortcut(features, activated)
        if self.last is not None:
            result = self.last(result)
        return result

    def _shortcut(self, features: Tensor, activated: Tensor) -> Tensor:
        if self.projection is not None:
            projected: Tensor = self.projection(activated)
            return projected
        if self.stride > 1:
            features = features[:, :, :: self.stride, :: self.stride]
        missing = self.outputs - self.inputs
        return functional.pad(features, (0, 0, 0, 0, 0, missing)) if missing else features

    def projection_weights(self) -> int:
        return self.inputs * self.outputs if self.projects else 0


class Residual(ResidualUnit):
    """Two 3×3 convolutions: 9·N·M + 9·M²."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        stride: int = 1,
        activation: str = "relu",
        shortcut: str = "projection",
        *,
        pre_activation: bool = False,
    ) -> None:
        layers = [Layer(inputs, outputs, 3, stride), Layer(outputs, outputs, 3)]
        super().__init__(layers, activation, shortcut, pre_activation)

    def weights(self) -> Weights:
        n, m = self.inputs, self.outputs
        return Weights(0, 9 * n * m + 9 * m * m + self.projection_weights())


class GroupedResidual(ResidualUnit):
    """Gconv(G) of seed 002: a 3×3 convolution in G groups, then a pointwise one, twice:
    9·N²/G + N·M + 9·M²/G + M². (The seed's NK²M + NM leaves out the /G.)"""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        stride: int = 1,
        activation: str = "relu",
        groups: int = 2,
        *,
        pre_activation: bool = False,
    ) -> None:
        part("gconv", inputs, groups, "inputs")
        part("gconv", outputs, groups)
        self.groups = groups
        layers = [
            Layer(inputs, inputs, 3, stride, groups),
            Layer(inputs, outputs, 1),
            Layer(outputs, outputs, 3, 1, groups),
            Layer(outputs, outputs, 1),
        ]
        super().__init__(layers, activation, pre_activation=pre_activation)

    def weights(self) -> Weights:
        n, m, g = self.inputs, self.outputs, self.groups
        total = 9 * n * n // g + n * m + 9 * m * m // g + m * m
        return Weights(0, total + self.projection_weights())


class KENet(ResidualUnit):
    """KENet(G, B) of seed 002: 1×1 in G groups to M/B channels, 3×3 in G groups, 1×1 to M:
    N·M/(G·B) + 9·M²/(G·B²) + M²/B.

    The text says that the 3×3 is not grouped and prints N and K for channels in its formula; only
    the form here gives the parameters of its table 1.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        stride: int = 1,
        activation: str = "relu",
        groups: int = 2,
        reduction: int = 2,
        *,
        pre_activation: bool = False,
    ) -> None:
        narrow = part("kenet", outputs, reduction)
        part("kenet", inputs, groups, "inputs")
        part("kenet", narrow, groups, "narrow channels")
        self.groups, self.narrow = groups, narrow
        layers = [
            Layer(inputs, narrow, 1, 1, groups),
            Layer(narrow, narrow, 3, stride, groups),
            Layer(narrow, outputs, 1),
        ]
        super().__init__(layers, activation, pre_activation=pre_activation)

    def weights(self) -> Weights:
        n, m, g = self.inputs, self.outputs, self.groups
        narrow = self.narrow
        return Weights(
            n * narrow // g, 9 * narrow**2 // g + narrow * m + self.projection_weights()
        )


class Bottleneck(KENet):
    """Bottleneck(B): 1×1 to M/B channels, 3×3, 1×1 to M (seed 004, figure 3, where B = 4):
    N·M/B + 9·M²/B² + M²/B. It is KENet with one group."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        stride: int = 1,
        activation: str = "relu",
        reduction: int = 4,
        *,
        pre_activation: bool = False,
    ) -> None:
        super().__init__(
            inputs, outputs, stride, activation, 1, reduction, pre_activation=pre_activation
        )
