"""NVIDIA's driver by its own functions, for what PyCUDA hasn't or doesn't do."""

from __future__ import annotations

import ctypes
from functools import lru_cache


@lru_cache(maxsize=1)
def libcuda() -> ctypes.CDLL:
    """The driver's library. Raises OSError where there is none."""
    return ctypes.CDLL("libcuda.so.1")


def current_context() -> int:
    """Handle of the context on top of this thread's stack, 0 for none."""
    context = ctypes.c_void_p()
    libcuda().cuCtxGetCurrent(ctypes.byref(context))
    return context.value or 0


def pop_context() -> None:
    """Take the top context off this thread's stack."""
    libcuda().cuCtxPopCurrent_v2(ctypes.byref(ctypes.c_void_p()))
