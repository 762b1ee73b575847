"""How long each convolution takes in the target runtime, by how many channels it reads and writes.

Each convolution of a network is written as an ONNX file of its own at a few widths and timed in
ONNX Runtime; widths between are interpolated. The table is kept in a file and goes on from there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper
from torch import Tensor, nn

from thermoscout_core.atomic import write_bytes
from thermoscout_core.bench.timing import interleaved_s, median_ms
from thermoscout_core.detection.backends.onnxruntime import resting_options
from thermoscout_core.learning.compression.filters.groups import ROUNDING
from thermoscout_core.learning.compression.step import CompressionError
from thermoscout_core.learning.ssd import Ssd

SHARES = (0.25, 0.5, 0.75, 1.0)
"""Of a layer's channels that are measured, and interpolated between."""
OPSET = 17


@dataclass(frozen=True)
class LayerPlace:
    """A convolution where it stands: its shape, and the size of what it reads."""

    inputs: int
    outputs: int
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    depthwise: bool
    height: int
    width: int

    def key(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)


@dataclass(frozen=True)
class LatencyTable:
    """places: of each convolution by name. times_ms: of each place (by key), rows by inputs and
    columns by outputs at their widths; of a depthwise one, one row."""

    places: dict[str, LayerPlace]
    times_ms: dict[str, list[list[float]]]

    def layer_ms(self, name: str, inputs: int, outputs: int) -> float:
        """A layer's time at those channel counts, interpolated."""
        place = self.places[name]
        rows = np.array(self.times_ms[place.key()])
        by_output = np.array([np.interp(outputs, widths(place.outputs), row) for row in rows])
        if place.depthwise:
            return float(by_output[0])
        return float(np.interp(inputs, widths(place.inputs), by_output))


def widths(channels: int) -> list[int]:
    """The channel counts that are measured, growing, multiples of ROUNDING where there are."""
    rounded = [max(1, round(channels * share / ROUNDING) * ROUNDING) for share in SHARES[:-1]]
    return sorted({*[min(count, channels) for count in rounded], channels})


def measure_table(
    network: Ssd,
    input_size_px: tuple[int, int],
    cache: Path,
    threads: int,
    repeats: int,
    told: Callable[[str], None] = lambda _: None,
) -> LatencyTable:
    """Time every convolution of the network; layers alike are timed once.

    Raises CompressionError when the cache isn't a table.
    """
    places = layer_places(network, input_size_px)
    known = _read(cache, threads)
    missing = {p.key(): p for p in places.values() if p.key() not in known}
    for number, (key, place) in enumerate(missing.items(), 1):
        told(f"latency table {number}/{len(missing)}: {place.inputs}→{place.outputs} channels")
        known[key] = _time_place(place, threads, repeats)
        content = {"threads": threads, "times_ms": known}
        write_bytes(cache, json.dumps(content).encode(), durable=False)
    return LatencyTable(places, known)


def layer_places(network: Ssd, input_size_px: tuple[int, int]) -> dict[str, LayerPlace]:
    """Every convolution with the size of its input."""
    places: dict[str, LayerPlace] = {}

    def look(name: str, layer: nn.Conv2d, features: Tensor) -> None:
        places[name] = LayerPlace(
            layer.in_channels,
            layer.out_channels,
            (layer.kernel_size[0], layer.kernel_size[1]),
            (layer.stride[0], layer.stride[1]),
            (int(layer.padding[0]), int(layer.padding[1])),
            (layer.dilation[0], layer.dilation[1]),
            layer.groups > 1,
            int(features.shape[2]),
            int(features.shape[3]),
        )

    hooks = [
        module.register_forward_pre_hook(
            lambda layer, inputs, name=name: look(name, layer, inputs[0])
        )
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d)
    ]
    width_px, height_px = input_size_px
    try:
        with torch.no_grad():
            network(torch.zeros(1, 3, height_px, width_px))
    finally:
        for hook in hooks:
            hook.remove()
    return places


def _time_place(place: LayerPlace, threads: int, repeats: int) -> list[list[float]]:
    """Median times, ms; rows by inputs, columns by outputs; all widths in turns."""
    outputs = widths(place.outputs)
    inputs = [place.inputs] if place.depthwise else widths(place.inputs)
    calls = [_call(place, i, o, threads) for i in inputs for o in outputs]
    times = [median_ms(times_s) for times_s in interleaved_s(calls, repeats, warm_up=2)]
    return [times[k * len(outputs) : (k + 1) * len(outputs)] for k in range(len(inputs))]


def _call(place: LayerPlace, inputs: int, outputs: int, threads: int) -> Callable[[], object]:
    """A run of that convolution alone, with ReLU behind it as in the networks."""
    reads = outputs if place.depthwise else inputs
    groups = outputs if place.depthwise else 1
    rng = np.random.default_rng(0)
    weight = rng.standard_normal((outputs, reads // groups, *place.kernel), np.float32)
    images = rng.random((1, reads, place.height, place.width), np.float32)
    content = _layer_file(place, weight, images.shape, groups)
    session = onnxruntime.InferenceSession(
        content, resting_options(threads), ["CPUExecutionProvider"]
    )
    return lambda: session.run(None, {"images": images})


def _layer_file(
    place: LayerPlace, weight: NDArray[np.float32], shape: Sequence[int], groups: int
) -> bytes:
    node = helper.make_node(
        "Conv",
        ["images", "weight"],
        ["sums"],
        kernel_shape=place.kernel,
        strides=place.stride,
        pads=[*place.padding, *place.padding],
        dilations=place.dilation,
        group=groups,
    )
    graph = helper.make_graph(
        [node, helper.make_node("Relu", ["sums"], ["maps"])],
        "layer",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, list(shape))],
        [helper.make_tensor_value_info("maps", TensorProto.FLOAT, None)],
        [onnx.numpy_helper.from_array(weight, "weight")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    content: bytes = model.SerializeToString()
    return content


def _read(cache: Path, threads: int) -> dict[str, list[list[float]]]:
    if not cache.is_file():
        return {}
    try:
        content = json.loads(cache.read_text(encoding="utf-8"))
        found: dict[str, list[list[float]]] = content["times_ms"]
        return found if content["threads"] == threads else {}
    except (ValueError, KeyError, TypeError) as error:
        raise CompressionError(
            f"{cache}: not a latency table ({error}); delete it to measure anew"
        ) from error
