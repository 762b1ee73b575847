"""YOLOv3 and YOLOv3-tiny (Redmon and Farhadi 2018): the layers alone, for the table of times.

They have random weights and are never trained here: time, size and multiply-adds don't depend on
the weights; accuracy does, and is not to be had from these. The outputs are the raw maps.
"""

from __future__ import annotations

from torch import Tensor, cat, nn
from torch.nn import functional

CLASS_COUNT = 20
ANCHORS_PER_CELL = 3
OUTPUTS = ANCHORS_PER_CELL * (5 + CLASS_COUNT)
STAGES = ((64, 1), (128, 2), (256, 8), (512, 8), (1024, 4))
"""Darknet-53: channels and residual units of each stage."""


def _layer(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(0.1, inplace=True),
    )


class _DarknetUnit(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            _layer(channels, channels // 2, 1), _layer(channels // 2, channels, 3)
        )

    def forward(self, features: Tensor) -> Tensor:
        result: Tensor = features + self.branch(features)
        return result


def _neck(inputs: int, channels: int) -> nn.Sequential:
    """Five layers, 1×1 and 3×3 in turn."""
    wide = 2 * channels
    return nn.Sequential(
        _layer(inputs, channels, 1),
        _layer(channels, wide, 3),
        _layer(wide, channels, 1),
        _layer(channels, wide, 3),
        _layer(wide, channels, 1),
    )


def _head(channels: int) -> nn.Sequential:
    return nn.Sequential(_layer(channels, 2 * channels, 3), nn.Conv2d(2 * channels, OUTPUTS, 1))


class YoloV3(nn.Module):
    """forward: images (N, 3, H, W), sides multiples of 32 -> maps (N, 75, H/s, W/s) of strides s
    32, 16 and 8."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, channels = _layer(3, 32, 3), 32
        self.stages = nn.ModuleList()
        for outputs, units in STAGES:
            reduce = _layer(channels, outputs, 3, 2)
            self.stages.append(
                nn.Sequential(reduce, *(_DarknetUnit(outputs) for _ in range(units)))
            )
            channels = outputs
        self.necks = nn.ModuleList(
            [_neck(1024, 512), _neck(512 + 256, 256), _neck(256 + 128, 128)]
        )
        self.heads = nn.ModuleList([_head(512), _head(256), _head(128)])
        self.laterals = nn.ModuleList([_layer(512, 256, 1), _layer(256, 128, 1)])

    def forward(self, images: Tensor) -> list[Tensor]:
        features, maps = self.stem(images), []
        for stage in self.stages:
            features = stage(features)
            maps.append(features)
        outputs: list[Tensor] = []
        features = maps[-1]
        for level, (neck, head) in enumerate(zip(self.necks, self.heads, strict=True)):
            if level:
                lateral = self.laterals[level - 1](features)
                features = cat([_twice(lateral), maps[-1 - level]], 1)
            features = neck(features)
            outputs.append(head(features))
        return outputs


class YoloV3Tiny(nn.Module):
    """forward: images (N, 3, H, W), sides multiples of 32 -> maps (N, 75, H/s, W/s) of strides s
    32 and 16."""

    def __init__(self) -> None:
        super().__init__()
        self.to_stride_16 = nn.Sequential(_layer(3, 16, 3))
        for inputs in (16, 32, 64, 128):
            self.to_stride_16.extend([nn.MaxPool2d(2), _layer(inputs, 2 * inputs, 3)])
        self.to_stride_32 = nn.Sequential(
            nn.MaxPool2d(2),
            _layer(256, 512, 3),
            nn.ReplicationPad2d((0, 1, 0, 1)),  # as darknet's pooling: the edge counts alone
            nn.MaxPool2d(2, 1),
            _layer(512, 1024, 3),
            _layer(1024, 256, 1),
        )
        self.coarse = nn.Sequential(_layer(256, 512, 3), nn.Conv2d(512, OUTPUTS, 1))
        self.lateral = _layer(256, 128, 1)
        self.fine = nn.Sequential(_layer(128 + 256, 256, 3), nn.Conv2d(256, OUTPUTS, 1))

    def forward(self, images: Tensor) -> list[Tensor]:
        middle = self.to_stride_16(images)
        deep = self.to_stride_32(middle)
        merged = cat([_twice(self.lateral(deep)), middle], 1)
        return [self.coarse(deep), self.fine(merged)]


def _twice(features: Tensor) -> Tensor:
    return functional.interpolate(features, scale_factor=2.0)
