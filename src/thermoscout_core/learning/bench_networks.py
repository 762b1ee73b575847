"""The bench's networks: built from a row, written as files, run in torch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from thermoscout_core.bench.rows import Row
from thermoscout_core.bench.runtimes import Infer, Outputs, Tensors
from thermoscout_core.detection.backends.base import METADATA_KEY, read_metadata
from thermoscout_core.detection.contract import DECODED
from thermoscout_core.errors import ModelError
from thermoscout_core.learning.counting import Counts, count
from thermoscout_core.learning.design import Architecture
from thermoscout_core.learning.export import write_metadata, write_onnx
from thermoscout_core.learning.folding import fold_batch_norm
from thermoscout_core.learning.quantisation.calibration import calibrate
from thermoscout_core.learning.quantisation.qdq import write_quantised
from thermoscout_core.learning.reference import SSDS, YOLOS
from thermoscout_core.learning.ssd import Ssd, SsdWithBoxes

CLASSES = 20
"""Of the networks with random weights: PASCAL VOC's, as in the papers' counts."""
YOLO_STRIDE_PX = 32
YOLO_OUTPUTS = {
    "yolov3_tiny": ("stride_32", "stride_16"),
    "yolov3": ("stride_32", "stride_16", "stride_8"),
}


@dataclass(frozen=True)
class BenchNetwork:
    """network: in eval mode, batch norm folded. outputs: names. own_weights: false where the row's
    file has weights that the network couldn't take."""

    network: nn.Module
    input_size_px: tuple[int, int]
    outputs: tuple[str, ...]
    counts: Counts
    metadata: dict[str, Any]
    own_weights: bool


def build(row: Row) -> BenchNetwork:
    """The network of a row; random weights are always the same. Raises ModelError for a file that
    isn't an export of an SSD."""
    torch.manual_seed(0)
    layers = _layers(row)
    counts = count(layers.network, layers.input_size_px)
    _settle(layers.network, layers.input_size_px)
    folded = fold_batch_norm(layers.network)
    same_weights = row.file is None or _take_weights(folded, row.file)
    return BenchNetwork(
        folded, layers.input_size_px, layers.outputs, counts, layers.metadata, same_weights
    )


def write_network(built: BenchNetwork, path: Path) -> None:
    """Its ONNX file, for one frame."""
    write_onnx(built.network, path, built.input_size_px, built.outputs, batch=1)
    write_metadata(path, built.metadata)


def write_int8(
    built: BenchNetwork, path: Path, output: Path, inputs: Sequence[Mapping[str, NDArray[Any]]]
) -> None:
    """The int8 file of a float32 one, calibrated on inputs."""
    write_quantised(calibrate(path, inputs), output, "cpu")
    write_metadata(output, built.metadata)


def for_one_frame(path: Path, output: Path) -> None:
    """A copy of an exported file that takes one frame: not every runtime likes a free batch."""
    model = onnx.load(str(path))
    given = {entry.name for entry in model.graph.initializer}
    entry = next(entry for entry in model.graph.input if entry.name not in given)
    batch = entry.type.tensor_type.shape.dim[0].dim_param
    for values in (model.graph.input, model.graph.output, model.graph.value_info):
        for value in values:
            for side in value.type.tensor_type.shape.dim:
                if batch and side.dim_param == batch:
                    side.dim_value = 1
    onnx.save(model, str(output))


def write_weights(row: Row, built: BenchNetwork, path: Path) -> None:
    """The folded network's weights, and in the header what rebuilds its layers."""
    content = {"name": row.name, "file": row.file and str(row.file), "size": row.input_size_px}
    save_file(built.network.state_dict(), path, {"row": json.dumps(content)})


