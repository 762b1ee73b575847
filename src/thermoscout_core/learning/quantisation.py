"""Static int8 quantisation of an exported file, for ONNX Runtime on a CPU."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

OPERATORS = ["Conv", "Clip", "Relu", "LeakyRelu", "MaxPool"]
"""Convolutions and what runs into them; decoding and softmax stay in float32."""


class _Frames(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, inputs: Sequence[Mapping[str, NDArray[Any]]]) -> None:
        self._inputs = iter(inputs)

    def get_next(self) -> Mapping[str, NDArray[Any]] | None:
        return next(self._inputs, None)


def quantise(path: Path, output: Path, inputs: Sequence[Mapping[str, NDArray[Any]]]) -> None:
    """Write path's network with int8 weights (a scale per channel) and uint8 activations, whose
    ranges are the extremes over inputs (tensors by name, one frame each).

    The unsigned, asymmetric kind that ONNX Runtime's CPU kernels are made for; TensorRT wants
    signed symmetric activations and refuses this file.
    """
    noisy = logging.getLogger()
    level = noisy.level
    noisy.setLevel(logging.ERROR)  # onnxruntime advises through the root logger
    try:
        with tempfile.TemporaryDirectory() as folder:
            inferred = Path(folder) / "inferred.onnx"
            quant_pre_process(str(path), str(inferred), skip_symbolic_shape=True)
            quantize_static(
                str(inferred),
                str(output),
                _Frames(inputs),
                quant_format=QuantFormat.QDQ,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                per_channel=True,
                op_types_to_quantize=OPERATORS,
            )
    finally:
        noisy.setLevel(level)
