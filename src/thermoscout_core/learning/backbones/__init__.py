"""Backbones by name, one file each. Each returns the feature maps that the SSD taps."""

from __future__ import annotations

from collections.abc import Callable

from thermoscout_core.learning.backbones.base import Backbone
from thermoscout_core.learning.backbones.mobilenet_v1 import MobileNetV1
from thermoscout_core.learning.design import Design

BACKBONES: dict[str, Callable[[Design], Backbone]] = {"mobilenet_v1": MobileNetV1}
"""Name -> constructor taking the design (width, activation, first_stride)."""
