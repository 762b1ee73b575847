"""What m removed filters save (seed 001, eq. 3–8, eq. 7 corrected).

Of a convolution i with n_i inputs, n_{i+1} outputs, a k_i×k_i kernel and an output of h×w:
multiply-adds G and weights W, and what goes when m of its filters do, there and in the layer that
reads them. The seed prints eq. 7 as a copy of eq. 5; the reader saves k_{i+1}²·m·n_{i+2} multiply-
adds for each pixel of its own output (Li et al. 2016).
"""

from __future__ import annotations

from typing import NamedTuple


class Cost(NamedTuple):
    """macs: multiply-adds of one image. weights: without biases."""

    macs: int
    weights: int


def layer_cost(kernel: int, inputs: int, outputs: int, height: int, width: int) -> Cost:
    """G_i (eq. 3) and W_i (eq. 4); height, width: of the layer's output."""
    weights = kernel**2 * inputs * outputs
    return Cost(weights * height * width, weights)


def saved_in_layer(kernel: int, inputs: int, removed: int, height: int, width: int) -> Cost:
    """ΔG_i (eq. 5) and ΔW_i (eq. 6) of the layer that loses filters."""
    return layer_cost(kernel, inputs, removed, height, width)


def saved_in_reader(kernel: int, removed: int, outputs: int, height: int, width: int) -> Cost:
    """ΔG_{i+1} (eq. 7, corrected) and ΔW_{i+1} (eq. 8) of the layer that reads them; kernel,
    outputs, height and width are the reader's own."""
    return layer_cost(kernel, removed, outputs, height, width)
