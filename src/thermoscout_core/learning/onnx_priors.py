"""The priors inside a file: a sum of columns, rows and sizes, in place of the table of it.

Decoding needs the centre and the size of every prior, four floats for each: 245 KB in the shipped
detector, more than all its biases. They are a grid, so what makes them is some hundred floats. A
runtime adds them up once, as it loads the file, to the very numbers of detection.priors: each sum
has one term that isn't 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from thermoscout_core.detection.priors import PriorLevel, make_priors

Floats = NDArray[np.float32]


def compute_priors(model: onnx.ModelProto, levels: Sequence[PriorLevel]) -> bool:
    """Replace the tables of the priors in an export, in place, by nodes that add them up.

    The tables are known by their values: centres (P, 2), sizes (P, 2) or both (P, 4). False where
    the file has none, as one with raw outputs.
    """
    graph = model.graph
    priors = make_priors(levels)
    parts = {"all": priors, "centres": priors[:, :2], "sizes": priors[:, 2:]}
    tables: dict[str, str] = {}
    for entry in list(graph.initializer):
        for part, wanted in parts.items():
            like = entry.data_type == onnx.TensorProto.FLOAT and tuple(entry.dims) == wanted.shape
            if like and np.array_equal(numpy_helper.to_array(entry), wanted):
                tables[entry.name] = f"priors/{part}"
    if not tables:
        return False
    kept = [entry for entry in graph.initializer if entry.name not in tables]
    constants = [onnx.TensorProto.FromString(entry.SerializeToString()) for entry in kept]
    del graph.initializer[:]
    graph.initializer.extend(constants)
    for node in graph.node:
        node.input[:] = [tables.get(name, name) for name in node.input]
    before = [onnx.NodeProto.FromString(node.SerializeToString()) for node in graph.node]
    del graph.node[:]
    graph.node.extend([*_nodes(graph, levels), *before])
    return True


def _nodes(graph: onnx.GraphProto, levels: Sequence[PriorLevel]) -> list[onnx.NodeProto]:
    def constant(name: str, values: NDArray[np.generic]) -> str:
        graph.initializer.append(numpy_helper.from_array(values, f"priors/{name}"))
        return f"priors/{name}"

    shape = constant("shape", np.array([-1, 4]))
    nodes = []
    for number, level in enumerate(levels):
        columns, rows, sizes = _addends(level)
        cell = f"priors/cell_{number}"
        grid, flat = f"priors/grid_{number}", f"priors/level_{number}"
        names = [
            constant(f"{name}_{number}", values)
            for name, values in (("columns", columns), ("rows", rows), ("sizes", sizes))
        ]
        nodes += [
            helper.make_node("Add", names[:2], [cell]),
            helper.make_node("Add", [cell, names[2]], [grid]),
            helper.make_node("Reshape", [grid, shape], [flat]),
        ]
    flats = [f"priors/level_{number}" for number in range(len(levels))]
    ends = [constant(f"column_{column}", np.array([column])) for column in (0, 2, 4)]
    axis = constant("axis", np.array([1]))
    return [  # OpenCV splits no constants, but cuts them
        *nodes,
        helper.make_node("Concat", flats, ["priors/all"], axis=0),
        helper.make_node("Slice", ["priors/all", ends[0], ends[1], axis], ["priors/centres"]),
        helper.make_node("Slice", ["priors/all", ends[1], ends[2], axis], ["priors/sizes"]),
    ]


def _addends(level: PriorLevel) -> tuple[Floats, Floats, Floats]:
    """(cx, 0, 0, 0) of each column, (0, cy, 0, 0) of each row, (0, 0, w, h) of each size, in
    shapes that broadcast to (rows, columns, sizes, 4)."""
    count = len(level.sizes)
    grid = make_priors([level]).reshape(level.rows, level.columns, count, 4)
    columns = np.zeros((1, level.columns, 1, 4), np.float32)
    rows = np.zeros((level.rows, 1, 1, 4), np.float32)
    sizes = np.zeros((1, 1, count, 4), np.float32)
    columns[0, :, 0, 0] = grid[0, :, 0, 0]
    rows[:, 0, 0, 1] = grid[:, 0, 0, 1]
    sizes[0, 0, :, 2:] = grid[0, 0, :, 2:]
    return columns, rows, sizes
