"""What of a network is trained, by which optimiser, and how fast."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn

from thermoscout_core.learning.config import ScheduleSection
from thermoscout_core.learning.ssd import Ssd

BACKBONE = "features.backbone."
LEAST_FACTOR = 1e-3


def make_optimiser(
    network: Ssd, schedule: ScheduleSection, more: Iterable[Tensor] = ()
) -> torch.optim.Optimizer:
    """Groups by (in the backbone?, a kernel?): the backbone learns slower, and what isn't a kernel
    doesn't decay. Frozen parameters are in none. more: of a companion, a group of their own."""
    groups: dict[tuple[bool, bool], list[Tensor]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            key = (name.startswith(BACKBONE), parameter.ndim > 1)
            groups.setdefault(key, []).append(parameter)
    settings = [
        {
            "params": parameters,
            "factor": schedule.backbone_factor if in_backbone else 1.0,
            "weight_decay": schedule.weight_decay if decays else 0.0,
        }
        for (in_backbone, decays), parameters in groups.items()
    ]
    along = list(more)
    if along:
        settings.append({"params": along, "factor": 1.0, "weight_decay": 0.0})
    if schedule.optimiser == "sgd":
        momentum = schedule.momentum
        return torch.optim.SGD(
            settings, lr=schedule.learning_rate, momentum=momentum, nesterov=momentum > 0
        )
    return torch.optim.AdamW(settings, lr=schedule.learning_rate)


def set_learning_rate(
    optimiser: torch.optim.Optimizer, schedule: ScheduleSection, step: int, batches: int
) -> float:
    """Warm-up, then half a cosine over epochs of that many batches; returns the new layers'."""
    warmup = max(schedule.warmup_epochs * batches, 1)
    progress = min(step / (schedule.epochs * batches), 1.0)
    factor = min(1.0, (step + 1) / warmup) * 0.5 * (1 + math.cos(math.pi * progress))
    rate = schedule.learning_rate * max(factor, LEAST_FACTOR)
    for group in optimiser.param_groups:
        group["lr"] = rate * group["factor"]
    return rate


def freeze(
    network: Ssd, schedule: ScheduleSection, input_size_px: tuple[int, int]
) -> list[nn.Module]:
    """Take gradients from the backbone's layers that the recipe keeps as they are.

    Returns the batch norms that must stay in evaluation mode.
    """
    backbone = network.features.backbone
    still: list[nn.Module] = []
    if schedule.freeze_below_stride:
        still += [
            layer
            for layer, stride in _layer_strides(network, input_size_px)
            if stride < schedule.freeze_below_stride
        ]
    norms = [module for module in backbone.modules() if isinstance(module, nn.BatchNorm2d)]
    if schedule.freeze_batch_norm:
        still += norms
    for layer in still:
        layer.requires_grad_(False)
    return [norm for norm in norms if any(norm is layer for layer in still)]


def _layer_strides(
    network: Ssd, input_size_px: tuple[int, int]
) -> Iterator[tuple[nn.Module, float]]:
    """Each layer of the backbone that has weights, and the stride of the map that it makes."""
    width_px, height_px = input_size_px
    widths: dict[nn.Module, int] = {}

    def note(layer: nn.Module, _: object, output: Tensor) -> None:
        widths[layer] = output.shape[3]

    hooks = [
        module.register_forward_hook(note)
        for module in network.features.backbone.modules()
        if isinstance(module, (nn.Conv2d, nn.BatchNorm2d))
    ]
    network.features.map_sizes(width_px, height_px)
    for hook in hooks:
        hook.remove()
    for layer, width in widths.items():
        yield layer, 2 ** round(math.log2(width_px / width))
