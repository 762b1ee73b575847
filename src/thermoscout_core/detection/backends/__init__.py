"""Runtimes that execute a detector's ONNX file, one file each."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from thermoscout_core.detection.backends.base import Backend
from thermoscout_core.errors import ConfigurationError

BACKENDS = {"onnxruntime": "OnnxRuntimeBackend", "openvino": "OpenVinoBackend"}
"""Runtime -> its class, in the module of the runtime's name."""

DEFAULT_RUNTIME = "onnxruntime"


def load_backend(runtime: str, path: Path, threads: int = 2) -> Backend:
    """A model file in one of BACKENDS.

    Raises ConfigurationError for an unknown runtime or one that isn't installed, ModelError for a
    missing or foreign file.
    """
    if runtime not in BACKENDS:
        raise ConfigurationError(
            f"runtime '{runtime}' is unknown; there are {', '.join(sorted(BACKENDS))}"
        )
    try:
        module = import_module(f"{__name__}.{runtime}")
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"runtime '{runtime}' isn't installed: pip install 'thermoscout[{runtime}]'"
        ) from error
    backend: Backend = getattr(module, BACKENDS[runtime])(path, threads)
    return backend
