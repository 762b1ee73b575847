"""What a quantised file needn't say: zero points of 0, and scales that follow from others.

For each channel a QDQ file has 17 bytes beside its weights: the weight's scale and zero point, the
bias, and the bias's scale and zero point. The zero points are 0, which is what the format takes
where there are none; the bias's scale is the product of two others, which a runtime multiplies
once, as it loads the file. 8 are left.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper


def drop_redundancy(model: onnx.ModelProto) -> None:
    """Leave out constants' zero points of 0, and compute the biases' scales, in place."""
    graph = model.graph
    makers = {name: node for node in graph.node for name in node.output}
    values = {entry.name: numpy_helper.to_array(entry) for entry in graph.initializer}
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in values:
            if len(node.input) == 3 and not values[node.input[2]].any():
                del node.input[2]
        elif node.op_type == "Conv" and len(node.input) == 3:
            scale = _computed_scale(node, makers, values)
            nodes.extend([scale] if scale is not None else [])
    before = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *before])
    _drop_unused(graph)


def _computed_scale(
    convolution: onnx.NodeProto,
    makers: dict[str, onnx.NodeProto],
    values: dict[str, NDArray[Any]],
) -> onnx.NodeProto | None:
    """The product that a quantised bias is scaled by, put in its place, if it is one to the last
    bit: a bias that isn't quantised as the sum that it is added to has a scale of its own."""
    dequantised = [makers.get(name) for name in convolution.input]
    if any(node is None or node.op_type != "DequantizeLinear" for node in dequantised):
        return None
    image, weight, bias = (node for node in dequantised if node is not None)
    scales = [node.input[1] for node in (image, weight, bias)]
    if not all(name in values for name in scales):
        return None
    product = values[scales[0]] * values[scales[1]]
    if not np.array_equal(np.broadcast_to(product, values[scales[2]].shape), values[scales[2]]):
        return None
    computed = f"{scales[2]}/product"
    bias.input[1] = computed
    return helper.make_node("Mul", scales[:2], [computed])


def _drop_unused(graph: onnx.GraphProto) -> None:
    read = {name for node in graph.node for name in node.input}
    kept = [entry for entry in graph.initializer if entry.name in read]
    constants = [onnx.TensorProto.FromString(entry.SerializeToString()) for entry in kept]
    del graph.initializer[:]
    graph.initializer.extend(constants)
