"""Further feature maps behind the backbone, each smaller than the one before."""

from __future__ import annotations

from torch import nn

from thermoscout_core.errors import ModelError
from thermoscout_core.learning.design import Design
from thermoscout_core.learning.layers import ACTIVATIONS, conv_bn_act, separable

PADDED_ORIGINALS = 2
"""Of the original's extras, conv8 and conv9 halve the size; conv10 and conv11 shave it."""


def make_extra(design: Design, number: int, inputs: int, squeeze: int, outputs: int) -> nn.Module:
    """Extra layer number (from 0): 1×1 to `squeeze` channels and 3×3 to `outputs`, of the kind
    that Design.extra names."""
    activation = design.activation
    if design.extra == "full":
        return nn.Sequential(
            conv_bn_act(inputs, squeeze, 1, activation=activation),
            conv_bn_act(squeeze, outputs, 3, 2, activation=activation),
        )
    if design.extra == "separable":
        return nn.Sequential(
            conv_bn_act(inputs, squeeze, 1, activation=activation),
            separable(squeeze, outputs, 3, 2, activation),
        )
    if design.extra == "original":
        stride, padding = (2, 1) if number < PADDED_ORIGINALS else (1, 0)
        act = ACTIVATIONS[activation]
        return nn.Sequential(
            nn.Conv2d(inputs, squeeze, 1),
            act(inplace=True),
            nn.Conv2d(squeeze, outputs, 3, stride, padding),
            act(inplace=True),
        )
    raise ModelError(f"extra '{design.extra}' is unknown; there are full, separable and original")
