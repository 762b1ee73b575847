"""Weights that can be trained again, from an exported file: folding undone.

Folding throws away what batch norm had measured. Any norm whose scale and shift cancel its
statistics leaves the network's answers as they are; training wants those of what the layer really
sees, which here are measured on augmented frames, as training measures them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import numpy_helper
from torch import Tensor, nn

from thermoscout_core.detection.backends.base import METADATA_KEY
from thermoscout_core.detection.contract import DECODED, RAW
from thermoscout_core.errors import ModelError
from thermoscout_core.learning.augmentation.config import AugmentConfig
from thermoscout_core.learning.augmentation.pipeline import augment
from thermoscout_core.learning.counting import shapes_only
from thermoscout_core.learning.data import Sample
from thermoscout_core.learning.design import Architecture
from thermoscout_core.learning.export_checks import check_images, check_tensors
from thermoscout_core.learning.folding import convolution_norm_pairs, fold_batch_norm
from thermoscout_core.learning.ssd import Ssd, SsdWithBoxes

BATCH = 16


@dataclass(frozen=True)
class Unfolded:
    """difference: ONNX Runtime with the file against the unfolded network, largest of any output.
    notes: those of the file's training."""

    network: Ssd
    architecture: Architecture
    notes: dict[str, Any]
    difference: float


def unfold(path: Path, samples: Sequence[Sample], frames: int = 128) -> Unfolded:
    """An ONNX file of ``thermoscout export`` -> the network with batch norm.

    samples: what it was trained on; so many of them, augmented, show the norms what they see.
    Raises ModelError for a file that isn't ours, is quantised or has more inside than the
    network, and when the answers differ.
    """
    file = _read(path)
    architecture = file.architecture
    network = Ssd.build(architecture).eval()
    _fill(network, _as_they_run(network, architecture.input_size_px), file.convolutions, path)
    norms = {name: norm for name, _, norm in convolution_norm_pairs(network)}
    statistics = _measure(network, norms, _images(samples, architecture.input_size_px, frames))
    for name, norm in norms.items():
        _explain(norm, *statistics[name])
    folded = fold_batch_norm(network)
    if file.outputs == DECODED:
        folded = SsdWithBoxes(folded, architecture.levels).eval()
    inputs = check_images([s.counts for s in samples[:2]], architecture.input_size_px)
    difference = check_tensors(path, folded, inputs, file.batch)
    return Unfolded(network, architecture, file.notes, difference)


@dataclass(frozen=True)
class _File:
    """convolutions: weight and bias of each, None where the file has no such float tensor, in the
    order in which they run. batch: None where it takes any."""

    convolutions: list[tuple[Tensor | None, Tensor | None]]
    architecture: Architecture
    notes: dict[str, Any]
    outputs: tuple[str, ...]
    batch: int | None


def _read(path: Path) -> _File:
    if not path.is_file():
        raise ModelError(f"{path}: no such file")
    try:
        model = onnx.load(str(path))
        known = {entry.key: entry.value for entry in model.metadata_props}
        metadata = json.loads(known[METADATA_KEY])
        architecture = Architecture.from_dict(metadata["architecture"])
    except (DecodeError, KeyError, ValueError, TypeError) as error:
        raise ModelError(f"{path}: not a file of 'thermoscout export': {error}") from error
    stored = {
        entry.name: torch.from_numpy(numpy_helper.to_array(entry).copy())
        for entry in model.graph.initializer
    }
    for node in model.graph.node:  # the exporter stores equal tensors once
        if node.op_type == "Identity" and node.input[0] in stored:
            stored[node.output[0]] = stored[node.input[0]]
    convolutions = [
        (stored.get(node.input[1]), stored.get([*node.input, ""][2]))
        for node in model.graph.node
        if node.op_type == "Conv"
    ]
    outputs = tuple(entry.name for entry in model.graph.output)
    inputs = [entry.name for entry in model.graph.input]
    if inputs != ["images"] or outputs not in (RAW, DECODED):
        raise ModelError(
            f"{path}: more inside than the network ({', '.join(inputs)} to {', '.join(outputs)}); "
            "take the file of 'thermoscout export --outputs decoded'"
        )
    batch = model.graph.input[0].type.tensor_type.shape.dim[0].dim_value or None
    return _File(convolutions, architecture, metadata.get("training", {}), outputs, batch)


