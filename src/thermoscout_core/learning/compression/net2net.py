"""The step net2net: wider and deeper layers that change nothing at first (Chen et al. 2016)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from thermoscout_core.learning.compression.filters.groups import FilterGroup, filter_groups
from thermoscout_core.learning.compression.model import Model
from thermoscout_core.learning.compression.step import CompressionError, Outcome, Step
from thermoscout_core.learning.compression.workbench import Workbench
from thermoscout_core.learning.layers import ACTIVATIONS
from thermoscout_core.learning.ssd import Ssd
from thermoscout_core.learning.surgery import replace_layer

TOLERANCE = 1e-4
"""Of the outputs, relative to the largest."""


class Net2Net(Step):
    """Widen layers (each new filter a copy, its readers' weights shared out) and deepen the
    network (a convolution that passes everything on), then train: a larger network that starts
    where the smaller one ended."""

    do: Literal["net2net"]
    widen: dict[str, float] = Field(default_factory=dict)
    """Name of a layer -> factor; what is coupled with it is widened too."""
    deepen: tuple[str, ...] = ()
    """Names of activations to put a 3×3 convolution and an activation behind."""
    noise: float = Field(0.0, ge=0)
    """Added to the copies, as a share of their filter's spread: copies without any get the same
    gradients and stay copies. The outputs then differ a little at first."""
    epochs: int | None = Field(None, ge=0)
    """Null: the recipe's."""
    learning_rate: float | None = Field(None, gt=0)
    """Instead of the recipe's."""

    def run(self, model: Model, bench: Workbench, folder: Path) -> Outcome:
        network = model.copy_network()
        size_px = model.architecture.input_size_px
        added: list[tuple[FilterGroup, int]] = []
        for name, factor in self.widen.items():
            groups = [g for g in filter_groups(network, size_px) if name in g.producers]
            if not groups or factor < 1:
                raise CompressionError(
                    f"widen: {name} × {factor:g}: no prunable layer of that name, or no widening"
                )
            widen(network, groups[0], round(groups[0].channels * factor))
            added.append((groups[0], groups[0].channels))
        for name in self.deepen:
            deepen(network, name)
        _require_unchanged(network, model)
        for group, old in added:
            tell_apart(network, group, old, self.noise)
        tuned = bench.finetune(
            model.with_network(network),
            folder / "training",
            self.epochs,
            learning_rate=self.learning_rate,
            hold_zeros=False,  # an identity is nearly all zeros, which are to learn
        )
        return Outcome(tuned)


@torch.no_grad()
def widen(network: Ssd, group: FilterGroup, channels: int) -> None:
    """Give a group that many channels, the new ones copies of random old ones (Net2WiderNet)."""
    generator = torch.Generator().manual_seed(0)
    added = torch.randint(group.channels, (channels - group.channels,), generator=generator)
    source = torch.cat([torch.arange(group.channels), added])
    copies = torch.bincount(source, minlength=group.channels)[source]
    for name in group.producers:
        layer = _convolution(network, name)
        bias = None if layer.bias is None else layer.bias[source]
        _replace(network, name, layer.weight[source], bias, layer.groups)
    for name in group.followers:
        layer = _convolution(network, name)
        bias = None if layer.bias is None else layer.bias[source]
        _replace(network, name, layer.weight[source], bias, channels)
    for name in group.norms:
        _widen_norm(network, name, source)
    for name in group.consumers:
        layer = _convolution(network, name)
        shared = layer.weight[:, source] / copies[None, :, None, None]
        _replace(network, name, shared, layer.bias, 1)


@torch.no_grad()
def tell_apart(network: Ssd, group: FilterGroup, old: int, noise: float) -> None:
    """Add noise to what a group's filters from number `old` on read (Chen et al. 2016, §2.3)."""
    generator = torch.Generator().manual_seed(0)
    for name in group.producers:
        copies = _convolution(network, name).weight[old:]
        spread = copies.flatten(1).std(dim=1)[:, None, None, None]
        copies += noise * spread * torch.randn(copies.shape, generator=generator)


@torch.no_grad()
def deepen(network: Ssd, activation: str) -> None:
    """Put a 3×3 identity convolution and the same activation behind an activation, which doesn't
    change what it has already cut (Net2DeeperNet). Raises CompressionError for another layer."""
    parent, _, place = activation.rpartition(".")
    try:
        owner, standing = network.get_submodule(parent), network.get_submodule(activation)
    except AttributeError as error:
        raise CompressionError(f"deepen: there is no layer {activation}") from error
    if type(standing) not in ACTIVATIONS.values() or not isinstance(owner, nn.Sequential):
        raise CompressionError(
            f"deepen: {activation} is a {type(standing).__name__}; name a ReLU or ReLU6 behind a "
            "convolution"
        )
    before = [m for m in list(owner)[: int(place)] if isinstance(m, nn.Conv2d)]
    if not before:
        raise CompressionError(f"deepen: no convolution stands before {activation}")
    channels = before[-1].out_channels
    identity = nn.Conv2d(channels, channels, 3, padding=1)
    nn.init.dirac_(identity.weight)
    nn.init.zeros_(identity.bias)  # type: ignore[arg-type]
    again = type(standing)(inplace=True)
    replace_layer(network, activation, [standing, identity, again])


def _convolution(network: nn.Module, name: str) -> nn.Conv2d:
    layer = network.get_submodule(name)
    assert isinstance(layer, nn.Conv2d)
    return layer


def _replace(network: Ssd, name: str, weight: Tensor, bias: Tensor | None, groups: int) -> None:
    """A convolution that moves as the one of that name, with other weights."""
    layer = _convolution(network, name)
    assert not isinstance(layer.padding, str)
    made = nn.Conv2d(
        weight.shape[1] * groups,
        weight.shape[0],
        (layer.kernel_size[0], layer.kernel_size[1]),
        (layer.stride[0], layer.stride[1]),
        (layer.padding[0], layer.padding[1]),
        (layer.dilation[0], layer.dilation[1]),
        groups,
        bias is not None,
    )
    made.weight.copy_(weight)
    if bias is not None and made.bias is not None:
        made.bias.copy_(bias)
    replace_layer(network, name, [made])


def _widen_norm(network: Ssd, name: str, source: Tensor) -> None:
    norm = network.get_submodule(name)
    assert isinstance(norm, nn.BatchNorm2d)
    made = nn.BatchNorm2d(len(source), norm.eps, norm.momentum)
    for key, value in norm.state_dict().items():
        made.state_dict()[key].copy_(value[source] if value.ndim else value)
    replace_layer(network, name, [made.eval()])


@torch.no_grad()
def _require_unchanged(network: Ssd, model: Model) -> None:
    """Raises CompressionError where a move wasn't exact (maps that are normalised or averaged over
    channels feel every copy)."""
    width_px, height_px = model.architecture.input_size_px
    images = torch.rand(1, 3, height_px, width_px, generator=torch.Generator().manual_seed(0))
    for found, wanted in zip(network.eval()(images), model.network(images), strict=True):
        difference = float((found - wanted).abs().max() / wanted.abs().max().clamp(min=1.0))
        if not difference <= TOLERANCE:
            raise CompressionError(
                f"the moves changed the outputs by {difference:.1e}: this network normalises or "
                "averages over channels; widen other layers"
            )
