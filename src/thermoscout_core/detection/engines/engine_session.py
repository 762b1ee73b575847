"""A loaded engine with its memory: made, run and closed in one thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from thermoscout_core.detection.backends.base import Tensor
from thermoscout_core.detection.engines.cuda.base import Buffer, Device
from thermoscout_core.detection.engines.library import trt
from thermoscout_core.detection.engines.logging import EngineLogger
from thermoscout_core.detection.engines.options import MIB
from thermoscout_core.errors import EngineError


class EngineSession:
    """One frame at a time through an engine: everything is allocated here, nothing by run().

    A run copies the frame into page-locked memory and launches one CUDA graph: copy to the GPU,
    the network, copies back. Where a graph can't be recorded the same is queued call by call.
    """

    def __init__(self, plan: bytes, device: Device, dla_core: int | None = None) -> None:
        """Raises EngineError when TensorRT can't load the plan or its memory doesn't suffice."""
        self._device = device
        self._logger = EngineLogger()
        self._inputs: dict[str, Buffer] = {}
        self._outputs: dict[str, Buffer] = {}
        with device.active():
            self._load(plan, dla_core)
            self._allocate()
            # The first run sets up what may not happen while a graph is recorded.
            self._queue()
            device.synchronise()
            launch = device.capture(self._queue)
        self._results = {name: buffer.host for name, buffer in self._outputs.items()}
        self._launch: Callable[[], None] = self._queue if launch is None else launch
        graph = "" if launch is None else ", CUDA graph"
        self.name = f"{device.name} (compute capability {device.compute_capability}{graph})"

    def run(self, tensors: Mapping[str, Tensor]) -> dict[str, Any]:
        for name, buffer in self._inputs.items():
            np.copyto(buffer.host, tensors[name], casting="no")
        try:
            with self._device.active():
                self._launch()
                self._device.synchronise()
        except EngineError:
            raise
        except Exception as error:  # a binding's own error: the GPU is lost or out of memory
            raise EngineError(f"{self.name} failed: {error}") from error
        return self._results

    def close(self) -> None:
        """Free everything in the order that TensorRT asks for, the context last."""
        self._launch = self._queue
        try:
            with self._device.active():
                for attribute in ("_context", "_engine", "_runtime"):
                    delattr(self, attribute)
        finally:
            self._results.clear()
            self._inputs.clear()
            self._outputs.clear()
            self._device.close()

    def _load(self, plan: bytes, dla_core: int | None) -> None:
        self._runtime = trt.Runtime(self._logger)
        if dla_core is not None:
            self._runtime.DLA_core = dla_core
        engine = self._runtime.deserialize_cuda_engine(plan)
        if engine is None:
            raise EngineError(f"TensorRT can't load the engine: {self._logger.why()}")
        self._engine = engine
        context = engine.create_execution_context()
        if context is None:
            free, total = self._device.free_memory()
            raise EngineError(
                f"not enough memory on {self._device.name} for the engine: {free // MIB} of "
                f"{total // MIB} MiB are free; end other programs that use the GPU, or build it "
                f"with a smaller batch: {self._logger.why()}"
            )
        self._context = context

    def _allocate(self) -> None:
        """Page-locked memory for every tensor, for one frame where the batch is free."""
        names = [
            self._engine.get_tensor_name(index) for index in range(self._engine.num_io_tensors)
        ]
        is_input = {
            name: self._engine.get_tensor_mode(name) == trt.TensorIOMode.INPUT for name in names
        }
        for name in sorted(names, key=lambda name: not is_input[name]):
            if is_input[name]:
                free = self._engine.get_tensor_shape(name)
                shape = tuple(1 if free[side] == -1 else free[side] for side in range(len(free)))
                self._context.set_input_shape(name, shape)
            found = self._context.get_tensor_shape(name)
            sides = tuple(found[side] for side in range(len(found)))
            data_type = self._engine.get_tensor_dtype(name)
            dtype = np.dtype(trt.nptype(data_type))  # type: ignore[no-untyped-call]
            buffer = self._device.buffer(sides, dtype)
            (self._inputs if is_input[name] else self._outputs)[name] = buffer
            self._context.set_tensor_address(name, buffer.address)

    def _queue(self) -> None:
        for buffer in self._inputs.values():
            self._device.upload(buffer)
        if not self._context.execute_async_v3(self._device.stream):
            raise EngineError(f"TensorRT didn't run: {self._logger.why()}")
        for buffer in self._outputs.values():
            self._device.download(buffer)
