"""What a backbone owes the SSD."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path

from torch import Tensor, nn

from thermoscout_core.errors import ModelError


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


def tapped_strides(name: str, strides: Iterable[int], first_stride: int) -> list[int]:
    """The strides from first_stride on. Raises ModelError when there is no map of that one."""
    strides = sorted(strides)
    if first_stride not in strides:
        raise ModelError(
            f"{name} has maps of strides {', '.join(map(str, strides))}, "
            f"none of first_stride {first_stride}"
        )
    return [stride for stride in strides if stride >= first_stride]
