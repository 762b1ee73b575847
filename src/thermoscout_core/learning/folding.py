"""Batch norm folded into the convolution before it (seed 000, eq. 1–6)."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from thermoscout_core.errors import ModelError

TOLERANCE = 1e-4


def fold_batch_norm(network: nn.Module) -> nn.Module:
    """A copy of the network in eval mode whose Conv2d–BatchNorm2d pairs are single convolutions.

    Folds pairs that follow each other in a Sequential, with each layer's own ε.
    """
    folded = copy.deepcopy(network).eval()
    for module in folded.modules():
        if not isinstance(module, nn.Sequential):
            continue
        for index in range(len(module) - 1):
            convolution, norm = module[index], module[index + 1]
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                module[index] = _fold_pair(convolution, norm)
                module[index + 1] = nn.Identity()
    return folded


def _fold_pair(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Conv2d:
    """W_new = γ/√(σ²+ε)·W (eq. 5), b_new = γ/√(σ²+ε)·(b − μ) + β (eq. 6)."""
    mean, variance = norm.running_mean, norm.running_var
    if mean is None or variance is None:
        raise ModelError("a batch norm without running statistics can't be folded")
    factor = norm.weight / torch.sqrt(variance + norm.eps)
    folded = copy.deepcopy(convolution)
    bias = convolution.bias if convolution.bias is not None else torch.zeros_like(mean)
    with torch.no_grad():
        folded.weight.copy_(convolution.weight * factor[:, None, None, None])
        folded.bias = nn.Parameter(factor * (bias - mean) + norm.bias)
    return folded


def largest_difference(first: nn.Module, second: nn.Module, images: Tensor) -> float:
    """The largest absolute difference of any output of the two networks."""
    with torch.no_grad():
        pairs = zip(first.eval()(images), second.eval()(images), strict=True)
        return max(float((one - other).abs().max()) for one, other in pairs)


def require_equal(first: nn.Module, second: nn.Module, images: Tensor) -> float:
    """largest_difference, or ModelError when it exceeds TOLERANCE."""
    difference = largest_difference(first, second, images)
    if not difference <= TOLERANCE:
        raise ModelError(
            f"folding changed the outputs by {difference:.2e} (at most {TOLERANCE:.0e} is "
            "allowed); nothing was written. Check the ε of the batch norms"
        )
    return difference
