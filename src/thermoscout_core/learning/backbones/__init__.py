"""Backbones by name, one file each. Each returns the feature maps that the SSD taps."""

from __future__ import annotations

from collections.abc import Callable

from thermoscout_core.learning.backbones.base import Backbone
from thermoscout_core.learning.backbones.mobilenet_v1 import MobileNetV1
from thermoscout_core.learning.backbones.mobilenet_v2 import MobileNetV2
from thermoscout_core.learning.backbones.stack import Stack
from thermoscout_core.learning.backbones.vgg16 import Vgg16
from thermoscout_core.learning.design import Design

BACKBONES: dict[str, Callable[[Design], Backbone]] = {
    "mobilenet_v1": MobileNetV1,
    "mobilenet_v2": MobileNetV2,
    "stack": Stack,
    "vgg16": Vgg16,
}
"""Name -> constructor taking the design (width, activation, first_stride; a stack also block,
widths and depths)."""
