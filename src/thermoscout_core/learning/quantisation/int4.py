"""Weights of 4 bits in a quantised file for CPUs: half of int8's bytes, and the same kernels.

The layers that hold most weights and see the fewest pixels bear a coarser grid. Their weights are
whole numbers from −7 to 7, two to a byte in the file. A runtime unpacks them once, as it loads the
file (constant folding), and computes with int8 weights as ever: the file is smaller, not faster.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from torch import Tensor

LIMIT = 7
SHARES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Of a channel's largest weight: where its grid may end. Which of them rounds it with the least
square error is tried; on so coarse a grid it pays to clip the few large ones."""
LEAST_SCALE = 1e-8
WORTH_PACKING = 1024
"""Weights; fewer aren't worth the nodes that unpack them."""
HALF_BYTE = 4
MIDDLE = LIMIT + 1
"""Is added to the numbers, so that they are positive in the file."""
BASE, ZERO = "int4/base", "int4/middle"


def int4_scale(weight: Tensor) -> Tensor:
    """Kernels (O, …) -> the step of each output channel's grid, (O, 1, …)."""
    flat = weight.detach().flatten(1)
    largest = flat.abs().amax(1, keepdim=True)
    scales = torch.stack(
        [(largest * share / LIMIT).clamp(min=LEAST_SCALE) for share in SHARES]
    )  # (S, O, 1)
    rounded = (flat / scales).round().clamp(-LIMIT, LIMIT) * scales
    best = (rounded - flat).square().sum(2).argmin(0)
    chosen = scales.gather(0, best.view(1, -1, 1))[0]
    return chosen.view(-1, *[1] * (weight.ndim - 1))


def round_to_int4(
    model: onnx.ModelProto, exact: onnx.ModelProto, layers: Sequence[str]
) -> list[str]:
    """Give the convolutions of a quantised model whose layers' names begin so a grid of 4 bits, in
    place, with the weights and biases of the exact one; their names."""
    floats = {entry.name: numpy_helper.to_array(entry) for entry in exact.graph.initializer}
    constants = {entry.name: entry for entry in model.graph.initializer}
    makers = {name: node for node in model.graph.node for name in node.output}
    rounded = {node.name: node for node in model.graph.node if node.op_type == "Conv"}
    done = []
    for node in exact.graph.node:
        if node.op_type != "Conv" or not layer_of(node).startswith(tuple(layers)):
            continue
        image, weight, *bias = (makers[name] for name in rounded[node.name].input)
        kernel = torch.from_numpy(floats[node.input[1]].copy())
        scale = int4_scale(kernel)
        steps = (kernel / scale).round().clamp(-LIMIT, LIMIT).to(torch.int8)
        _put(constants[weight.input[0]], steps.numpy())
        _put(constants[weight.input[1]], scale.flatten().numpy())
        if bias:
            product = numpy_helper.to_array(constants[image.input[1]]) * scale.flatten().numpy()
            whole = np.round(floats[node.input[2]] / product).astype(np.int32)
            _put(constants[bias[0].input[0]], whole)
            _put(constants[bias[0].input[1]], product.astype(np.float32))
        done.append(layer_of(node))
    return done


def layer_of(convolution: onnx.NodeProto) -> str:
    """An exported weight has its layer's name."""
    return str(convolution.input[1].removeprefix("ssd."))


def _put(constant: onnx.TensorProto, values: NDArray[Any]) -> None:
    constant.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(values), constant.name))


def pack_int4(model: onnx.ModelProto) -> int:
    """Store the int8 weights that 4 bits can hold two to a byte, in place, with the nodes that
    unpack them: the same numbers. Returns how many tensors."""
    graph = model.graph
    weights = {node.input[0] for node in graph.node if node.op_type == "DequantizeLinear"}
    packed = [entry for entry in graph.initializer if entry.name in weights and _fits(entry)]
    if not packed:
        return 0
    nodes = [node for entry in packed for node in _pack(graph, entry)]
    graph.initializer.extend(
        [
            numpy_helper.from_array(np.array([1 << HALF_BYTE], np.int32), BASE),
            numpy_helper.from_array(np.array([MIDDLE], np.int32), ZERO),
        ]
    )
    before = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *before])
    return len(packed)


def _fits(entry: onnx.TensorProto) -> bool:
    if entry.data_type != onnx.TensorProto.INT8:
        return False
    values = numpy_helper.to_array(entry)
    return bool(
        values.size >= WORTH_PACKING and values.size % 2 == 0 and np.abs(values).max() <= LIMIT
    )


def _pack(graph: onnx.GraphProto, entry: onnx.TensorProto) -> list[onnx.NodeProto]:
    """The first half of the numbers in the low four bits, the second half in the high ones."""
    name = entry.name
    values = numpy_helper.to_array(entry)
    low, high = np.split((values.ravel() + MIDDLE).astype(np.uint8), 2)
    bytes_name, shape = f"{name}/packed", f"{name}/shape"
    graph.initializer.append(numpy_helper.from_array(np.array(values.shape, np.int64), shape))
    entry.CopyFrom(numpy_helper.from_array(low | (high << HALF_BYTE), bytes_name))
    keys = ("whole", "high", "above", "low", "all", "small", "int8")
    step = {key: f"{name}/{key}" for key in keys}
    # whole numbers, no shifts of bits: OpenVINO doesn't drop what is shifted out of a byte
    return [
        helper.make_node("Cast", [bytes_name], [step["whole"]], to=onnx.TensorProto.INT32),
        helper.make_node("Div", [step["whole"], BASE], [step["high"]]),
        helper.make_node("Mul", [step["high"], BASE], [step["above"]]),
        helper.make_node("Sub", [step["whole"], step["above"]], [step["low"]]),
        helper.make_node("Concat", [step["low"], step["high"]], [step["all"]], axis=0),
        helper.make_node("Sub", [step["all"], ZERO], [step["small"]]),
        helper.make_node("Cast", [step["small"]], [step["int8"]], to=onnx.TensorProto.INT8),
        helper.make_node("Reshape", [step["int8"], shape], [name]),
    ]
