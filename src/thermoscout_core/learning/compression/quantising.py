"""The step quantise: int8 files of the network, by calibration on real frames, or a float16 one
(seed 004's two types for deployment)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from torch import nn

from thermoscout_core.detection.backends.onnxruntime import OnnxRuntimeBackend
from thermoscout_core.detection.contract import network_input
from thermoscout_core.detection.view import to_8bit_view
from thermoscout_core.learning.compression.gates import pass_gates
from thermoscout_core.learning.compression.model import Model
from thermoscout_core.learning.compression.quantisation_aware import FakeQuantisation
from thermoscout_core.learning.compression.step import CompressionError, Outcome, Step
from thermoscout_core.learning.compression.workbench import Workbench
from thermoscout_core.learning.deployment import deploy
from thermoscout_core.learning.quantisation.calibration import Calibration, calibrate
from thermoscout_core.learning.quantisation.errors import LayerError, layer_errors
from thermoscout_core.learning.quantisation.int4 import layer_of
from thermoscout_core.learning.quantisation.qdq import quantised, write_quantised

ERROR_FRAMES = 2
"""That the error of each layer is measured on; all activations are held."""
FLOAT, FLOAT16 = "float32.onnx", "float16.onnx"
CPU, TENSORRT = "int8.onnx", "int8_tensorrt.onnx"


class Quantise(Step):
    """Int8: a file for CPUs (unsigned activations), and one for TensorRT (signed, symmetric,
    float biases), from one calibration on frames of the training split. Or float16."""

    deploys: ClassVar[bool] = True

    do: Literal["quantise"]
    precision: Literal["int8", "float16"] = "int8"
    """float16 halves the file and suits TensorRT; CPUs take longer with it: give it a budget."""
    calibration: Literal["minmax", "entropy", "percentile"] = "minmax"
    """What ranges int8 takes of the activations."""
    frames: int = Field(32, ge=1)
    """Of the training split."""
    float_layers: tuple[str, ...] = ()
    """Beginnings of names of layers that stay in float32: the heads and the first layers of a
    MobileNet, which cost next to nothing and lose the most."""
    int4_layers: tuple[str, ...] = ()
    """Beginnings of names of layers whose weights get 4 bits in the file for CPUs: half of their
    bytes, no gain in time. For those that hold most weights and see the fewest pixels."""
    epochs: int = Field(0, ge=0)
    """Quantisation-aware training before the calibration; 0: none."""
    learning_rate: float | None = Field(None, gt=0)
    """Of that training, instead of the recipe's."""

    def run(self, model: Model, bench: Workbench, folder: Path) -> Outcome:
        if self.precision == "float16" and self.epochs:
            raise CompressionError("epochs: only int8 has a quantisation-aware training")
        self._require_known_layers(model)
        trained = bench.finetune(
            model,
            folder / "training",
            self.epochs,
            FakeQuantisation(self.int4_layers),
            self.learning_rate,
            keep_start=False,
        )
        weights, float_file = folder / "float32.safetensors", folder / FLOAT
        trained.save(weights)
        gate = pass_gates(trained, weights, float_file, bench)
        size_px = trained.architecture.input_size_px
        inputs = [
            {"images": network_input(to_8bit_view(counts), size_px)}
            for counts in bench.calibration_frames(self.frames)
        ]
        if self.precision == "float16":
            deploy(float_file, folder / FLOAT16, "float16", None)
            figures = _figures(gate.map_onnx, float_file, folder / FLOAT16, inputs)
            return Outcome(trained, deployed=folder / FLOAT16, figures=figures)
        calibration = calibrate(float_file, inputs, self.calibration)
        spared = self._float_nodes(calibration)
        write_quantised(calibration, folder / CPU, "cpu", spared, self.int4_layers)
        write_quantised(calibration, folder / TENSORRT, "tensorrt", spared)
        rounded = quantised(calibration, "cpu", spared, self.int4_layers)
        errors = layer_errors(calibration, rounded, inputs[:ERROR_FRAMES])
        figures = _figures(gate.map_onnx, float_file, folder / CPU, inputs)
        figures["layer_errors_db"] = _as_rows(errors)
        figures["tensorrt_bytes"] = (folder / TENSORRT).stat().st_size
        worst = min(errors, key=lambda error: error.input_db, default=None)
        notes: tuple[str, ...] = ()
        if worst is not None:
            notes = (f"noisiest input: {worst.layer}, {worst.input_db:.1f} dB",)
        return Outcome(trained, deployed=folder / CPU, figures=figures, notes=notes)

    def _float_nodes(self, calibration: Calibration) -> list[str]:
        """The convolutions of float_layers."""
        return [
            node.name
            for node in calibration.model.graph.node
            if node.op_type == "Conv" and layer_of(node).startswith(self.float_layers)
        ]

    def _require_known_layers(self, model: Model) -> None:
        """Before any training. Raises CompressionError for a beginning that no layer has."""
        known = [
            f"{name}.weight"
            for name, module in model.network.named_modules()
            if isinstance(module, nn.Conv2d)
        ]
        for key in ("float_layers", "int4_layers"):
            for start in getattr(self, key):
                if not any(name.startswith(start) for name in known):
                    raise CompressionError(f"{key}: no convolution's name begins with {start}")


def _figures(
    map_float32: float, one: Path, other: Path, inputs: Sequence[dict[str, NDArray[np.float32]]]
) -> dict[str, Any]:
    difference = _difference(one, other, inputs[:ERROR_FRAMES])
    return {"map_float32": map_float32, "output_difference": difference}


def _as_rows(errors: Sequence[LayerError]) -> list[dict[str, Any]]:
    """Infinite values (nothing was lost) become null, which JSON has."""

    def rounded(value: float) -> float | None:
        return round(value, 1) if math.isfinite(value) else None

    return [
        {"layer": e.layer, "weight_db": rounded(e.weight_db), "input_db": rounded(e.input_db)}
        for e in errors
    ]


def _difference(one: Path, other: Path, inputs: Sequence[dict[str, NDArray[np.float32]]]) -> float:
    """Largest absolute difference of any output of two files."""
    first, second = OnnxRuntimeBackend(one), OnnxRuntimeBackend(other)
    return max(
        float(np.abs(first.run(dict(tensors))[name] - values).max())
        for tensors in inputs
        for name, values in second.run(dict(tensors)).items()
    )
