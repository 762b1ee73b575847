"""The GPU by NVIDIA's cuda-python, where PyCUDA can't be installed (pip install cuda-python)."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from cuda.bindings import driver
from numpy.typing import NDArray

from thermoscout_core.detection.engines.cuda.base import Buffer
from thermoscout_core.detection.engines.cuda.graphs import Graphs
from thermoscout_core.errors import EngineError


class CudaPythonDevice:
    """See engines.cuda.base.Device; the primary context, retained, as with PyCUDA."""

    def __init__(self, index: int = 0) -> None:
        what = "the GPU can't be opened"
        try:
            _checked(what, driver.cuInit(0))
        except RuntimeError as error:  # the binding's own, where NVIDIA's driver is missing
            raise EngineError(f"{what}: {error}") from error
        self._device = _checked(what, driver.cuDeviceGet(index))
        name = _checked(what, driver.cuDeviceGetName(128, self._device))
        self.name: str = name.split(b"\0")[0].decode()  # the binding hands out all 128 bytes
        attributes = driver.CUdevice_attribute
        major, minor, integrated = (
            int(_checked(what, driver.cuDeviceGetAttribute(attribute, self._device)))
            for attribute in (
                attributes.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
                attributes.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
                attributes.CU_DEVICE_ATTRIBUTE_INTEGRATED,
            )
        )
        self.compute_capability = f"{major}.{minor}"
        self.is_integrated = bool(integrated)
        self._is_open = True
        self._context = _checked(what, driver.cuDevicePrimaryCtxRetain(self._device))
        with self.active():
            self._stream = _checked(what, driver.cuStreamCreate(0))
        self.stream = int(self._stream)
        self._graphs: Graphs | None = None
        self._hosts: list[int] = []
        self._memories: list[int] = []

    @contextmanager
    def active(self) -> Iterator[None]:
        _checked("the GPU's context can't be entered", driver.cuCtxPushCurrent(self._context))
        try:
            yield
        finally:
            driver.cuCtxPopCurrent()

    def buffer(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Buffer:
        what = f"no memory for {shape} of {dtype}"
        size = max(math.prod(shape) * dtype.itemsize, 1)
        if not self.is_integrated:  # the GPU's first: it has less to give
            address = int(_checked(what, driver.cuMemAlloc(size)))
            self._memories.append(address)
        flags = driver.CU_MEMHOSTALLOC_DEVICEMAP if self.is_integrated else 0
        host_address = int(_checked(what, driver.cuMemHostAlloc(size, flags)))
        self._hosts.append(host_address)
        if self.is_integrated:
            address = int(_checked(what, driver.cuMemHostGetDevicePointer(host_address, 0)))
        memory = (ctypes.c_ubyte * size).from_address(host_address)
        ctypes.memset(memory, 0, size)
        host: NDArray[Any] = np.ndarray(shape, dtype, memoryview(memory))
        return Buffer(host, address, memory)

    def upload(self, buffer: Buffer) -> None:
        if not self.is_integrated:
            host = buffer.host
            copied = driver.cuMemcpyHtoDAsync(
                buffer.address, host.ctypes.data, host.nbytes, self._stream
            )
            _checked("a copy to the GPU failed", copied)

    def download(self, buffer: Buffer) -> None:
        if not self.is_integrated:
            host = buffer.host
            copied = driver.cuMemcpyDtoHAsync(
                host.ctypes.data, buffer.address, host.nbytes, self._stream
            )
            _checked("a copy from the GPU failed", copied)

    def synchronise(self) -> None:
        _checked("the GPU failed", driver.cuStreamSynchronize(self._stream))

    def capture(self, work: Callable[[], None]) -> Callable[[], None] | None:
        if self._graphs is None:
            self._graphs = Graphs()
        return self._graphs.capture(self.stream, work)

    def free_memory(self) -> tuple[int, int]:
        free, total = _checked("the GPU's memory isn't told", driver.cuMemGetInfo())
        return int(free), int(total)

    def close(self) -> None:
        """Errors of freeing are passed over: after a lost device every call gives one."""
        if not self._is_open:
            return
        self._is_open = False
        try:
            with self.active():
                if self._graphs is not None:
                    self._graphs.close()
                for address in self._memories:
                    driver.cuMemFree(address)
                for address in self._hosts:
                    driver.cuMemFreeHost(address)
                driver.cuStreamDestroy(self._stream)
        finally:
            driver.cuDevicePrimaryCtxRelease(self._device)


def _checked(what: str, answer: tuple[Any, ...]) -> Any:
    """What the driver returned beside its status. Raises EngineError unless that is success."""
    status, *values = answer
    if status != driver.CUresult.CUDA_SUCCESS:
        raise EngineError(f"{what}: {status.name}")
    return values[0] if len(values) == 1 else tuple(values)
