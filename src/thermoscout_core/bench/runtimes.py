"""The runtimes that are compared, each behind one call."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from thermoscout_core.errors import ModelError

Tensors = dict[str, NDArray[Any]]
Outputs = dict[str, NDArray[Any]]
Infer = Callable[[Tensors], Outputs]


@dataclass(frozen=True)
class Runtime:
    """package: that must be installed. exact: it computes in float32, so its outputs must agree.
    file: which of a network's files it loads (float32, int8, or torch: a row to build)."""

    title: str
    package: str
    load: Callable[[Path, int], Infer]
    exact: bool = True
    file: str = "float32"


def _onnxruntime(path: Path, threads: int) -> Infer:
    from thermoscout_core.detection.backends.onnxruntime import OnnxRuntimeBackend

    backend = OnnxRuntimeBackend(path, threads)
    return backend.run


def _openvino(precision: str) -> Callable[[Path, int], Infer]:
    def load(path: Path, threads: int) -> Infer:
        from thermoscout_core.detection.backends.openvino import OpenVinoBackend

        return OpenVinoBackend(path, threads, precision=precision).run

    return load


def _tensorrt(path: Path, threads: int) -> Infer:
    """Built for this turn and not kept: the file is the bench's own."""
    from thermoscout_core.detection.engines.builder import build
    from thermoscout_core.detection.engines.cuda import open_device
    from thermoscout_core.detection.engines.engine_session import EngineSession
    from thermoscout_core.detection.engines.options import BuildOptions

    device = open_device()
    return EngineSession(build(path, BuildOptions()).plan, device).run


def _opencv(path: Path, threads: int) -> Infer:
    import cv2

    cv2.setNumThreads(threads)
    try:
        network = cv2.dnn.readNetFromONNX(str(path))
    except cv2.error as error:
        raise ModelError(f"{path}: OpenCV can't read it: {error}") from error
    names = network.getUnconnectedOutLayersNames()

    def infer(tensors: Tensors) -> Outputs:
        try:
            for name, values in tensors.items():
                network.setInput(values, name)
            return dict(zip(names, network.forward(names), strict=True))
        except cv2.error as error:
            raise ModelError(f"{path}: OpenCV can't run it: {error}") from error

    return infer


def _torch(path: Path, threads: int) -> Infer:
    from thermoscout_core.learning.bench_networks import torch_runner

    return torch_runner(path, threads)


RUNTIMES = {
    "torch": Runtime("torch", "torch", _torch, file="torch"),
    "onnxruntime": Runtime("ONNX Runtime", "onnxruntime", _onnxruntime),
    "onnxruntime-int8": Runtime(
        "ONNX Runtime int8", "onnxruntime", _onnxruntime, exact=False, file="int8"
    ),
    "opencv": Runtime("OpenCV DNN", "cv2", _opencv),
    "tensorrt": Runtime("TensorRT", "tensorrt", _tensorrt),
    "openvino": Runtime("OpenVINO", "openvino", _openvino("f32")),
    "openvino-bf16": Runtime("OpenVINO bf16", "openvino", _openvino("bf16"), exact=False),
}
DEFAULT_RUNTIMES = ("torch", "onnxruntime", "onnxruntime-int8", "opencv", "openvino")


def is_installed(name: str) -> bool:
    return importlib.util.find_spec(RUNTIMES[name].package) is not None
