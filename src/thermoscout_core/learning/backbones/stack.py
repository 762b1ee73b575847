"""A backbone from any block of the registry, stacked in stages as a ResNet is."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn

from thermoscout_core.errors import ModelError
from thermoscout_core.learning.backbones.base import Backbone, tapped_strides
from thermoscout_core.learning.blocks import make_block
from thermoscout_core.learning.design import Design
from thermoscout_core.learning.layers import conv_bn_act

STEM_STRIDE = 4
ROUNDING = 16
"""Widths stay multiples of this, so that groups divide them."""


class Stack(Backbone):
    """A 3×3 convolution and a max pooling to stride 4, then stages of design.block: stage i has
    depths[i] blocks of widths[i] channels at stride 4·2^i. The last map of each stage from
    first_stride on is tapped.

    With block kenet(2, 2) and depths 3, 4, 6, 3 it is the KENet detector of seed 002, which leaves
    depth and widths open.
    """

    def __init__(self, design: Design) -> None:
        super().__init__()
        if len(design.widths) != len(design.depths) or min(design.depths, default=0) < 1:
            raise ModelError(
                f"stack: widths {design.widths} and depths {design.depths} must give one width "
                "and at least one block for each stage"
            )
        widths = [_rounded(base * design.width) for base in design.widths]
        self.strides = [STEM_STRIDE * 2**number for number in range(len(widths))]
        self.tapped = tapped_strides("stack", self.strides, design.first_stride)
        self.stem = nn.Sequential(
            conv_bn_act(3, widths[0], 3, 2, activation=design.activation),
            nn.MaxPool2d(3, 2, 1),
        )
        self.stages = nn.ModuleList()
        channels = widths[0]
        for number, (outputs, depth) in enumerate(zip(widths, design.depths, strict=True)):
            stage = nn.Sequential()
            for place in range(depth):
                stride = 2 if number and not place else 1
                stage.append(
                    make_block(design.block, channels, outputs, stride, design.activation)
                )
                channels = outputs
            self.stages.append(stage)
        self.tap_channels = tuple(
            width
            for width, stride in zip(widths, self.strides, strict=True)
            if stride in self.tapped
        )

    def forward(self, images: Tensor) -> list[Tensor]:
        features = self.stem(images)
        taps = []
        for stage, stride in zip(self.stages, self.strides, strict=True):
            features = stage(features)
            if stride in self.tapped:
                taps.append(features)
        return taps

    def load_imagenet(self, path: Path) -> None:
        raise ModelError(
            f"{path}: there are no ImageNet weights for a stack of blocks; "
            "set imagenet_weights to null"
        )


def _rounded(channels: float) -> int:
    return max(ROUNDING, round(channels / ROUNDING) * ROUNDING)
