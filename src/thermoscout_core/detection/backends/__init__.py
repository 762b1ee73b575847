"""Runtimes that execute a detector's ONNX file, one file each."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from thermoscout_core.detection.backends.base import Backend
from thermoscout_core.errors import ConfigurationError, EngineError

LOGGER = logging.getLogger("thermoscout.detection")


@dataclass(frozen=True)
class Runtime:
    """module, class_name: of the backend. install: what brings it. options: for its class."""

    module: str
    class_name: str
    install: str
    options: dict[str, Any] = field(default_factory=dict)


BACKENDS = {
    "onnxruntime": Runtime(
        "onnxruntime", "OnnxRuntimeBackend", "pip install onnxruntime", {"one_frame": True}
    ),
    "onnxruntime-cuda": Runtime(
        "onnxruntime",
        "OnnxRuntimeBackend",
        "pip install onnxruntime-gpu",
        {"provider": "CUDA", "one_frame": True},
    ),
    "onnxruntime-tensorrt": Runtime(
        "onnxruntime",
        "OnnxRuntimeBackend",
        "pip install onnxruntime-gpu",
        {"provider": "TensorRT", "one_frame": True},
    ),
    "openvino": Runtime("openvino", "OpenVinoBackend", "pip install 'thermoscout[openvino]'"),
    "tensorrt": Runtime(
        "tensorrt",
        "TensorRtBackend",
        "on a Jetson sudo apt install python3-libnvinfer, elsewhere pip install tensorrt or "
        "tensorrt-rtx",
    ),
}
"""What a detector can run in."""

DEFAULT_RUNTIME = "onnxruntime"


def load_backend(runtime: str, path: Path, threads: int = 2) -> Backend:
    """A model file in one of BACKENDS.

    Raises ConfigurationError for an unknown runtime or one that isn't installed, ModelError for a
    missing or foreign file, EngineError (a ModelError) when there is no engine that fits.
    """
    wanted = _known(runtime)
    try:
        module = import_module(f"{__name__}.{wanted.module}")
        backend: Backend = getattr(module, wanted.class_name)(path, threads, **wanted.options)
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"runtime '{runtime}' isn't installed: {wanted.install}"
        ) from error
    return backend


def load_first(
    runtimes: Sequence[str], path: Path, threads: int = 2
) -> tuple[Backend, tuple[str, ...]]:
    """The first of runtimes that loads the file, and why the ones before it don't.

    Only a runtime that isn't there or has no engine gives way to the next; a missing or foreign
    file is an error in all. Each that gives way is logged as a warning. Raises what the last one
    raises.
    """
    reasons: list[str] = []
    for runtime in runtimes:
        _known(runtime)
    for runtime in runtimes[:-1]:
        try:
            return load_backend(runtime, path, threads), tuple(reasons)
        except (ConfigurationError, EngineError) as error:
            reasons.append(f"{runtime}: {error}")
            LOGGER.warning("%s doesn't run the detector: %s", runtime, error)
    return load_backend(runtimes[-1], path, threads), tuple(reasons)


def _known(runtime: str) -> Runtime:
    if runtime not in BACKENDS:
        raise ConfigurationError(
            f"runtime '{runtime}' is unknown; there are {', '.join(sorted(BACKENDS))}"
        )
    return BACKENDS[runtime]
