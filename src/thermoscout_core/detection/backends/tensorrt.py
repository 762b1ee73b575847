"""TensorRT: the engine of an ONNX file on an NVIDIA GPU (docs/jetson_tensorrt.md)."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from thermoscout_core.detection.backends.base import Tensor
from thermoscout_core.detection.engines.opening import OpenedEngine, Opener, open_engine
from thermoscout_core.errors import EngineError

LOGGER = logging.getLogger("thermoscout.tensorrt")

RETRY_S = 2.0
"""After a failure, time until the engine is loaded again."""


class TensorRtBackend:
    """The engine of an ONNX file; see backends.base.Backend.

    Whoever calls, one thread of its own does everything with CUDA: it makes the context, enters it
    for each frame and lets it go. Contexts belong to threads, and engines that change threads are
    how such nodes crash. After a failure of the GPU the engine is let go, and loaded anew by the
    first run after RETRY_S. An engine is never built here: that takes minutes, and a robot that
    starts has none to spare.
    """

    settings: frozenset[str] = frozenset()

    def __init__(
        self,
        path: Path,
        threads: int = 2,
        *,
        opener: Opener = open_engine,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """threads: of the CPU, of which an engine needs none. opener: for tests.

        Raises ModelError when the file is missing, EngineError when it has no engine for this
        machine, naming what changed and how to build one, or the engine fails its self-test.
        """
        self._path = path
        self._opener = opener
        self._clock = clock
        self._failed_s: float | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tensorrt")
        try:
            self._engine: OpenedEngine | None = self._thread.submit(opener, path).result()
        except BaseException:
            self._thread.shutdown()
            raise
        assert self._engine is not None
        self.name = self._engine.name
        self.metadata = self._engine.metadata
        self.inputs = self._engine.inputs
        self.outputs = self._engine.outputs

    def run(self, tensors: Mapping[str, Tensor]) -> dict[str, Any]:
        """Raises EngineError when the GPU fails."""
        return self._thread.submit(self._run, tensors).result()

    def close(self) -> None:
        """Let engine, memory and context go, in their thread."""
        self._thread.submit(self._let_go).result()
        self._thread.shutdown()

    def _run(self, tensors: Mapping[str, Tensor]) -> dict[str, Any]:
        engine = self._engine if self._engine is not None else self._reopened()
        try:
            return engine.run(tensors)
        except EngineError:
            self._failed_s = self._clock()
            self._let_go()
            raise

    def _reopened(self) -> OpenedEngine:
        assert self._failed_s is not None
        if self._clock() - self._failed_s < RETRY_S:
            raise EngineError(
                f"{self.name} has failed; it is loaded again {RETRY_S:g} s after that. If it "
                "keeps failing, start the process again: a lost GPU takes its context with it"
            )
        try:
            self._engine = self._opener(self._path)
        except EngineError:
            self._failed_s = self._clock()
            raise
        return self._engine

    def _let_go(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            try:
                engine.close()
            except EngineError as error:  # a lost GPU frees nothing; the failure itself is raised
                LOGGER.warning("%s can't be let go in order: %s", self.name, error)