def torch_runner(path: Path, threads: int) -> Infer:
    """The network of write_weights in eager torch, channels last."""
    torch.set_num_threads(threads)
    with safe_open(path, framework="pt") as opened:
        content = json.loads(opened.metadata()["row"])
    file, size = content["file"], content["size"]
    row = Row(content["name"], "", file and Path(file), size and (size[0], size[1]))
    layers = _layers(row)
    network = fold_batch_norm(layers.network)
    network.load_state_dict(load_file(path))
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def infer(tensors: Tensors) -> Outputs:
        images = torch.from_numpy(tensors["images"]).to(memory_format=torch.channels_last)
        with torch.inference_mode():
            found = network(images)
        return {name: map_.numpy() for name, map_ in zip(layers.outputs, found, strict=True)}

    return infer


@dataclass(frozen=True)
class _Layers:
    """A network as it is built, batch norm and all."""

    network: nn.Module
    input_size_px: tuple[int, int]
    outputs: tuple[str, ...]
    metadata: dict[str, Any]


def _layers(row: Row) -> _Layers:
    if row.file is not None:
        return _layers_of_file(row.file)
    if row.name in YOLOS:
        yolo = YOLOS[row.name]
        size_px = _rounded_up(row.input_size_px or yolo.input_size_px)
        return _Layers(yolo.build().eval(), size_px, YOLO_OUTPUTS[row.name], {"classes": []})
    reference = SSDS[row.name]
    size_px = row.input_size_px or reference.input_size_px
    classes = tuple(f"class_{number}" for number in range(1, CLASSES + 1))
    network = replace(reference, input_size_px=size_px).deployed(classes)
    return _Layers(network, size_px, DECODED, {"classes": list(classes)})


def _settle(network: nn.Module, input_size_px: tuple[int, int]) -> None:
    """Give batch norms the statistics of what runs through them.

    Without, a deep random network's activations fade until they are denormal numbers, on which
    processors take many times as long: its time would say nothing of a trained one's.
    """
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the average of all batches
    width_px, height_px = input_size_px
    network.train()
    with torch.no_grad():
        for _ in range(2):
            network(torch.rand(2, 3, height_px, width_px) * 2 - 1)
    network.eval()


def _layers_of_file(path: Path) -> _Layers:
    written = {entry.key: entry.value for entry in onnx.load(str(path)).metadata_props}
    metadata = read_metadata(path, written.get(METADATA_KEY))
    try:
        architecture = Architecture.from_dict(metadata["architecture"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path}: its metadata names no network: {error}") from error
    whole = SsdWithBoxes(Ssd.build(architecture), architecture.levels).eval()
    return _Layers(whole, architecture.input_size_px, DECODED, metadata)


def _take_weights(folded: nn.Module, path: Path) -> bool:
    """Give a folded network the weights of its exported file. False, and nothing done, when the
    file names its layers otherwise (an export of an earlier version)."""
    graph = onnx.load(str(path)).graph
    weights = {
        entry.name.removeprefix("network/"): torch.from_numpy(
            np.array(numpy_helper.to_array(entry))
        )
        for entry in graph.initializer
    }
    for node in graph.node:  # the exporter keeps equal tensors once
        if node.op_type == "Identity" and node.input[0].removeprefix("network/") in weights:
            name, source = (side[0].removeprefix("network/") for side in (node.output, node.input))
            weights[name] = weights[source]
    own = {name: value for name, value in folded.state_dict().items() if name != "priors"}
    if not own.keys() <= weights.keys():
        return False
    taken = {name: _like(weights[name], value) for name, value in own.items()}
    folded.load_state_dict(taken, strict=False)
    return True


def _like(found: Tensor, wanted: Tensor) -> Tensor:
    """A file's stem sums its filters over the three channels of a grey picture; a third on each
    gives the same."""
    if wanted.ndim == 4 and wanted.shape[1] == 3 and found.shape[1] == 1:
        return (found / 3).expand_as(wanted)
    return found


def _rounded_up(size_px: tuple[int, int]) -> tuple[int, int]:
    """To whole strides: a YOLO joins maps of neighbouring sizes."""
    width, height = (-(-side // YOLO_STRIDE_PX) * YOLO_STRIDE_PX for side in size_px)
    return width, height
