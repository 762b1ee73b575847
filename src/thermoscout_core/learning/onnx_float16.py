"""An exported network in float16: from its first convolution to its last.

What comes before (the view) and after (decoding, softmax) stays float32, and so do inputs and
outputs. The precision lies in the file, as a strongly typed TensorRT wants it. In a quantised file
what is int8 stays int8, and everything between becomes float16.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from thermoscout_core.errors import ModelError

SUFFIX = "_float16"
QDQ_OPSET = 19
"""From it on, QuantizeLinear and DequantizeLinear have float16; what else a detector is made of
means the same as before."""
ALWAYS_FLOAT32 = {"Resize": {1, 2}}
"""Operator -> inputs that ONNX wants in float32 whatever the rest is in."""


def to_float16(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of model with what lies between its convolutions in float16.

    Raises ModelError for a weight beyond float16's range, or a model without convolutions.
    """
    model = onnx.shape_inference.infer_shapes(model)
    inner = _between_convolutions(model.graph.node)
    if not inner:
        raise ModelError("the network has no convolutions, so there is nothing to do in float16")
    if any(node.op_type == "QuantizeLinear" for node in model.graph.node):
        for entry in model.opset_import:
            if entry.domain in ("", "ai.onnx"):
                entry.version = max(entry.version, QDQ_OPSET)
    return _Conversion(model, inner).result()


class _Conversion:
    def __init__(self, model: onnx.ModelProto, inner: set[int]) -> None:
        self._model = model
        graph = model.graph
        self._inner = inner
        self._constants = {entry.name: numpy_helper.to_array(entry) for entry in graph.initializer}
        for node in graph.node:
            if node.op_type == "Constant" and node.attribute[0].name == "value":
                self._constants[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
            elif node.op_type == "Identity" and node.input[0] in self._constants:
                # The exporter keeps equal weights once.
                self._constants[node.output[0]] = self._constants[node.input[0]]
        self._floats = {
            value.name
            for value in (*graph.input, *graph.value_info, *graph.output)
            if value.type.tensor_type.elem_type == TensorProto.FLOAT
        }
        self._inside = {
            name
            for index, node in enumerate(graph.node)
            if index in inner
            for name in node.output
            if name in self._floats
        }
        self._scales = {
            node.input[1]
            for node in graph.node
            if node.op_type in ("QuantizeLinear", "DequantizeLinear")
        }
        self._halves: dict[str, onnx.TensorProto] = {}
        self._casts: dict[str, onnx.NodeProto] = {}

    def result(self) -> onnx.ModelProto:
        graph = self._model.graph
        outside = {entry.name for entry in graph.output}
        for index, node in enumerate(graph.node):
            if node.op_type == "Shape" and node.input[0] in self._inside:
                node.input[0] += SUFFIX  # any type will do
            elif index not in self._inner:
                outside.update(node.input)
        nodes: list[onnx.NodeProto] = []
        for index, node in enumerate(graph.node):
            if index not in self._inner:
                nodes.append(node)
                continue
            known = len(self._casts)
            converted = self._converted(node)
            nodes.extend(list(self._casts.values())[known:])
            nodes.append(converted)
            nodes.extend(
                helper.make_node("Cast", [name + SUFFIX], [name], to=TensorProto.FLOAT)
                for name in node.output
                if name in self._inside and name in outside
            )
        del graph.node[:]
        graph.node.extend(nodes)
        del graph.value_info[:]
        graph.initializer.extend(self._halves.values())
        _drop_unused(graph)
        onnx.checker.check_model(self._model)
        return self._model

    def _converted(self, node: onnx.NodeProto) -> onnx.NodeProto:
        converted = onnx.NodeProto()
        converted.CopyFrom(node)
        keep = ALWAYS_FLOAT32.get(node.op_type, set())
        for position, name in enumerate(node.input):
            if name and position not in keep:
                converted.input[position] = self._half(name)
        for position, name in enumerate(node.output):
            if name in self._inside:
                converted.output[position] = name + SUFFIX
        for attribute in converted.attribute:
            if node.op_type == "Cast" and attribute.i == TensorProto.FLOAT:
                attribute.i = TensorProto.FLOAT16
        return converted

    def _half(self, name: str) -> str:
        """The float16 of a tensor: of the inside, a constant, or cast once."""
        if name in self._inside:
            return name + SUFFIX
        if name in self._constants:
            values = self._constants[name]
            if values.dtype != np.float32:
                return name
            if np.abs(values).max(initial=0.0) > np.finfo(np.float16).max:
                raise ModelError(f"{name}: a weight is too large for float16")
            halves = values.astype(np.float16)
            if name in self._scales:
                # That of a channel without weights; TensorRT wants all above 0.
                halves = np.maximum(halves, np.finfo(np.float16).smallest_subnormal)
            half = numpy_helper.from_array(halves, name + SUFFIX)
            self._halves.setdefault(name, half)
            return name + SUFFIX
        if name not in self._floats:
            return name
        if name not in self._casts:
            self._casts[name] = helper.make_node(
                "Cast", [name], [name + SUFFIX], to=TensorProto.FLOAT16
            )
        return name + SUFFIX


def _between_convolutions(nodes: Iterable[onnx.NodeProto]) -> set[int]:
    """Indices of the convolutions, of what lies on a way from one of them to another, and of what
    makes floats for these from integers."""
    numbered = list(enumerate(nodes))
    makers = {name: index for index, node in numbered for name in node.output}
    sources: dict[int, set[int]] = {
        index: {makers[name] for name in node.input if name in makers} for index, node in numbered
    }
    users: dict[int, set[int]] = defaultdict(set)
    for index, before in sources.items():
        for maker in before:
            users[maker].add(index)
    convolutions = {index for index, node in numbered if node.op_type == "Conv"}
    after = _reachable(convolutions, lambda index: users[index])
    before = _reachable(convolutions, lambda index: sources[index])
    inner = convolutions | (after & before)
    types = [node.op_type for _, node in numbered]
    made = {maker for index in inner for maker in sources[index]}
    return inner | {index for index in made if types[index] == "DequantizeLinear"}


def _reachable(starts: set[int], neighbours: Callable[[int], set[int]]) -> set[int]:
    found: set[int] = set()
    waiting = list(starts)
    while waiting:
        for index in neighbours(waiting.pop()):
            if index not in found:
                found.add(index)
                waiting.append(index)
    return found


def _drop_unused(graph: onnx.GraphProto) -> None:
    """Float32 constants whose only readers went over to float16."""
    read = {entry.name for entry in graph.output}
    nodes = []
    for node in reversed(graph.node):
        if node.op_type not in ("Constant", "Identity") or node.output[0] in read:
            nodes.append(node)
            read.update(node.input)
    kept = [entry for entry in graph.initializer if entry.name in read]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(reversed(nodes))
    graph.initializer.extend(kept)
