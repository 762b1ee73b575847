"""Batch norm folded into the convolution before it (seed 000, eq. 1–6), and the proof of it."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from thermoscout_core.errors import ModelError

TOLERANCE = 1e-4
"""Largest difference that folding, or another runtime, may make; see relative_difference."""

_Convolution = nn.Conv2d | nn.ConvTranspose2d


def relative_difference(wanted: Tensor, found: Tensor) -> float:
    """Largest difference of two tensors; absolute, and where `wanted` exceeds 1, as a share of its
    largest: float32 has no more digits there. Infinite for other shapes."""
    if wanted.shape != found.shape:
        return math.inf
    if not wanted.numel():
        return 0.0
    scale = max(1.0, float(wanted.abs().max()))
    return float((wanted - found).abs().max()) / scale


@dataclass(frozen=True)
class LayerDifference:
    """One folded layer. name: of the convolution. epsilon: of its batch norm. difference: of the
    layer's outputs (relative_difference), both layers given the same input."""

    name: str
    epsilon: float
    difference: float


@dataclass(frozen=True)
class FoldingReport:
    """layers: in the network's order. outputs: relative_difference of the network's outputs. left:
    batch norms that don't follow a convolution and stay as they are."""

    layers: tuple[LayerDifference, ...]
    outputs: float
    left: int

    @property
    def worst(self) -> LayerDifference:
        """The layer that differs most. Raises ValueError for a network without batch norm."""
        return max(self.layers, key=lambda layer: layer.difference)


def fold_batch_norm(network: nn.Module) -> nn.Module:
    """A copy of the network in eval mode whose convolution–batch norm pairs are convolutions.

    Folds pairs that follow each other in a Sequential, each with its own ε; convolutions may be
    depthwise, grouped or transposed. Raises ModelError for a norm without statistics.
    """
    folded = copy.deepcopy(network).eval()
    for name, convolution, norm in convolution_norm_pairs(network):
        parent, _, position = name.rpartition(".")
        layers = folded.get_submodule(parent)
        assert isinstance(layers, nn.Sequential)
        layers[int(position)] = _fold_pair(convolution, norm)
        layers[int(position) + 1] = nn.Identity()
    return folded


def verify_folding(
    network: nn.Module, folded: nn.Module, inputs: Mapping[str, Tensor]
) -> FoldingReport:
    """Compare each layer given the same input, and the outputs of the two networks, on each batch
    of inputs (name -> images).

    Raises ModelError naming the layer and the inputs when anything differs by over TOLERANCE.
    """
    pairs = list(convolution_norm_pairs(network))
    largest = {name: 0.0 for name, _, _ in pairs}
    outputs = 0.0
    for kind, images in inputs.items():
        for image in torch.unbind(images.unsqueeze(1)):
            differences, wanted = _run(network, folded, image)
            for name, difference in differences.items():
                _require(difference, f"layer {name} on {kind} input")
                largest[name] = max(largest[name], difference)
            with torch.no_grad():
                found = folded(image)
            for one, other in zip(wanted, found, strict=True):
                difference = relative_difference(one, other)
                _require(difference, f"the outputs on {kind} input")
                outputs = max(outputs, difference)
    layers = [LayerDifference(name, norm.eps, largest[name]) for name, _, norm in pairs]
    left = sum(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    return FoldingReport(tuple(layers), outputs, left)


def convolution_norm_pairs(
    network: nn.Module,
) -> Iterator[tuple[str, _Convolution, nn.BatchNorm2d]]:
    """Name of the convolution, the convolution, the norm right after it."""
    for name, module in network.named_modules():
        if not isinstance(module, nn.Sequential):
            continue
        for position in range(len(module) - 1):
            convolution, norm = module[position], module[position + 1]
            if isinstance(convolution, _Convolution) and isinstance(norm, nn.BatchNorm2d):
                yield f"{name}.{position}".lstrip("."), convolution, norm


def _fold_pair(convolution: _Convolution, norm: nn.BatchNorm2d) -> _Convolution:
    """W_new = γ/√(σ²+ε)·W (eq. 5), b_new = γ/√(σ²+ε)·(b − μ) + β (eq. 6)."""
    mean, variance = norm.running_mean, norm.running_var
    if mean is None or variance is None:
        raise ModelError("a batch norm without running statistics can't be folded")
    factor = torch.rsqrt(variance.double() + norm.eps)
    shift = torch.zeros_like(factor)
    if norm.affine:
        factor, shift = norm.weight.double() * factor, norm.bias.double()
    folded = copy.deepcopy(convolution).eval()
    bias = torch.zeros_like(factor) if convolution.bias is None else convolution.bias.double()
    with torch.no_grad():
        folded.weight.copy_(convolution.weight.double() * _per_output(convolution, factor))
        folded.bias = nn.Parameter((factor * (bias - mean.double()) + shift).float())
    return folded


def _per_output(convolution: _Convolution, factor: Tensor) -> Tensor:
    """The factor of each output channel (C_out,) in the shape of the convolution's weight."""
    if isinstance(convolution, nn.Conv2d):
        return factor[:, None, None, None]
    inputs_per_group = convolution.in_channels // convolution.groups
    grouped = factor.view(convolution.groups, 1, -1).expand(-1, inputs_per_group, -1)
    return grouped.reshape(convolution.in_channels, -1, 1, 1)


def _run(
    network: nn.Module, folded: nn.Module, image: Tensor
) -> tuple[dict[str, float], tuple[Tensor, ...]]:
    """One image through the network: the difference of each layer, as in LayerDifference, and
    the network's outputs."""
    differences: dict[str, float] = {}
    handles = []

    def watch(name: str, convolution: nn.Module, norm: nn.Module) -> None:
        fed: list[Tensor] = []
        replacement = folded.get_submodule(name)

        def keep(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            fed[:] = inputs

        def compare(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            differences[name] = relative_difference(output, replacement(fed[0]))

        handles.append(convolution.register_forward_hook(keep))
        handles.append(norm.register_forward_hook(compare))

    for name, convolution, norm in convolution_norm_pairs(network):
        watch(name, convolution, norm)
    try:
        with torch.no_grad():
            outputs = network.eval()(image)
    finally:
        for handle in handles:
            handle.remove()
    return differences, tuple(outputs)


def _require(difference: float, where: str) -> None:
    if not difference <= TOLERANCE:
        raise ModelError(
            f"folding changed {where} by {difference:.2e} (at most {TOLERANCE:.0e} is allowed); "
            "nothing was written. Check the ε of the batch norms"
        )
