"""The networks of the seeds' tables under their names, as the bench and the counts take them.

``python -m thermoscout_core.learning.reference`` prints docs/models.md's table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from torch import nn

from thermoscout_core.learning.design import Architecture, Design
from thermoscout_core.learning.reference.yolov3 import YoloV3, YoloV3Tiny
from thermoscout_core.learning.seed_priors import seed_prior_levels
from thermoscout_core.learning.ssd import FeatureMaps, Ssd, SsdWithBoxes

MOBILENET_V1 = Design()
MOBILENET_V2_SSDLITE = Design(
    backbone="mobilenet_v2",
    extras=((256, 512), (128, 256), (128, 256), (64, 64)),
    extra="separable",
    head="separable",
)
VGG16 = Design(
    backbone="vgg16",
    activation="relu",
    first_stride=8,
    extras=((256, 512), (128, 256), (128, 256), (128, 256)),
    extra="original",
    head="full",
)
KENET = Design(
    backbone="stack", activation="relu", block="kenet(2, 2)", widths=(64, 128, 288, 576)
)
KEDET = replace(KENET, attention_reduction=16)
"""Seed 002 leaves the depth and the widths open. These are ResNet-34's (3, 4, 6, 3 blocks), the
last two stages an eighth wider, which gives its 5.5 M parameters."""


@dataclass(frozen=True)
class SsdReference:
    """An SSD with the papers' priors. layout, priors_per_cell: as in a recipe."""

    design: Design
    priors_per_cell: tuple[int, ...] = (3, 6, 6, 6, 6, 6)
    layout: str = "seed"
    input_size_px: tuple[int, int] = (300, 300)

    def architecture(self, classes: tuple[str, ...]) -> Architecture:
        maps = FeatureMaps(self.design).map_sizes(*self.input_size_px)
        levels = seed_prior_levels(self.layout, maps, self.priors_per_cell, self.input_size_px)
        return Architecture(self.design, classes, self.input_size_px, tuple(levels))

    def build(self, class_count: int) -> Ssd:
        """Without decoding, random weights: what parameters and multiply-adds are counted of."""
        return Ssd(self.design, class_count, self.priors_per_cell)

    def deployed(self, classes: tuple[str, ...]) -> SsdWithBoxes:
        """With decoding and softmax, random weights: what is timed."""
        architecture = self.architecture(classes)
        return SsdWithBoxes(Ssd.build(architecture), architecture.levels).eval()


SSDS: dict[str, SsdReference] = {
    "mobilenet_v1_ssd300": SsdReference(MOBILENET_V1),
    "mobilenet_v2_ssdlite300": SsdReference(MOBILENET_V2_SSDLITE, (6,) * 6),
    "vgg16_ssd300": SsdReference(VGG16, (4, 6, 6, 6, 4, 4), "ssd300"),
    "kenet_ssd300": SsdReference(KENET),
    "kedet300": SsdReference(KEDET),
}
"""Trainable networks by name; config/detector has recipes of the same names (KEDet is KENet's with
attention_reduction: 16)."""


@dataclass(frozen=True)
class YoloReference:
    """Random weights, for times and counts alone."""

    build: Callable[[], nn.Module]
    input_size_px: tuple[int, int] = (416, 416)


YOLOS: dict[str, YoloReference] = {
    "yolov3_tiny": YoloReference(YoloV3Tiny),
    "yolov3": YoloReference(YoloV3),
}
"""Networks of seed 000's table 3 that are timed but not trained here."""
