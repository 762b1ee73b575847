"""VGG16 as SSD300 has it (Liu et al. 2016): the teacher and the slow end of the seeds' tables."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from thermoscout_core.learning.backbones.base import Backbone, tapped_strides
from thermoscout_core.learning.backbones.torch_weights import (
    absorb_input_range,
    filled_layers,
    load_in_order,
)
from thermoscout_core.learning.design import Design
from thermoscout_core.learning.layers import ACTIVATIONS

STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
FC_CHANNELS = 1024
"""fc6 and fc7 of the classifier, subsampled from 4096."""
NORM_SCALE = 20.0
"""What conv4_3's features are scaled to at first: they are far larger than the later maps'."""

IMAGENET_MEAN = (123.0, 117.0, 104.0)
"""What VGG takes from the red, green and blue of images in 0..255."""


class L2Norm(nn.Module):
    """Each pixel's features to length γ, learnt by channel (Liu et al. 2015, ParseNet)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((channels,), NORM_SCALE))

    def forward(self, features: Tensor) -> Tensor:
        return functional.normalize(features.float(), dim=1) * self.weight[None, :, None, None]


class Vgg16(Backbone):
    """Thirteen convolutions with bias and no batch norm, then fc6 and fc7 as convolutions: the
    fifth pooling keeps the size and fc6 is dilated by 6. Taps: conv4_3 (stride 8, behind L2Norm)
    and fc7 (stride 16)."""

    def __init__(self, design: Design) -> None:
        super().__init__()
        taps_conv4_3 = 8 in tapped_strides("vgg16", (8, 16), design.first_stride)
        widths = [[max(8, round(c * design.width)) for c in stage] for stage in STAGES]
        fc_channels = max(8, round(FC_CHANNELS * design.width))
        self.activation = ACTIVATIONS[design.activation]
        self.to_conv4_3, channels = nn.Sequential(), 3
        for number, stage in enumerate(widths[:4]):
            if number:
                self.to_conv4_3.append(nn.MaxPool2d(2, ceil_mode=True))
            for outputs in stage:
                self._append(self.to_conv4_3, channels, outputs)
                channels = outputs
        self.norm = L2Norm(channels) if taps_conv4_3 else None
        self.tap_channels = (channels, fc_channels) if taps_conv4_3 else (fc_channels,)
        self.to_fc7 = nn.Sequential(nn.MaxPool2d(2, ceil_mode=True))
        for outputs in widths[4]:
            self._append(self.to_fc7, channels, outputs)
            channels = outputs
        self.to_fc7.append(nn.MaxPool2d(3, 1, 1))
        self._append(self.to_fc7, channels, fc_channels, dilation=6)
        self._append(self.to_fc7, fc_channels, fc_channels, kernel=1)

    def _append(
        self,
        sequence: nn.Sequential,
        inputs: int,
        outputs: int,
        kernel: int = 3,
        dilation: int = 1,
    ) -> None:
        padding = kernel // 2 * dilation
        layer = nn.Conv2d(inputs, outputs, kernel, padding=padding, dilation=dilation)
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")  # no batch norm to rescale it
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        sequence.extend([layer, self.activation(inplace=True)])

    def forward(self, images: Tensor) -> list[Tensor]:
        conv4_3 = self.to_conv4_3(images)
        fc7 = self.to_fc7(conv4_3)
        return [fc7] if self.norm is None else [self.norm(conv4_3), fc7]

    def load_imagenet(self, path: Path) -> None:
        """The reduced VGG16 that SSDs in torch start from (``vgg16_reducedfc.pth``: thirteen
        convolutions, fc6 and fc7, each weight before bias)."""
        layers = filled_layers(self)
        load_in_order(layers, path)
        first = layers[0]
        assert isinstance(first, nn.Conv2d)
        absorb_input_range(first, None, (127.5,) * 3, [127.5 - mean for mean in IMAGENET_MEAN])
