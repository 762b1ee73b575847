"""What every block owes: features in, features out, and its cost by formula."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import NamedTuple

from torch import Tensor, nn

from thermoscout_core.errors import ModelError


class Weights(NamedTuple):
    """Convolution weights of a block (batch norm's 2 per channel left out).

    at_input: of the layers that run at the input's resolution, before the stride. at_output: of
    those that run at the output's.
    """

    at_input: int
    at_output: int

    @property
    def total(self) -> int:
        return self.at_input + self.at_output


class Block(nn.Module, ABC):
    """N input channels to M output channels, the size divided by the stride (rounded up).

    forward: (N, inputs, H, W) -> (N, outputs, ceil(H / stride), ceil(W / stride)).
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.inputs, self.outputs, self.stride = inputs, outputs, stride

    @abstractmethod
    def forward(self, features: Tensor) -> Tensor: ...

    @abstractmethod
    def weights(self) -> Weights:
        """The block's formula: its convolution weights, by where they run."""

    def macs(self, height: int, width: int) -> int:
        """Multiply-adds for an input of that size, from the formula."""
        at_input, at_output = self.weights()
        pixels = math.ceil(height / self.stride) * math.ceil(width / self.stride)
        return at_input * height * width + at_output * pixels


def part(block: str, channels: int, parts: int, of: str = "outputs") -> int:
    """channels / parts. Raises ModelError, naming the block, when that leaves a rest."""
    if channels <= 0 or channels % parts:
        raise ModelError(f"{block}: {channels} {of} can't be divided by {parts}")
    return channels // parts
