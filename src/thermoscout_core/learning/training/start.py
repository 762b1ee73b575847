"""The network that a run begins with: built for the data, with what other weights can give it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from thermoscout_core.detection.priors import PriorLevel
from thermoscout_core.errors import ModelError
from thermoscout_core.learning.checkpoint import load_weights
from thermoscout_core.learning.config import TrainConfig
from thermoscout_core.learning.design import Architecture, LayerChanges
from thermoscout_core.learning.loss import focal_background_bias
from thermoscout_core.learning.prior_fitting import fit_prior_levels
from thermoscout_core.learning.seed_priors import seed_prior_levels
from thermoscout_core.learning.ssd import FeatureMaps, Ssd
from thermoscout_core.learning.training.material import Material

KERNEL_DIMENSIONS = 4


@dataclass(frozen=True)
class Source:
    """The weights that a recipe starts from."""

    weights: dict[str, Tensor]
    architecture: Architecture


def begin(config: TrainConfig, material: Material) -> tuple[Ssd, Architecture, list[str]]:
    """The network, what rebuilds it, and what the user should know of its start.

    Raises ModelError when start_from or the ImageNet weights can't be read or give nothing.
    """
    source = None
    if config.start_from is not None:
        weights, architecture, _ = load_weights(config.start_from)
        source = Source(weights, architecture)
    architecture = _architecture(config, material, source)
    network = Ssd.build(architecture)
    if config.loss.classification == "focal":
        _start_with_background(network)
    if source is not None:
        told = carry_over(network, architecture, source)
        return network, architecture, [f"{config.start_from}: {line}" for line in told]
    if config.model.imagenet_weights is not None:
        network.features.backbone.load_imagenet(config.model.imagenet_weights)
    return network, architecture, []


def _architecture(config: TrainConfig, material: Material, source: Source | None) -> Architecture:
    """Priors are those of priors_from, or the source's own where design and input are the same,
    else fitted to the data."""
    model = config.model
    per_cell = list(model.priors_per_cell)
    layers: LayerChanges = ()
    if source is not None and source.architecture.design == model.design:
        levels = source.architecture.levels
        layers = _layers_of(source, material)
        same_input = source.architecture.input_size_px == model.input_size_px
        if same_input and model.priors_from is None:
            size_px = model.input_size_px
            return Architecture(model.design, material.classes, size_px, levels, layers)
        per_cell = [len(level.sizes) for level in levels]
    width_px, height_px = model.input_size_px
    maps = FeatureMaps(model.design).map_sizes(width_px, height_px)
    if len(per_cell) != len(maps):
        raise ModelError(
            f"model.priors_per_cell: {len(per_cell)} counts for the {len(maps)} maps of this "
            "design; give one for each"
        )
    if model.priors_from is not None:
        fitted = _priors_of(model.priors_from, maps, per_cell)
    elif model.priors == "fitted":
        fitted = fit_prior_levels(material.box_sizes, maps, per_cell)
    else:
        fitted = seed_prior_levels(model.priors, maps, per_cell, model.input_size_px)
    size_px = model.input_size_px
    return Architecture(model.design, material.classes, size_px, tuple(fitted), layers)


def _priors_of(
    path: Path, maps: Sequence[tuple[int, int]], per_cell: Sequence[int]
) -> list[PriorLevel]:
    """Another network's prior sizes on maps of (columns, rows)."""
    _, known, _ = load_weights(path)
    counts = [len(level.sizes) for level in known.levels]
    if counts != list(per_cell):
        raise ModelError(
            f"model.priors_from: {path} has {counts} priors a cell, the recipe asks for "
            f"{list(per_cell)}; set model.priors_per_cell alike"
        )
    return [
        replace(level, columns=columns, rows=rows)
        for level, (columns, rows) in zip(known.levels, maps, strict=True)
    ]


def _layers_of(source: Source, material: Material) -> LayerChanges:
    """What compression has made of the source's layers; the classes can't change any more."""
    known = source.architecture
    if known.layers and known.classes != material.classes:
        raise ModelError(
            "start_from: a compressed network can't learn other classes "
            f"({', '.join(known.classes)} are its own); start from the one it was made of"
        )
    return known.layers


def _class_outputs(network: Ssd) -> dict[str, nn.Conv2d]:
    """The last convolution of each class head by name: one output per prior and class."""
    convolutions = [
        [
            (f"class_heads.{number}.{name}".rstrip("."), module)
            for name, module in head.named_modules()
            if isinstance(module, nn.Conv2d)
        ]
        for number, head in enumerate(network.class_heads)
    ]
    return dict(found[-1] for found in convolutions)


def _start_with_background(network: Ssd) -> None:
    for layer in _class_outputs(network).values():
        if layer.bias is not None:
            with torch.no_grad():
                logits = layer.bias.view(-1, 1 + network.class_count)
                logits[:, 0] = focal_background_bias(network.class_count)


def carry_over(network: Ssd, architecture: Architecture, source: Source) -> list[str]:
    """Give the network every tensor of the source that fits; of the class heads, the outputs of
    the classes that both know. Returns what was not taken, a line each.

    Raises ModelError when nothing fits.
    """
    classes, known = architecture.classes, source.architecture.classes
    state = network.state_dict()
    outputs = _class_outputs(network)
    refused, kernels = [], 0
    for name, value in state.items():
        given = source.weights.get(name)
        if given is None:
            refused.append(f"{name} (not there)")
        elif classes != known and name.rpartition(".")[0] in outputs:
            if not _carry_class_rows(value, given, classes, known):
                refused.append(f"{name} (other number of priors)")
        elif given.shape == value.shape:
            value.copy_(given)
            kernels += value.ndim == KERNEL_DIMENSIONS
        else:
            refused.append(f"{name} ({tuple(given.shape)} for {tuple(value.shape)})")
    if kernels == 0:
        raise ModelError("start_from: no kernel fits the recipe's model; compare their designs")
    told = []
    if classes != known:
        new = [name for name in classes if name not in known]
        gone = [name for name in known if name not in classes]
        told += [f"classes that start from nothing: {', '.join(new)}"] if new else []
        told += [f"classes that are dropped: {', '.join(gone)}"] if gone else []
    if refused:
        shown = ", ".join(refused[:6]) + (" …" if len(refused) > 6 else "")
        told.append(f"{len(refused)} of {len(state)} tensors not taken: {shown}")
    return told


def _carry_class_rows(
    value: Tensor, given: Tensor, classes: tuple[str, ...], known: tuple[str, ...]
) -> bool:
    """Copy background and shared classes of each prior; False when the priors don't fit."""
    ours, theirs = 1 + len(classes), 1 + len(known)
    priors = len(value) // ours
    if given.shape != (priors * theirs, *value.shape[1:]):
        return False
    target, origin = value.view(priors, ours, -1), given.view(priors, theirs, -1)
    target[:, 0] = origin[:, 0]
    for label, name in enumerate(classes, 1):
        if name in known:
            target[:, label] = origin[:, 1 + known.index(name)]
    return True
