"""Weights of a torch classifier, taken over layer by layer in their order."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from thermoscout_core.errors import ModelError

TORCH_EPSILON = 1e-5
"""ε of the batch norms in torch's classifiers."""


def load_in_order(layers: Sequence[nn.Module], path: Path) -> None:
    """Fill convolutions and batch norms with a state dict's tensors, whatever their names.

    path: a file of torch.save holding named tensors in the order of the layers; what is left
    over behind them (a classifier) is ignored. Where a batch norm here has another ε than
    torch's, γ takes up the difference. Raises ModelError when the file is missing, isn't made of
    tensors alone or doesn't fit.
    """
    source = _tensors(path)
    for layer in layers:
        for name, target in layer.state_dict().items():
            if name == "num_batches_tracked":
                continue
            value = source.pop(0) if source else None
            if value is None or value.shape != target.shape:
                found = "nothing" if value is None else str(tuple(value.shape))
                raise ModelError(
                    f"{path}: {found} for {name} of a {type(layer).__name__}, which needs "
                    f"{tuple(target.shape)}; the weights are of another network or width"
                )
            target.copy_(value)  # a state dict shares its tensors with the layer
        if isinstance(layer, nn.BatchNorm2d) and layer.running_var is not None:
            ratio = (layer.running_var + layer.eps) / (layer.running_var + TORCH_EPSILON)
            layer.weight.data *= ratio.sqrt()


def absorb_input_range(
    first: nn.Conv2d, norm: nn.BatchNorm2d | None, scale: Sequence[float], offset: Sequence[float]
) -> None:
    """Let a first layer that learnt from scale·x + offset, by channel, take x in −1..1 as it is.

    norm: the batch norm behind a convolution without bias. Zero padding stands for another grey
    than before, which only the outermost pixels see.
    """
    factor, shift = (torch.tensor(v).view(1, -1, 1, 1) for v in (scale, offset))
    with torch.no_grad():
        added = (first.weight * shift).sum((1, 2, 3))
        first.weight *= factor
        if first.bias is not None:
            first.bias += added
        elif norm is not None and norm.running_mean is not None:
            norm.running_mean -= added


def _tensors(path: Path) -> list[Tensor]:
    if not path.is_file():
        raise ModelError(
            f"{path}: no ImageNet weights here; set imagenet_weights to null to do without"
        )
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise ModelError(f"{path}: not a file of torch tensors: {error}") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path}: holds a {type(content).__name__}, not named tensors")
    return [
        tensor
        for name, tensor in content.items()
        if isinstance(tensor, Tensor) and not name.endswith("num_batches_tracked")
    ]


def filled_layers(network: nn.Module) -> list[nn.Module]:
    """The convolutions and batch norms of a network in the order of their definition."""
    return [m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.BatchNorm2d))]
