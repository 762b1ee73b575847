"""SSD: a backbone, extra layers, and 1x1 heads on each feature map (Liu et al. 2016).

With MobileNetV1 at 300x300 and the extras below it is the network of seed 000, figure 1, in the
layout that the numbers of its time come from (1917 priors, 5.8 M parameters at 21 classes).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from thermoscout_core.detection.priors import (
    CENTER_VARIANCE,
    SIZE_VARIANCE,
    PriorLevel,
    make_priors,
)
from thermoscout_core.learning.backbones import BACKBONES
from thermoscout_core.learning.backbones.mobilenet_v1 import conv_bn_relu

EXTRAS = ((256, 512), (128, 256), (128, 256), (64, 128))  # squeeze, output of conv14..conv17


class Ssd(nn.Module):
    """forward: images (N, 3, H, W) in −1..1 -> offsets (N, P, 4), logits (N, P, 1 + C),
    background first, in the order of detection.priors.make_priors.

    low_precision: bfloat16 in the backbone, for training. Extras and heads stay in float32: on
    maps of a few pixels the CPU's bfloat16 weight gradients aren't reproducible (torch 2.13), and
    they cost next to nothing.
    """

    low_precision = False

    def __init__(
        self, backbone: str, width: float, class_count: int, priors_per_cell: Sequence[int]
    ) -> None:
        super().__init__()
        self.class_count = class_count
        self.backbone = BACKBONES[backbone](width)
        channels = list(self.backbone.tap_channels)
        self.extras = nn.ModuleList()
        for squeeze, outputs in EXTRAS:
            squeeze, outputs = max(8, round(squeeze * width)), max(8, round(outputs * width))
            self.extras.append(
                nn.Sequential(
                    conv_bn_relu(channels[-1], squeeze, 1),
                    conv_bn_relu(squeeze, outputs, 3, stride=2),
                )
            )
            channels.append(outputs)
        if len(priors_per_cell) != len(channels):
            raise ValueError(
                f"{len(channels)} feature maps, {len(priors_per_cell)} sets of priors"
            )
        levels = list(zip(channels, priors_per_cell, strict=True))
        self.offset_heads = nn.ModuleList(nn.Conv2d(c, 4 * n, 1) for c, n in levels)
        self.class_heads = nn.ModuleList(nn.Conv2d(c, (1 + class_count) * n, 1) for c, n in levels)
        self._initialise()

    def _initialise(self) -> None:
        for part in (self.extras, self.offset_heads, self.class_heads):
            for module in part.modules():
                if isinstance(module, nn.Conv2d):
                    nn.init.xavier_uniform_(module.weight)
                    if module.bias is not None:
                        nn.init.zeros_(module.bias)

    def feature_maps(self, images: Tensor) -> list[Tensor]:
        with torch.autocast(images.device.type, torch.bfloat16, enabled=self.low_precision):
            maps: list[Tensor] = self.backbone(images)
        maps = [features.float() for features in maps]
        for extra in self.extras:
            maps.append(extra(maps[-1]))
        return maps

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        offsets, logits = [], []
        for features, offset_head, class_head in zip(
            self.feature_maps(images), self.offset_heads, self.class_heads, strict=True
        ):
            batch = features.shape[0]
            offsets.append(offset_head(features).permute(0, 2, 3, 1).reshape(batch, -1, 4))
            flat = class_head(features).permute(0, 2, 3, 1)
            logits.append(flat.reshape(batch, -1, 1 + self.class_count))
        return torch.cat(offsets, 1), torch.cat(logits, 1)

    def map_sizes(self, width_px: int, height_px: int) -> list[tuple[int, int]]:
        """(columns, rows) of each feature map at an input of that size."""
        was_training = self.training
        self.eval()
        with torch.no_grad():
            maps = self.feature_maps(torch.zeros(1, 3, height_px, width_px))
        self.train(was_training)
        return [(int(m.shape[3]), int(m.shape[2])) for m in maps]


class SsdWithBoxes(nn.Module):
    """The deployed form: decoding and softmax inside, so that every runtime shares them.

    forward: images (N, 3, H, W) -> boxes (N, P, 4) corners as fractions, scores (N, P, 1 + C).
    """

    def __init__(self, ssd: Ssd, levels: Sequence[PriorLevel]) -> None:
        super().__init__()
        self.ssd = ssd
        self.register_buffer("priors", torch.from_numpy(make_priors(levels)))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        offsets, logits = self.ssd(images)
        priors: Tensor = self.priors  # type: ignore[assignment]
        center = priors[:, :2] + offsets[..., :2] * CENTER_VARIANCE * priors[:, 2:]
        half = priors[:, 2:] * torch.exp(offsets[..., 2:] * SIZE_VARIANCE) / 2
        return torch.cat([center - half, center + half], -1), torch.softmax(logits, -1)


def prior_count(levels: Sequence[PriorLevel]) -> int:
    """Number of priors over all levels."""
    return sum(math.prod((level.columns, level.rows, len(level.sizes))) for level in levels)
