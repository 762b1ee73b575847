"""CUDA graphs by the driver's own functions: PyCUDA has none, and any binding's stream will do."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

from thermoscout_core.detection.engines.cuda.libcuda import libcuda
from thermoscout_core.errors import EngineError

THREAD_LOCAL = 1
"""Capture mode: what other threads do with CUDA meanwhile is none of its business."""


class Graphs:
    """The graphs captured on one stream; close() frees them."""

    def __init__(self, driver: ctypes.CDLL | None = None) -> None:
        self._driver = driver if driver is not None else libcuda()
        self._instances: list[ctypes.c_void_p] = []

    def capture(self, stream: int, work: Callable[[], None]) -> Callable[[], None] | None:
        """The graph of what work queues on stream, as a call that launches it; None when the
        driver or the work doesn't allow it."""
        handle = ctypes.c_void_p(stream)
        if self._driver.cuStreamBeginCapture_v2(handle, THREAD_LOCAL) != 0:
            return None
        graph = ctypes.c_void_p()
        refused = False
        try:
            work()
        except EngineError:
            refused = True
        finally:
            ended = self._driver.cuStreamEndCapture(handle, ctypes.byref(graph))
        if refused or ended != 0 or not graph.value:
            return None
        instance = ctypes.c_void_p()
        flags = ctypes.c_ulonglong(0)
        made = self._driver.cuGraphInstantiateWithFlags(ctypes.byref(instance), graph, flags)
        self._driver.cuGraphDestroy(graph)
        if made != 0:
            return None
        self._instances.append(instance)
        launch_graph = self._driver.cuGraphLaunch

        def launch() -> None:
            status = launch_graph(instance, handle)
            if status != 0:
                raise EngineError(f"the GPU failed: cuGraphLaunch gave CUDA error {status}")

        return launch

    def close(self) -> None:
        for instance in self._instances:
            self._driver.cuGraphExecDestroy(instance)
        self._instances.clear()
