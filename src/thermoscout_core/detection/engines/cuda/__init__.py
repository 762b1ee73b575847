"""A CUDA device behind PyCUDA or, where that can't be installed, cuda-python.

Nothing here happens on import: no context is made, none is left behind.
"""

from __future__ import annotations

from importlib import import_module

from thermoscout_core.detection.engines.cuda.base import Device
from thermoscout_core.errors import ConfigurationError, EngineError

DEVICES = {"pycuda": "PyCudaDevice", "cuda_python": "CudaPythonDevice"}
"""Binding -> its class, in the module of the binding's name; tried in this order."""


def open_device(index: int = 0, binding: str | None = None) -> Device:
    """The GPU of that number, for the calling thread.

    binding: one of DEVICES, None for the first that is installed. Raises ConfigurationError when
    none is, EngineError when there is no such GPU.
    """
    for name in DEVICES if binding is None else (binding,):
        try:
            module = import_module(f"{__name__}.{name}")
        except ModuleNotFoundError:
            continue
        except ImportError as error:
            raise EngineError(f"{name} doesn't load, so there is no GPU: {error}") from error
        device: Device = getattr(module, DEVICES[name])(index)
        return device
    raise ConfigurationError(
        "TensorRT needs PyCUDA or cuda-python: pip install 'thermoscout[jetson]', or "
        "pip install cuda-python"
    )
