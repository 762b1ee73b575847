"""Parameters and multiply-adds of a network, counted on its own layers."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import nn
from torch.func import functional_call
from torch.utils.flop_counter import FlopCounterMode


class Counts(NamedTuple):
    """parameters: learnt numbers, biases and batch norms' γ and β included. macs: multiply-adds
    of convolutions and matrix products for one image (batch norm and activation left out, as the
    papers do)."""

    parameters: int
    macs: int


def count(network: nn.Module, input_size_px: tuple[int, int], channels: int = 3) -> Counts:
    """Count a network at an input of (width, height)."""
    with FlopCounterMode(display=False) as counter:
        shapes_only(network, input_size_px, channels)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return Counts(parameters, counter.get_total_flops() // 2)


def shapes_only(network: nn.Module, input_size_px: tuple[int, int], channels: int = 3) -> Any:
    """The network's outputs in eval mode without any arithmetic: tensors that have a shape and no
    content (torch's meta device)."""
    width_px, height_px = input_size_px
    tensors = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    empty = {name: tensor.detach().to("meta") for name, tensor in tensors.items()}
    images = torch.empty(1, channels, height_px, width_px, device="meta")
    was_training = network.training
    network.eval()
    try:
        with torch.no_grad():
            return functional_call(network, empty, (images,))
    finally:
        network.train(was_training)
