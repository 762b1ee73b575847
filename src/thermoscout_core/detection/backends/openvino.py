"""OpenVINO, on the CPU; optional (pip install 'thermoscout[openvino]')."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openvino

from thermoscout_core.detection.backends.base import (
    METADATA_KEY,
    Tensor,
    is_int8,
    read_metadata,
    require_file,
)
from thermoscout_core.errors import ConfigurationError, ModelError
from thermoscout_core.machine import cuts_byte_products

BYTES_AS_FLOATS = {"LP_TRANSFORMS_MODE": "NO"}
"""OpenVINO's own name for computing an int8 file's layers in floats, with its rounded values: as
slow as a float32 file, and right where the processor cuts sums of byte products off."""


class OpenVinoBackend:
    """An ONNX file in OpenVINO; see backends.base.Backend.

    Computes in float32: left alone, OpenVINO takes bfloat16 where the CPU has it, which moves
    scores by up to a hundredth. An int8 file's layers are computed in bytes only where the
    processor adds them up whole. Thresholds inside a file can't be set from outside here.
    """

    settings: frozenset[str] = frozenset()

    def __init__(self, path: Path, threads: int = 2, *, precision: str = "f32") -> None:
        """precision: f32, or bf16 to let the CPU's short floats in. Raises ModelError when the
        file is missing, no ONNX, or not one of our exports, ConfigurationError for an int8 file
        that this processor and this OpenVINO can't compute rightly."""
        require_file(path)
        try:
            model = openvino.Core().read_model(path)
        except RuntimeError as error:
            raise ModelError(f"{path}: OpenVINO can't read it as a model: {error}") from error
        place = ["framework", METADATA_KEY]
        written = str(model.get_rt_info(place).value) if model.has_rt_info(place) else None
        self.metadata = read_metadata(path, written)
        self.inputs = {
            source.any_name: tuple(
                side.get_length() if side.is_static else None
                for side in source.get_partial_shape()
            )
            for source in model.inputs
        }
        self.outputs = tuple(output.any_name for output in model.outputs)
        # One frame at a time is what a robot does; a free batch costs a few per cent.
        model.reshape(
            {
                name: [1 if side is None else side for side in shape]
                for name, shape in self.inputs.items()
            }
        )
        whole = BYTES_AS_FLOATS if is_int8(self.metadata) and cuts_byte_products() else {}
        settings = {
            "INFERENCE_PRECISION_HINT": precision,
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
            **whole,
        }
        try:
            compiled = openvino.Core().compile_model(model, "CPU", settings)
        except RuntimeError as error:
            if not whole:
                raise
            raise ConfigurationError(
                f"{path}: OpenVINO's int8 is wrong on this processor, which has no VNNI, and this "
                f"OpenVINO can't compute such a file in floats; take onnxruntime: {error}"
            ) from error
        self._request = compiled.create_infer_request()
        version = openvino.__version__.partition("-")[0]
        self.name = f"openvino {version} CPU {precision}, {threads} threads"
        if whole:
            self.name += ", int8 computed in floats: this processor has no VNNI"

    def run(self, tensors: Mapping[str, Tensor]) -> dict[str, Any]:
        self._request.infer(dict(tensors), share_inputs=True)
        return {name: self._request.get_tensor(name).data for name in self.outputs}

    def close(self) -> None:
        """Nothing to let go of before the object itself."""
