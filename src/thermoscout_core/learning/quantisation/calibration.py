"""Ranges of a network's tensors over frames: what its int8 files are scaled by."""

from __future__ import annotations

import io
import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod
from onnxruntime.quantization.calibrate import TensorsData, create_calibrator
from onnxruntime.quantization.shape_inference import quant_pre_process

from thermoscout_core.errors import ConfigurationError, ModelError

OPERATORS = ["Conv", "Clip", "Relu", "LeakyRelu", "MaxPool"]
"""Convolutions and what runs into them; decoding and softmax stay in float32."""

METHODS = {
    "minmax": CalibrationMethod.MinMax,
    "entropy": CalibrationMethod.Entropy,
    "percentile": CalibrationMethod.Percentile,
}
"""minmax takes the extremes, entropy what loses least information, percentile 99.999 %."""

FRAMES_AT_ONCE = 8
"""More would hold the activations of as many frames in memory."""

Inputs = Sequence[Mapping[str, NDArray[Any]]]
"""Tensors by name, one frame each."""


@dataclass(frozen=True)
class Calibration:
    """model: the float32 network, its shapes inferred. ranges: of its tensors over frames.
    method: one of METHODS. frames: how many there were."""

    model: onnx.ModelProto
    ranges: TensorsData
    method: str
    frames: int


class Frames(CalibrationDataReader):  # type: ignore[misc]
    """The frames in the shape in which ONNX Runtime's tools take them."""

    def __init__(self, inputs: Inputs) -> None:
        self._inputs = iter(inputs)

    def get_next(self) -> Mapping[str, NDArray[Any]] | None:
        return next(self._inputs, None)


def calibrate(path: Path, inputs: Inputs, method: str = "minmax") -> Calibration:
    """Run the float32 file over inputs and keep the ranges of its tensors.

    Raises ConfigurationError for an unknown method or no inputs, ModelError for a file that
    ONNX Runtime can't read.
    """
    if method not in METHODS:
        raise ConfigurationError(
            f"calibration '{method}' is unknown; there are {', '.join(METHODS)}"
        )
    if not inputs:
        raise ConfigurationError(f"{path}: calibration needs at least one frame")
    with tempfile.TemporaryDirectory() as folder, quiet():
        inferred = Path(folder) / "inferred.onnx"
        try:
            quant_pre_process(str(path), str(inferred), skip_symbolic_shape=True)
        except Exception as error:  # ONNX Runtime's exceptions share no public base class
            raise ModelError(f"{path}: can't be prepared for quantisation: {error}") from error
        calibrator = create_calibrator(
            inferred,
            OPERATORS,
            augmented_model_path=str(Path(folder) / "augmented.onnx"),
            calibrate_method=METHODS[method],
        )
        for start in range(0, len(inputs), FRAMES_AT_ONCE):
            calibrator.collect_data(Frames(inputs[start : start + FRAMES_AT_ONCE]))
        return Calibration(
            onnx.load(str(inferred)), calibrator.compute_data(), method, len(inputs)
        )


@contextmanager
def quiet() -> Iterator[None]:
    """onnxruntime's tools print, and advise through the root logger; here only its errors pass."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        root.setLevel(level)
