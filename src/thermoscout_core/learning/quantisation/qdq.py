"""Quantised files in QDQ form: int8 weights with a scale per channel, in two kinds.

ONNX Runtime's CPU kernels are made for unsigned, asymmetric activations, also behind an
activation function. TensorRT refuses zero points other than 0, int32 biases, and quantised
constants that no convolution takes; it wants signed, symmetric activations before convolutions.
On a CPU that second kind is no faster than float32: each file for its own runtime.

What is written says nothing twice, and the CPU's has the shapes that its kernels like
(``compact``, ``for_cpus``); what a layer's error is measured on keeps the float file's names.
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
from thermoscout_core.detection.priors import PriorLevel
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.learning.onnx_names import shorten_names
from thermoscout_core.learning.onnx_priors import compute_priors
from thermoscout_core.learning.quantisation.calibration import OPERATORS, Calibration, quiet
from thermoscout_core.learning.quantisation.compact import drop_redundancy
from thermoscout_core.learning.quantisation.for_cpus import copy_pixels, gather_stem
from thermoscout_core.learning.quantisation.int4 import pack_int4, round_to_int4


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
    calibration: Calibration,
    output: Path,
    kind: str,
    float_nodes: Sequence[str] = (),
    int4_layers: Sequence[str] = (),
) -> None:
    """Write the calibrated network with int8 weights and activations, for one of KINDS.

    float_nodes: names of nodes that stay in float32. int4_layers: see round_to_int4; for CPUs. An
    export's metadata go along, with a note on the precision. Raises ConfigurationError for an
    unknown kind.
    """
    model = quantised(calibration, kind, float_nodes, int4_layers)
    finish(model, kind)
    note_precision(
        model,
        type="int8",
        made_for=kind,
        calibration=calibration.method,
        frames=calibration.frames,
    )
    onnx.save(model, str(output))


def quantised(
    calibration: Calibration,
    kind: str,
    float_nodes: Sequence[str] = (),
    int4_layers: Sequence[str] = (),
) -> onnx.ModelProto:
    """The calibrated network in QDQ form, layer by layer as it was; see write_quantised."""
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
    model: onnx.ModelProto = quantiser.model.model
    if int4_layers:
        round_to_int4(model, calibration.model, int4_layers)
    return model


def finish(model: onnx.ModelProto, kind: str) -> None:
    """Make a quantised model smaller, in place, and a CPU's faster too: the same outputs, to the
    last bit. A file from before may be finished as well."""
    content = _metadata(model)
    try:
        levels = [PriorLevel(*level) for level in content["architecture"]["levels"]]
    except KeyError:
        levels = []  # a network that isn't an export of ours, as the bench's
    if levels:
        compute_priors(model, levels)
    if kind == "cpu":
        gather_stem(model)
        copy_pixels(model)
        drop_redundancy(model)
        pack_int4(model)
        shorten_names(model)
    properties = {entry.key: entry.value for entry in model.metadata_props}
    ours = {key: value for key, value in properties.items() if key == METADATA_KEY}
    onnx.helper.set_model_props(model, ours)


def note_precision(model: onnx.ModelProto, **noted: object) -> None:
    """Add to an export's metadata, where the file has them, what its precision is."""
    content = _metadata(model)
    if content:
        content["precision"] = {**content.get("precision", {}), **noted}
        properties = {entry.key: entry.value for entry in model.metadata_props}
        properties[METADATA_KEY] = json.dumps(content)
        onnx.helper.set_model_props(model, properties)


def _metadata(model: onnx.ModelProto) -> dict[str, Any]:
    """Of an export of ours; nothing for another file."""
    properties = {entry.key: entry.value for entry in model.metadata_props}
    return dict(json.loads(properties.get(METADATA_KEY, "{}")))