def _fill(
    network: Ssd,
    layers: Sequence[tuple[str, nn.Conv2d]],
    convolutions: Sequence[tuple[Tensor | None, Tensor | None]],
    path: Path,
) -> None:
    """Every weight of the file to its layer; folded biases to the norms, which do nothing else.

    layers: in the order in which they run, as those of the file: it needn't keep their names.
    """
    if len(layers) != len(convolutions):
        raise ModelError(
            f"{path}: {len(convolutions)} convolutions in it, and {len(layers)} in the network "
            "that it names: only float32 files of 'thermoscout export' can be trained again"
        )

    def fill(target: Tensor, found: Tensor | None, name: str) -> None:
        if found is not None and target.ndim == 4 and found.shape[1:2] == (1,):
            # a stem for grey pictures: its kernels are the sums over three equal channels
            found = (found / target.shape[1]).expand(-1, target.shape[1], -1, -1)
        if found is None or found.shape != target.shape or not found.is_floating_point():
            raise ModelError(
                f"{path}: no float tensor {name} of the shape {tuple(target.shape)} in it: only "
                "float32 files of 'thermoscout export' can be trained again"
            )
        target.copy_(found)

    norms = {name: norm for name, _, norm in convolution_norm_pairs(network)}
    with torch.no_grad():
        for (name, layer), (weight, bias) in zip(layers, convolutions, strict=True):
            fill(layer.weight, weight, f"{name}.weight")
            norm = norms.get(name)
            if norm is not None:
                norm.running_mean.zero_()  # type: ignore[union-attr]
                norm.running_var.fill_(1 - norm.eps)  # type: ignore[union-attr]
                norm.weight.fill_(1)
                fill(norm.bias, bias, f"{name}.bias")
            elif layer.bias is not None:
                fill(layer.bias, bias, f"{name}.bias")


def _as_they_run(network: Ssd, size_px: tuple[int, int]) -> list[tuple[str, nn.Conv2d]]:
    """The convolutions in the order in which a frame meets them."""
    order: list[tuple[str, nn.Conv2d]] = []

    def watch(name: str, layer: nn.Conv2d) -> Any:
        return layer.register_forward_hook(lambda *_: order.append((name, layer)))

    convolutions = [(n, m) for n, m in network.named_modules() if isinstance(m, nn.Conv2d)]
    handles = [watch(name, layer) for name, layer in convolutions]
    shapes_only(network, size_px)
    for handle in handles:
        handle.remove()
    return order


def _images(samples: Sequence[Sample], size_px: tuple[int, int], frames: int) -> Iterator[Tensor]:
    """Batches (N, 3, H, W) in −1..1 of augmented frames, spread over the samples."""
    rng = np.random.default_rng(0)
    chosen = np.linspace(0, len(samples) - 1, frames).astype(int)
    for first in range(0, frames, BATCH):
        views = [
            augment(samples[i].counts, samples[i].annotation, size_px, AugmentConfig(), rng)[0]
            for i in chosen[first : first + BATCH]
        ]
        grey = torch.from_numpy(np.stack(views))[:, None].float() / 127.5 - 1.0
        yield grey.expand(-1, 3, -1, -1)


def _measure(
    network: Ssd, norms: dict[str, nn.BatchNorm2d], batches: Iterator[Tensor]
) -> dict[str, tuple[Tensor, Tensor]]:
    """Mean and variance (C,) of what each norm is given."""
    sums: dict[str, list[Tensor]] = {}
    handles = []

    def watch(name: str, norm: nn.BatchNorm2d) -> None:
        def add(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            seen = inputs[0].double()
            count = torch.tensor(float(seen.numel() // seen.shape[1]))
            parts = [count, seen.sum((0, 2, 3)), (seen**2).sum((0, 2, 3))]
            before = sums.get(name)
            sums[name] = (
                parts if before is None else [a + b for a, b in zip(before, parts, strict=True)]
            )

        handles.append(norm.register_forward_pre_hook(add))

    for name, norm in norms.items():
        watch(name, norm)
    try:
        with torch.no_grad():
            for images in batches:
                network(images)
    finally:
        for handle in handles:
            handle.remove()
    return {
        name: (total / count, (squares / count - (total / count) ** 2).clamp(min=0))
        for name, (count, total, squares) in sums.items()
    }


def _explain(norm: nn.BatchNorm2d, mean: Tensor, variance: Tensor) -> None:
    """A norm that adds its bias alone -> one of these statistics that gives the same outputs."""
    with torch.no_grad():
        norm.running_mean.copy_(mean)  # type: ignore[union-attr]
        norm.running_var.copy_(variance)  # type: ignore[union-attr]
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.add_(mean)
