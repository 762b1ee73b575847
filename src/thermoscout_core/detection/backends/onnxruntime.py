"""ONNX Runtime: the default backend, on the CPU."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from thermoscout_core.errors import ModelError

Floats = NDArray[np.float32]

METADATA_KEY = "thermoscout"


class OnnxRuntimeBackend:
    """A detector's ONNX file in ONNX Runtime; see backends.base.Backend."""

    def __init__(self, path: Path, threads: int = 2) -> None:
        """Raises ModelError when the file is missing, no ONNX, or not one of our exports."""
        if not path.is_file():
            raise ModelError(f"{path}: no such model file; train one or take the shipped one")
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = ort.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime's exceptions share no public base class
            raise ModelError(f"{path}: ONNX Runtime can't read it as a model: {error}") from error
        self.name = f"onnxruntime {ort.__version__} CPU, {threads} threads"
        self.metadata = self._read_metadata(path)
        inputs = self._session.get_inputs()
        outputs = [output.name for output in self._session.get_outputs()]
        if [entry.name for entry in inputs] != ["images"] or outputs != ["boxes", "scores"]:
            raise ModelError(
                f"{path}: a detector has the input 'images' and the outputs 'boxes', 'scores'; "
                f"this file has {[entry.name for entry in inputs]} and {outputs}. "
                "Export it with 'thermoscout export'"
            )
        height, width = inputs[0].shape[2:]
        self.input_size_px = (int(width), int(height))

    def _read_metadata(self, path: Path) -> dict[str, Any]:
        written = self._session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
        if written is None:
            raise ModelError(
                f"{path}: the file doesn't tell its classes and thresholds (no '{METADATA_KEY}' "
                "metadata); export it with 'thermoscout export'"
            )
        metadata: dict[str, Any] = json.loads(written)
        return metadata

    def infer(self, images: Floats) -> tuple[Floats, Floats]:
        boxes, scores = self._session.run(["boxes", "scores"], {"images": images})
        return boxes, scores
