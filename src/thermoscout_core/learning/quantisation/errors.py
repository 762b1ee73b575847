"""What quantisation cost each convolution: signal to quantisation noise, in dB."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import onnx
from onnxruntime.quantization.qdq_loss_debug import (
    collect_activations,
    compute_activation_error,
    compute_weight_error,
    create_activation_matching,
    create_weight_matching,
    modify_model_output_intermediate_tensors,
)

from thermoscout_core.learning.quantisation.calibration import Calibration, Frames, Inputs, quiet


@dataclass(frozen=True)
class LayerError:
    """Of one convolution, each 20·log10(‖signal‖ / ‖difference‖), higher is better.

    weight_db: int8 weights against float32. input_db: the layer's 8-bit input against its input in
    the float32 network, with all that the layers before have cost.
    """

    layer: str
    weight_db: float
    input_db: float


def layer_errors(
    calibration: Calibration, quantised: onnx.ModelProto, inputs: Inputs
) -> list[LayerError]:
    """The convolutions of a quantised network in the order of the graph, on a few inputs.

    quantised: by qdq.quantised, with the names of the float network. All activations of all inputs
    are held in memory: give a handful.
    """
    with tempfile.TemporaryDirectory() as folder, quiet():
        original, rounded_file = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        onnx.save(calibration.model, str(original))
        onnx.save(quantised, str(rounded_file))
        activations = []
        for path in (rounded_file, original):
            augmented = Path(folder) / f"augmented_{path.name}"
            modify_model_output_intermediate_tensors(str(path), str(augmented))
            activations.append(collect_activations(str(augmented), Frames(inputs)))
        rounded = compute_activation_error(create_activation_matching(*activations))
        weights = compute_weight_error(create_weight_matching(str(original), str(rounded_file)))
    return [
        LayerError(node.name, weights[node.input[1]], rounded[node.input[0]]["xmodel_err"])
        for node in calibration.model.graph.node
        if node.op_type == "Conv" and node.input[0] in rounded and node.input[1] in weights
    ]
