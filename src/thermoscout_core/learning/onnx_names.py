"""Names of a finished file: short ones, as a quantised graph repeats each of them five times."""

from __future__ import annotations

import string

import onnx

LETTERS = string.ascii_letters


def shorten_names(model: onnx.ModelProto) -> None:
    """Give every tensor but inputs and outputs a short name, in place; equal constants become one.

    Convolutions are called by their layer, for profiles; other nodes have no name. The notes on
    shapes go, which every runtime infers for itself. For graphs without graphs inside.
    """
    graph = model.graph
    del graph.value_info[:]
    for node in graph.node:
        node.name = _layer(node) if node.op_type == "Conv" else ""
        node.ClearField("doc_string")
    fixed = {"", *(entry.name for entry in (*graph.input, *graph.output))}
    same = _equal_constants(graph, fixed)
    short: dict[str, str] = {name: name for name in fixed}

    def rename(name: str) -> str:
        kept = same.get(name, name)
        if kept not in short:
            short[kept] = _name(len(short), fixed)
        return short[kept]

    for node in graph.node:
        node.input[:] = [rename(name) for name in node.input]
        node.output[:] = [rename(name) for name in node.output]
    kept = [entry for entry in graph.initializer if same.get(entry.name, entry.name) == entry.name]
    for entry in kept:
        entry.name = rename(entry.name)
    constants = [onnx.TensorProto.FromString(entry.SerializeToString()) for entry in kept]
    del graph.initializer[:]
    graph.initializer.extend(constants)


def _layer(convolution: onnx.NodeProto) -> str:
    """features.neck.lateral.0.0, whose weight it multiplies with; in a file whose names are short
    already, what it is called."""
    layer, dot, _ = str(convolution.input[1]).partition(".weight")
    return layer.removeprefix("ssd.") if dot else str(convolution.name)


def _equal_constants(graph: onnx.GraphProto, fixed: set[str]) -> dict[str, str]:
    """Name of a constant -> of the first one with that type, shape and content. An input's default
    value is nobody else's."""
    first: dict[bytes, str] = {}
    same: dict[str, str] = {}
    for entry in graph.initializer:
        if entry.name in fixed:
            continue
        content = onnx.TensorProto()
        content.CopyFrom(entry)
        content.ClearField("name")
        content.ClearField("doc_string")
        same[entry.name] = first.setdefault(content.SerializeToString(), entry.name)
    return same


def _name(number: int, taken: set[str]) -> str:
    name = ""
    while number or not name:
        number, digit = divmod(number, len(LETTERS))
        name = LETTERS[digit] + name
    return f"_{name}" if name in taken else name
