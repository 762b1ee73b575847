"""Training with the rounding that int8 will bring (quantisation-aware; Jacob et al. 2018)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from thermoscout_core.learning.quantisation.int4 import LIMIT as INT4_LIMIT
from thermoscout_core.learning.quantisation.int4 import int4_scale
from thermoscout_core.learning.ssd import Ssd
from thermoscout_core.learning.training.companion import Companion

WEIGHT_LIMIT = 127
ACTIVATION_LEVELS = 255
RANGE_MOMENTUM = 0.05
LEAST_SCALE = 1e-8


def rounded_weight(weight: Tensor, int4: bool = False) -> Tensor:
    """Kernels (O, …) as int8 (or 4 bits) with a scale per output channel represents them;
    gradients pass.

    Batch norm behind the convolution scales a channel and its grid alike, so rounding before and
    after folding is the same.
    """
    if int4:
        step = int4_scale(weight)
        return _passing(weight, (weight / step).round().clamp(-INT4_LIMIT, INT4_LIMIT) * step)
    largest = weight.detach().abs().flatten(1).amax(1)
    scale = (largest / WEIGHT_LIMIT).clamp(min=LEAST_SCALE).view(-1, *[1] * (weight.ndim - 1))
    return _passing(weight, (weight / scale).round() * scale)


def rounded_activation(values: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Activations as uint8 between low ≤ 0 and high represents them; gradients pass inside."""
    scale = ((high - low) / ACTIVATION_LEVELS).clamp(min=LEAST_SCALE)
    zero = (-low / scale).round()
    clipped = values.float().clamp(low.item(), high.item())
    rounded = ((clipped / scale + zero).round() - zero) * scale
    return _passing(clipped, rounded).to(values.dtype)


def _passing(values: Tensor, rounded: Tensor) -> Tensor:
    """The rounded values with the gradient of the values (straight-through)."""
    return values + (rounded - values).detach()


class FakeQuantisation(Companion):
    """Rounds each convolution's weights and input during training passes; validation and the saved
    weights are exact. The ranges of the inputs are running averages of their extremes.

    int4_layers: beginnings of the names of layers whose weights get 4 bits.
    """

    def __init__(self, int4_layers: Sequence[str] = ()) -> None:
        super().__init__()
        self._int4_layers = tuple(int4_layers)

    def begin(self, network: Ssd) -> None:
        named = {n: m for n, m in network.named_modules() if isinstance(m, nn.Conv2d)}
        convolutions = list(named.values())
        int4 = [name.startswith(self._int4_layers) for name in named]
        self.register_buffer("ranges", torch.zeros(len(convolutions), 2))
        self.register_buffer("seen", torch.zeros(len(convolutions), dtype=torch.bool))
        for number, convolution in enumerate(convolutions):
            _round_within(convolution, self, number, int4[number])

    def range_of(self, number: int, values: Tensor) -> tuple[Tensor, Tensor]:
        """The running range of an input, after taking in these values."""
        buffers = dict(self.named_buffers())
        ranges, seen = buffers["ranges"], buffers["seen"]
        extremes = torch.stack([values.detach().amin().clamp(max=0), values.detach().amax()])
        if bool(seen[number]):
            ranges[number].lerp_(extremes.to(ranges), RANGE_MOMENTUM)
        else:
            ranges[number], seen[number] = extremes, True
        return ranges[number, 0], ranges[number, 1]


def _round_within(
    convolution: nn.Conv2d, owner: FakeQuantisation, number: int, int4: bool
) -> None:
    """Give a convolution a forward pass that rounds while it trains."""

    def forward(features: Tensor) -> Tensor:
        weight = convolution.weight
        if convolution.training:
            features = rounded_activation(features, *owner.range_of(number, features))
            weight = rounded_weight(weight, int4)
        return functional.conv2d(
            features,
            weight,
            convolution.bias,
            convolution.stride,
            convolution.padding,
            convolution.dilation,
            convolution.groups,
        )

    convolution.forward = forward  # type: ignore[method-assign, assignment]
