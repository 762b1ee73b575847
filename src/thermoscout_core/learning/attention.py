"""Knowledge enhancement: attention over channels and over space on a feature map (seed 002)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

SPATIAL_KERNEL = 7
"""The seed names no kernel; 7×7 is that of the module it resembles (CBAM, Woo et al. 2018)."""
OPEN = 2.0
"""Biases before both sigmoids at first: three quarters of a map pass, so that a trained network to
which the modules are added begins as nearly what it was; with 0 a quarter passes. Our choice."""


class KnowledgeEnhancement(nn.Module):
    """E = K_s ⊗ K_c ⊗ A (eq. 4), kept at inference.

    K_c = σ(FC(mean over H, W)) by channel (eq. 2), FC two layers with C/reduction between them:
    with reduction 16 on the six maps of MobileNet-SSD it adds the 0.2 M parameters of table 2.
    K_s = σ(Conv(mean over C)) by pixel (eq. 3). forward: (N, C, H, W) -> the same shape.

    (The seed's text lays the added parameters to the spatial part; they are the FC's.)
    """

    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        narrow = max(1, channels // reduction)
        widen = nn.Conv2d(narrow, channels, 1)
        self.channel = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, narrow, 1),
            nn.ReLU(inplace=True),
            widen,
        )
        self.spatial = nn.Conv2d(1, 1, SPATIAL_KERNEL, padding=SPATIAL_KERNEL // 2)
        for convolution in (widen, self.spatial):
            nn.init.constant_(convolution.bias, OPEN)  # type: ignore[arg-type]

    def forward(self, features: Tensor) -> Tensor:
        by_channel = torch.sigmoid(self.channel(features))
        by_pixel = torch.sigmoid(self.spatial(features.mean(1, keepdim=True)))
        return features * by_channel * by_pixel
