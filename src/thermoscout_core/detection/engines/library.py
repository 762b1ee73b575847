"""The TensorRT that is installed: JetPack's or NVIDIA's ``tensorrt``, else TensorRT for RTX.

Import ``trt`` from here, and only where an engine is built or run: without TensorRT the import
raises ModuleNotFoundError. Types are those of TensorRT 10; what only one of the libraries has is
reached by getattr.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

__all__ = ["IS_RTX", "LIBRARY", "trt", "version"]

LIBRARY_VARIABLE = "THERMOSCOUT_TENSORRT"
"""Environment variable: take this library (one of LIBRARIES) where several are installed."""

LIBRARIES = {
    "tensorrt": ("tensorrt",),
    "tensorrt_rtx": ("tensorrt_rtx", "tensorrt_rtx_bindings"),
}
"""Library -> the modules that it may be imported by."""


def _find() -> tuple[str, Any]:
    asked = os.environ.get(LIBRARY_VARIABLE)
    for library, modules in LIBRARIES.items():
        if asked and library != asked:
            continue
        for name in modules:
            try:
                module = import_module(name)
            except ModuleNotFoundError:
                continue
            # Type stubs alone leave an empty package of that name.
            if hasattr(module, "Builder"):
                return library, module
    raise ModuleNotFoundError(f"no {asked or 'TensorRT'} is installed", name="tensorrt")


if TYPE_CHECKING:
    import tensorrt as trt

    LIBRARY: str
else:
    LIBRARY, trt = _find()

IS_RTX = LIBRARY == "tensorrt_rtx"


def version() -> str:
    """The version of the library, such as 10.3.0."""
    return str(trt.__version__)
