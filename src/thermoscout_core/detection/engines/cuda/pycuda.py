"""The GPU by PyCUDA (pip install 'thermoscout[jetson]')."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pycuda.driver as cuda

from thermoscout_core.detection.engines.cuda.base import Buffer
from thermoscout_core.detection.engines.cuda.graphs import Graphs
from thermoscout_core.detection.engines.cuda.libcuda import current_context, pop_context
from thermoscout_core.errors import EngineError


class PyCudaDevice:
    """See engines.cuda.base.Device.

    The context is the device's primary one, retained: TensorRT's own calls, torch and ONNX
    Runtime in the same process use it too, and a second context would cost a Jetson hundreds of
    MiB.
    """

    def __init__(self, index: int = 0) -> None:
        with _reported("the GPU can't be opened"):
            cuda.init()
            device = cuda.Device(index)
            self.name: str = device.name()
            self.compute_capability = "{}.{}".format(*device.compute_capability())
            attribute = cuda.device_attribute.INTEGRATED
            self.is_integrated = bool(device.get_attribute(attribute))
            self._context = device.retain_primary_context()
        self._buffers: list[Buffer] = []
        self._graphs: Graphs | None = None
        with self.active():
            self._stream = cuda.Stream()
        self.stream: int = self._stream.handle

    @contextmanager
    def active(self) -> Iterator[None]:
        with _reported("the GPU's context can't be entered"):
            self._context.push()
        try:
            yield
        finally:
            self._context.pop()

    def buffer(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Buffer:
        with _reported(f"no memory for {shape} of {dtype}"):
            if self.is_integrated:
                # One memory for both. Unlike managed memory, the CPU may touch it while the GPU
                # works, and nothing migrates.
                flags = cuda.host_alloc_flags.DEVICEMAP
                host = cuda.pagelocked_zeros(shape, dtype, mem_flags=flags)
                buffer = Buffer(host, int(host.base.get_device_pointer()), host.base)
            else:
                # The GPU's first: it has less to give.
                memory = cuda.mem_alloc(max(math.prod(shape) * dtype.itemsize, 1))
                host = cuda.pagelocked_zeros(shape, dtype)
                buffer = Buffer(host, int(memory), memory)
        self._buffers.append(buffer)
        return buffer

    def upload(self, buffer: Buffer) -> None:
        if not self.is_integrated:
            with _reported("a copy to the GPU failed"):
                cuda.memcpy_htod_async(buffer.address, buffer.host, self._stream)

    def download(self, buffer: Buffer) -> None:
        if not self.is_integrated:
            with _reported("a copy from the GPU failed"):
                cuda.memcpy_dtoh_async(buffer.host, buffer.address, self._stream)

    def synchronise(self) -> None:
        with _reported("the GPU failed"):
            self._stream.synchronize()

    def capture(self, work: Callable[[], None]) -> Callable[[], None] | None:
        if self._graphs is None:
            self._graphs = Graphs()
        with _reported("a graph can't be recorded"):
            return self._graphs.capture(self.stream, work)

    def free_memory(self) -> tuple[int, int]:
        with _reported("the GPU's memory isn't told"):
            free, total = cuda.mem_get_info()
        return int(free), int(total)

    def close(self) -> None:
        if self._context is None:
            return
        try:
            with self.active():
                if self._graphs is not None:
                    self._graphs.close()
                self._buffers.clear()
                del self._stream
        finally:
            self._detach()

    def _detach(self) -> None:
        """PyCUDA 2026.1 enters a primary context to detach it and doesn't leave it again: the
        thread would go on with a context that is gone."""
        context, self._context = self._context, None
        before = current_context()
        context.detach()
        if current_context() != before:
            pop_context()


@contextmanager
def _reported(what: str) -> Iterator[None]:
    try:
        yield
    except (cuda.Error, MemoryError, OSError) as error:
        raise EngineError(f"{what}: {error}") from error
