"""Classifiers of the same layers as the detectors: what the papers' counts are counts of."""

from __future__ import annotations

from torch import Tensor, nn

from thermoscout_core.learning.backbones import BACKBONES
from thermoscout_core.learning.blocks import make_block
from thermoscout_core.learning.design import Design

WRN_STAGES = (16, 32, 64)
WRN_DEPTH_OFFSET, WRN_LAYERS_PER_DEPTH = 4, 6


class ImageClassifier(nn.Module):
    """A backbone's coarsest map, averaged, and one linear layer (ImageNet has 1000 classes).

    forward: images (N, 3, H, W) -> logits (N, classes).
    """

    def __init__(self, design: Design, class_count: int) -> None:
        super().__init__()
        self.backbone = BACKBONES[design.backbone](design)
        self.head = nn.Linear(self.backbone.tap_channels[-1], class_count)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.backbone(images)[-1].mean((2, 3)))
        return logits


class WideResNet(nn.Module):
    """WRN-d-k for images of 32×32 (Zagoruyko and Komodakis 2016), of any residual block: the
    networks of seed 002, table 1, are depth 40, width 2.

    depth: 6·n + 4 for n blocks in each of the three stages (the seed prints 6·(n + 4)).
    forward: images (N, 3, H, W) -> logits (N, classes).
    """

    def __init__(self, block: str, depth: int = 40, width: int = 2, class_count: int = 10) -> None:
        super().__init__()
        blocks_per_stage = (depth - WRN_DEPTH_OFFSET) // WRN_LAYERS_PER_DEPTH
        channels = WRN_STAGES[0]
        self.stem = nn.Conv2d(3, channels, 3, padding=1, bias=False)
        self.stages = nn.ModuleList()
        for number, base in enumerate(WRN_STAGES):
            stage = nn.Sequential()
            for place in range(blocks_per_stage):
                stride = 2 if number and not place else 1
                stage.append(
                    make_block(block, channels, base * width, stride, pre_activation=True)
                )
                channels = base * width
            self.stages.append(stage)
        self.last = nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(inplace=True))
        self.head = nn.Linear(channels, class_count)

    def forward(self, images: Tensor) -> Tensor:
        features = self.stem(images)
        for stage in self.stages:
            features = stage(features)
        logits: Tensor = self.head(self.last(features).mean((2, 3)))
        return logits
