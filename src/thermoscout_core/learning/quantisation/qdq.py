"""Quantised files in QDQ form: int8 weights with a scale per channel, in two kinds.

ONNX Runtime's CPU kernels are made for unsigned, asymmetric activations, also behind an
activation function. TensorRT refuses zero points other than 0, int32 biases, and quantised
constants that no convolution takes; it wants signed, symmetric activations before convolutions.
On a CPU that second kind is no faster than float32: each file for its own runtime.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
from onnxruntime.quantization import QuantType
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

from thermoscout_core.detection.backends.base import METADATA_KEY
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.learning.quantisation.calibration import OPERATORS, Calibration, quiet


@dataclass(frozen=True)
class Kind:
    """activations: their integers. operators: whose inputs and outputs are quantised. options: of
    ONNX Runtime's quantiser."""

    activations: QuantType
    operators: tuple[str, ...]
    options: dict[str, Any]


KINDS = {
    "cpu": Kind(QuantType.QUInt8, tuple(OPERATORS), {}),
    "tensorrt": Kind(
        QuantType.QInt8,
        ("Conv",),
        {"ActivationSymmetric": True, "WeightSymmetric": True, "QuantizeBias": False},
    ),
}
"""What a quantised file is made for."""


def write_quantised(
    calibration: Calibration, output: Path, kind: str, float_nodes: Sequence[str] = ()
) -> None:
    """Write the calibrated network with int8 weights and activations, for one of KINDS.

    float_nodes: names of nodes that stay in float32. An export's metadata go along, with a note on
    the precision. Raises ConfigurationError for an unknown kind.
    """
    if kind not in KINDS:
        raise ConfigurationError(f"int8 for '{kind}' is unknown; there is {', '.join(KINDS)}")
    wanted = KINDS[kind]
    with quiet():
        quantiser = QDQQuantizer(
            copy.deepcopy(calibration.model),
            per_channel=True,
            reduce_range=False,
            weight_qType=QuantType.QInt8,
            activation_qType=wanted.activations,
            tensors_range=calibration.ranges,
            nodes_to_quantize=[],
            nodes_to_exclude=list(float_nodes),
            op_types_to_quantize=list(wanted.operators),
            extra_options=dict(wanted.options),
        )
        quantiser.quantize_model()
        quantiser.model.topological_sort()
    model = quantiser.model.model
    note_precision(
        model,
        type="int8",
        made_for=kind,
        calibration=calibration.method,
        frames=calibration.frames,
    )
    onnx.save(model, str(output))


def note_precision(model: onnx.ModelProto, **noted: object) -> None:
    """Add to an export's metadata, where the file has them, what its precision is."""
    properties = {entry.key: entry.value for entry in model.metadata_props}
    if METADATA_KEY in properties:
        content = json.loads(properties[METADATA_KEY])
        content["precision"] = {**content.get("precision", {}), **noted}
        properties[METADATA_KEY] = json.dumps(content)
        onnx.helper.set_model_props(model, properties)
