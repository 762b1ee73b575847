"""Which layer of an exported file answers differently from torch."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from thermoscout_core.learning.export import write_onnx
from thermoscout_core.learning.folding import relative_difference

Array = NDArray[Any]


@dataclass(frozen=True)
class Deviation:
    """layer: name of a convolution. difference: of its outputs (folding.relative_difference)."""

    layer: str
    difference: float


def layer_deviations(path: Path, network: nn.Module, images: Tensor) -> list[Deviation]:
    """Each convolution's output in ONNX Runtime (unoptimised) beside torch's, in the file's order.

    path: a file that the network was exported to, batch norm folded in both. images (1, 3, H, W).
    A layer whose weights the exporter joined with another's equal ones is left out.
    """
    wanted: dict[str, Tensor] = {}
    hooks = [  # copies, for activations work in place
        module.register_forward_hook(
            lambda _, __, output, name=name: wanted.update({name: output.clone()})
        )
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d)
    ]
    try:
        with torch.no_grad():
            network(images)
    finally:
        for hook in hooks:
            hook.remove()
    found = _convolution_outputs(path, images)
    return [
        Deviation(name, relative_difference(wanted[name], torch.from_numpy(output)))
        for name, output in found.items()
        if name in wanted
    ]


def first_broken_layer(
    network: nn.Module, images: Tensor, names: tuple[str, ...], tolerance: float
) -> Deviation | None:
    """Export the folded network once more and name the first layer that differs by more."""
    height, width = images.shape[2:]
    with tempfile.TemporaryDirectory(prefix="thermoscout-gate-") as folder:
        path = Path(folder) / "gate.onnx"
        write_onnx(network, path, (width, height), names, batch=1)
        deviations = layer_deviations(path, network, images)
    return next((one for one in deviations if not one.difference <= tolerance), None)


def _convolution_outputs(path: Path, images: Tensor) -> dict[str, Array]:
    """By the name of the layer, which the exporter gives to its weight."""
    model = onnx.load(str(path))
    nodes = [node for node in model.graph.node if node.op_type == "Conv"]
    names = [node.output[0] for node in nodes]
    del model.graph.output[:]
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    outputs = session.run(names, {"images": images.numpy()})
    layers = [node.input[1].removesuffix(".weight") for node in nodes]
    return dict(zip(layers, outputs, strict=True))
