"""Filters that can only go together: torch-pruning's dependency graph of an SSD.

A pointwise filter takes the depthwise kernel that reads it along; the lateral convolutions of a
neck, whose outputs are added, keep the same channels; a head's outputs are never pruned.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch_pruning
from torch import Tensor, nn

from thermoscout_core.learning.compression.step import CompressionError
from thermoscout_core.learning.ssd import Ssd

ROUNDING = 8
"""Channels stay multiples of this: vectors of 8 (and int8's 16 on a GPU) run full."""


@dataclass(frozen=True)
class FilterGroup:
    """name: of the first producer. producers: ordinary convolutions whose filters go together;
    consumers: those that read their channels, on the other side of depthwise ones; norms: batch
    norms in between."""

    name: str
    channels: int
    producers: tuple[str, ...]
    followers: tuple[str, ...]
    consumers: tuple[str, ...]
    norms: tuple[str, ...]


def rounded_count(channels: int, keep_ratio: float) -> int:
    """n' = n·η (seed 001, §4.3) to the nearest multiple of ROUNDING, at least one, at most n."""
    return min(channels, max(ROUNDING, round(channels * keep_ratio / ROUNDING) * ROUNDING))


def filter_groups(network: Ssd, input_size_px: tuple[int, int]) -> list[FilterGroup]:
    """The groups of a network, in its order. Raises CompressionError for one whose layers the
    graph can't follow."""
    graph, names = _graph(network, input_size_px)
    groups = [_described(group, names) for group in _all_groups(graph, network)]
    order = {name: place for place, (name, _) in enumerate(network.named_modules())}
    return sorted(groups, key=lambda group: order[group.name])


def prune_filters(
    network: Ssd,
    input_size_px: tuple[int, int],
    removed: Mapping[str, list[int]],
) -> Ssd:
    """A copy of the network without those filters of the groups (by name), and without what
    hangs on them. Raises CompressionError when the result doesn't run."""
    pruned = copy.deepcopy(network)
    graph, _ = _graph(pruned, input_size_px)
    for name, filters in removed.items():
        if filters:
            layer = pruned.get_submodule(name)
            prune = torch_pruning.prune_conv_out_channels
            graph.get_pruning_group(layer, prune, idxs=list(filters)).prune()
    for module in pruned.modules():
        for parameter in module.parameters(recurse=False):
            parameter.grad = None
    width_px, height_px = input_size_px
    try:
        with torch.no_grad():
            pruned(torch.zeros(1, 3, height_px, width_px))
    except RuntimeError as error:
        raise CompressionError(
            f"the network doesn't run without those filters: {error}"
        ) from error
    return pruned.eval()


def smallest(scores: Tensor, keep: int) -> list[int]:
    """The filters to remove: all but the `keep` with the largest scores; ties by their index."""
    order = scores.argsort(descending=True, stable=True)
    return sorted(order[keep:].tolist())


def head_outputs(network: Ssd) -> list[nn.Module]:
    """The last convolution of each head: one output per prior, all needed."""
    heads = [*network.offset_heads, *network.class_heads]
    return [[m for m in head.modules() if isinstance(m, nn.Conv2d)][-1] for head in heads]


def _graph(network: Ssd, input_size_px: tuple[int, int]) -> tuple[Any, dict[nn.Module, str]]:
    width_px, height_px = input_size_px
    network.requires_grad_(True)
    images = torch.zeros(1, 3, height_px, width_px)
    try:
        graph = torch_pruning.DependencyGraph().build_dependency(network, images)
    except (RuntimeError, ValueError, KeyError, AssertionError) as error:
        raise CompressionError(
            f"torch-pruning can't follow this network's layers ({error}); prune one without "
            "channel shuffling or padded shortcuts"
        ) from error
    return graph, {module: name for name, module in network.named_modules()}


def _all_groups(graph: Any, network: Ssd) -> list[Any]:
    ignored = head_outputs(network)
    return list(graph.get_all_groups(ignored_layers=ignored, root_module_types=[nn.Conv2d]))


def _described(group: Any, names: Mapping[nn.Module, str]) -> FilterGroup:
    writing: list[str] = []
    following: list[str] = []
    reading: list[str] = []
    norms: list[str] = []
    for dependency, _ in group:
        module, name = dependency.target.module, names.get(dependency.target.module, "")
        if dependency.handler == torch_pruning.prune_depthwise_conv_out_channels:
            following.append(name)
        elif dependency.handler == torch_pruning.prune_conv_out_channels:
            (following if _is_depthwise(module) else writing).append(name)
        elif dependency.handler == torch_pruning.prune_conv_in_channels:
            if not _is_depthwise(module):
                reading.append(name)
        elif isinstance(module, nn.BatchNorm2d):
            norms.append(name)
    producers = [name for name in names.values() if name in writing]
    channels = len(group[0][1])
    if not producers:
        raise CompressionError(f"no ordinary convolution writes the channels of {following}")
    if {len(places) for _, places in group} != {channels}:
        raise CompressionError(
            f"{producers[0]}: its channels are joined with others' before they are read; networks "
            "with concatenation can't be pruned by filters here"
        )
    return FilterGroup(
        producers[0],
        channels,
        tuple(producers),
        tuple(dict.fromkeys(following)),
        tuple(dict.fromkeys(reading)),
        tuple(dict.fromkeys(norms)),
    )


def _is_depthwise(module: nn.Module) -> bool:
    return isinstance(module, nn.Conv2d) and module.groups > 1 == module.weight.shape[1]
