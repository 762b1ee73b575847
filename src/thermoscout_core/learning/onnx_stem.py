"""The first convolution of a file on one channel: the three that it is given are the same grey.

A stem with ImageNet's filters takes red, green and blue. All three are the thermal picture
(detection.contract), so the filters of a picture's channels may be added up beforehand: a third of
the work, for the same sum. The input stays as it is, so that a file of ours is called as before.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper, numpy_helper

INPUT = "images"
GREY = "grey"


def take_one_channel(model: onnx.ModelProto) -> bool:
    """Let the convolution that reads ``images`` (N, 3, H, W) read the first channel of it, in
    place, with its filters' sums over the channels. False where it isn't such a file."""
    graph = model.graph
    readers = [node for node in graph.node if INPUT in node.input]
    if len(readers) != 1 or readers[0].op_type != "Conv" or readers[0].input[0] != INPUT:
        return False
    stem = readers[0]
    users = sum(stem.input[1] in node.input for node in graph.node)
    weight = next((entry for entry in graph.initializer if entry.name == stem.input[1]), None)
    if weight is None or users != 1 or weight.dims[1] != 3:
        return False
    filters = numpy_helper.to_array(weight).sum(axis=1, keepdims=True, dtype=np.float64)
    weight.CopyFrom(numpy_helper.from_array(filters.astype(np.float32), weight.name))
    starts, ends = f"{GREY}/zero", f"{GREY}/one"
    for name, value in ((starts, 0), (ends, 1)):
        graph.initializer.append(numpy_helper.from_array(np.array([value]), name))
    first = helper.make_node("Slice", [INPUT, starts, ends, ends], [GREY], name="grey")
    position = next(index for index, node in enumerate(graph.node) if node is stem)
    stem.input[0] = GREY
    graph.node.insert(position, first)
    return True
