"""What a backbone owes the SSD."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from torch import Tensor, nn


class Backbone(nn.Module, ABC):
    """A feature extractor.

    tap_channels: channels of each feature map that forward returns, shallow first.
    """

    tap_channels: tuple[int, ...]

    @abstractmethod
    def forward(self, images: Tensor) -> list[Tensor]:
        """Images (N, 3, H, W) -> feature maps, strides growing."""

    @abstractmethod
    def load_imagenet(self, path: Path) -> None:
        """Take the weights of an ImageNet classifier. Raises ModelError when they don't fit."""
