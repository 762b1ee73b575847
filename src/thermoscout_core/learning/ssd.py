"""SSD: a backbone, extra layers, and heads on each feature map (Liu et al. 2016).

With Design's defaults at 300×300 it is the network of seed 000, figure 1, in the layout that the
numbers of its time come from (1917 priors, 5.8 M parameters at 21 classes).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn

from thermoscout_core.detection.priors import (
    CENTER_VARIANCE,
    SIZE_VARIANCE,
    PriorLevel,
    make_priors,
)
from thermoscout_core.errors import ModelError
from thermoscout_core.learning.attention import KnowledgeEnhancement
from thermoscout_core.learning.backbones import BACKBONES
from thermoscout_core.learning.backbones.base import Backbone
from thermoscout_core.learning.counting import shapes_only
from thermoscout_core.learning.design import Architecture, Design
from thermoscout_core.learning.extras import make_extra
from thermoscout_core.learning.layers import conv_bn_act
from thermoscout_core.learning.neck import TopDownNeck
from thermoscout_core.learning.surgery import rebuild

HEAD_STD = 0.01
EQUIPMENT_SHARE = 0.1
"""Probability of equipment that an untrained network gives each prior."""


class FeatureMaps(nn.Module):
    """Backbone, neck, extras and attention: everything of an SSD but the heads.

    forward: images (N, 3, H, W) in −1..1 -> maps (N, channels[i], H_i, W_i), fine to coarse.
    autocast: bfloat16 or float16 in backbone and neck, for training. Extras and heads stay in
    float32: on maps of a few pixels the CPU's bfloat16 weight gradients aren't reproducible
    (torch 2.13), and they cost next to nothing.
    """

    autocast: torch.dtype | None = None

    def __init__(self, design: Design) -> None:
        super().__init__()
        self.backbone = _backbone(design)
        taps = list(self.backbone.tap_channels)
        self.neck = (
            TopDownNeck(taps, design.neck_channels, design.activation)
            if design.neck_channels
            else None
        )
        channels = taps[-1]
        self.channels = [design.neck_channels] * len(taps) if design.neck_channels else taps
        self.extras = nn.ModuleList()
        for number, (squeeze, outputs) in enumerate(design.extras):
            squeeze = max(8, round(squeeze * design.width))
            outputs = max(8, round(outputs * design.width))
            self.extras.append(make_extra(design, number, channels, squeeze, outputs))
            channels = outputs
            self.channels.append(outputs)
        reduction = design.attention_reduction
        self.attention = (
            nn.ModuleList(KnowledgeEnhancement(c, reduction) for c in self.channels)
            if reduction
            else None
        )

    def forward(self, images: Tensor) -> list[Tensor]:
        with self._precision(images.device.type):
            taps: list[Tensor] = self.backbone(images)
            maps = taps if self.neck is None else self.neck(taps)
        maps = [features.float() for features in maps]
        coarsest = taps[-1].float()
        for extra in self.extras:
            coarsest = extra(coarsest)
            maps.append(coarsest)
        if self.attention is not None:
            maps = [enhance(m) for enhance, m in zip(self.attention, maps, strict=True)]
        return maps

    def _precision(self, device: str) -> AbstractContextManager[object]:
        return torch.autocast(device, self.autocast) if self.autocast else nullcontext()

    def map_sizes(self, width_px: int, height_px: int) -> list[tuple[int, int]]:
        """(columns, rows) of each feature map at an input of that size. Raises ModelError when a
        map would be smaller than the kernel on it."""
        try:
            maps = shapes_only(self, (width_px, height_px))
        except RuntimeError as error:
            raise ModelError(
                f"an input of {width_px}×{height_px} px leaves too little for this design's last "
                f"maps: take a larger one or fewer extras ({error})"
            ) from error
        return [(int(m.shape[3]), int(m.shape[2])) for m in maps]


class Ssd(nn.Module):
    """forward: images (N, 3, H, W) in −1..1 -> offsets (N, P, 4), logits (N, P, 1 + C),
    background first, in the order of detection.priors.make_priors."""

    def __init__(self, design: Design, class_count: int, priors_per_cell: Sequence[int]) -> None:
        super().__init__()
        self.class_count = class_count
        self.features = FeatureMaps(design)
        channels = self.features.channels
        if len(priors_per_cell) != len(channels):
            raise ModelError(
                f"{len(priors_per_cell)} sets of priors for {len(channels)} feature maps: "
                "give one number of priors per cell for each map of the design"
            )
        levels = list(zip(channels, priors_per_cell, strict=True))
        self.offset_heads = nn.ModuleList(_head(design, c, 4 * n) for c, n in levels)
        outputs = 1 + class_count
        self.class_heads = nn.ModuleList(_head(design, c, outputs * n) for c, n in levels)
        self._initialise()

    @classmethod
    def build(cls, architecture: Architecture) -> Ssd:
        """The network of a checkpoint, with new weights."""
        network = cls.plain(architecture)
        rebuild(network, architecture.layers)
        return network

    @classmethod
    def plain(cls, architecture: Architecture) -> Ssd:
        """The network of its design, without what compression has changed."""
        counts = [len(level.sizes) for level in architecture.levels]
        return cls(architecture.design, len(architecture.classes), counts)

    def _initialise(self) -> None:
        """Xavier's but for what the heads end in: small weights, and class biases at which every
        prior is background with the probability 1 − EQUIPMENT_SHARE (Lin et al. 2017, 4.1). The
        first epochs otherwise go into unlearning random classes."""
        features = self.features
        fresh: list[nn.Module] = [features.extras, self.offset_heads, self.class_heads]
        fresh += [part for part in (features.neck, features.attention) if part is not None]
        for part in fresh:
            for module in part.modules():
                if isinstance(module, nn.Conv2d):
                    nn.init.xavier_uniform_(module.weight)
                    if module.bias is not None:
                        nn.init.zeros_(module.bias)
        background = math.log((1 - EQUIPMENT_SHARE) / EQUIPMENT_SHARE * self.class_count)
        for head in self.offset_heads:
            nn.init.normal_(_last(head).weight, std=HEAD_STD)
        for head in self.class_heads:
            last = _last(head)
            nn.init.normal_(last.weight, std=HEAD_STD)
            assert last.bias is not None
            last.bias.data.view(-1, 1 + self.class_count)[:, 0] = background

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        offsets, logits = [], []
        for features, offset_head, class_head in zip(
            self.features(images), self.offset_heads, self.class_heads, strict=True
        ):
            batch = features.shape[0]
            offsets.append(offset_head(features).permute(0, 2, 3, 1).reshape(batch, -1, 4))
            flat = class_head(features).permute(0, 2, 3, 1)
            logits.append(flat.reshape(batch, -1, 1 + self.class_count))
        return torch.cat(offsets, 1), torch.cat(logits, 1)


class SsdWithBoxes(nn.Module):
    """The deployed form: decoding and softmax inside, so that every runtime shares them.

    ssd: an Ssd, or what answers like one. forward: images (N, 3, H, W) -> boxes (N, P, 4) corners
    as fractions, scores (N, P, 1 + C).
    """

    def __init__(self, ssd: nn.Module, levels: Sequence[PriorLevel]) -> None:
        super().__init__()
        self.ssd = ssd
        self.register_buffer("priors", torch.from_numpy(make_priors(levels)))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        offsets, logits = self.ssd(images)
        priors: Tensor = self.priors  # type: ignore[assignment]
        center = priors[:, :2] + offsets[..., :2] * CENTER_VARIANCE * priors[:, 2:]
        half = priors[:, 2:] * torch.exp(offsets[..., 2:] * SIZE_VARIANCE) / 2
        return torch.cat([center - half, center + half], -1), torch.softmax(logits, -1)


def _backbone(design: Design) -> Backbone:
    if design.backbone not in BACKBONES:
        raise ModelError(
            f"backbone '{design.backbone}' is unknown; there are {', '.join(sorted(BACKBONES))}"
        )
    return BACKBONES[design.backbone](design)


def _head(design: Design, inputs: int, outputs: int) -> nn.Module:
    if design.head == "pointwise":
        return nn.Conv2d(inputs, outputs, 1)
    if design.head == "full":
        return nn.Conv2d(inputs, outputs, 3, padding=1)
    if design.head == "separable":
        return nn.Sequential(
            conv_bn_act(inputs, inputs, 3, groups=inputs, activation=design.activation),
            nn.Conv2d(inputs, outputs, 1),
        )
    raise ModelError(f"head '{design.head}' is unknown; there are pointwise, full and separable")


def _last(head: nn.Module) -> nn.Conv2d:
    """The convolution that gives a head's outputs."""
    last = head[-1] if isinstance(head, nn.Sequential) else head
    assert isinstance(last, nn.Conv2d)
    return last


def prior_count(levels: Sequence[PriorLevel]) -> int:
    """Number of priors over all levels."""
    return sum(math.prod((level.columns, level.rows, len(level.sizes))) for level in levels)
