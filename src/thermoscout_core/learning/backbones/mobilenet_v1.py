"""MobileNetV1 (Howard et al. 2017), the backbone of seed 000.

Padding is symmetric (1, 1) where TensorFlow pads bottom and right only: every stride-2 layer
samples its input half a step elsewhere, which leaves the learnt filters as good as they were.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from thermoscout_core.errors import ModelError
from thermoscout_core.learning.backbones.base import Backbone, tapped_strides
from thermoscout_core.learning.design import Design
from thermoscout_core.learning.layers import conv_bn_act

BLOCKS = (  # output channels, stride of the 13 depthwise separable blocks
    *((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)),
    *((512, 1), (512, 1), (512, 1), (512, 1), (512, 1), (1024, 2), (1024, 1)),
)
TAPS = {8: 5, 16: 11, 32: 13}
"""Stride -> the last block of that stride: conv5, conv11, conv13."""


class MobileNetV1(Backbone):
    """The thirteen depthwise separable blocks; width multiplies every channel count."""

    def __init__(self, design: Design) -> None:
        super().__init__()
        strides = tapped_strides("mobilenet_v1", TAPS, design.first_stride)
        width, activation = design.width, design.activation
        self.tapped = [TAPS[stride] for stride in strides]
        channels = max(8, round(32 * width))
        self.stem = conv_bn_act(3, channels, 3, stride=2, activation=activation)
        self.depthwise = nn.ModuleList()
        self.pointwise = nn.ModuleList()
        taps = []
        for number, (base, stride) in enumerate(BLOCKS, 1):
            outputs = max(8, round(base * width))
            self.depthwise.append(
                conv_bn_act(channels, channels, 3, stride, channels, activation=activation)
            )
            self.pointwise.append(conv_bn_act(channels, outputs, 1, activation=activation))
            channels = outputs
            if number in self.tapped:
                taps.append(channels)
        self.tap_channels = tuple(taps)

    def forward(self, images: Tensor) -> list[Tensor]:
        features = self.stem(images)
        taps = []
        for number, (depthwise, pointwise) in enumerate(
            zip(self.depthwise, self.pointwise, strict=True), 1
        ):
            features = pointwise(depthwise(features))
            if number in self.tapped:
                taps.append(features)
        return taps

    def load_imagenet(self, path: Path) -> None:
        """TF-slim's MobileNetV1 1.0/224 as .npz (TensorFlow names, HWIO)."""
        if not path.is_file():
            raise ModelError(
                f"{path}: no ImageNet weights here; set imagenet_weights to null to do without"
            )
        with np.load(path, allow_pickle=False) as archive:
            layers: list[tuple[nn.Module, str, str]] = [(self.stem, "Conv2d_0", "weights")]
            for number in range(len(BLOCKS)):
                name = f"Conv2d_{number + 1}"
                layers.append((self.depthwise[number], f"{name}_depthwise", "depthwise_weights"))
                layers.append((self.pointwise[number], f"{name}_pointwise", "weights"))
            for layer, name, kernel in layers:
                _copy_layer(layer, archive, f"MobilenetV1/{name}", kernel, path)


def _copy_layer(
    layer: nn.Module, archive: np.lib.npyio.NpzFile, prefix: str, kernel: str, path: Path
) -> None:
    convolution, norm = layer[0], layer[1]  # type: ignore[index]
    weight = archive[f"{prefix}/{kernel}"]
    order = (2, 3, 0, 1) if kernel == "depthwise_weights" else (3, 2, 0, 1)
    values = {
        convolution.weight: weight.transpose(order),
        norm.weight: archive[f"{prefix}/BatchNorm/gamma"],
        norm.bias: archive[f"{prefix}/BatchNorm/beta"],
        norm.running_mean: archive[f"{prefix}/BatchNorm/moving_mean"],
        norm.running_var: archive[f"{prefix}/BatchNorm/moving_variance"],
    }
    with torch.no_grad():
        for target, value in values.items():
            if tuple(target.shape) != value.shape:
                raise ModelError(
                    f"{path}: {prefix} has shape {value.shape}, this width needs "
                    f"{tuple(target.shape)}; the shipped weights are for width 1.0"
                )
            target.copy_(torch.from_numpy(np.ascontiguousarray(value)))
