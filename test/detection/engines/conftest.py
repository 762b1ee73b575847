"""A recording fake of an engine: ONNX Runtime answers in its place, and every call is written down
with its thread. No GPU runs in these tests."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from thermoscout_core.detection.backends.onnxruntime import OnnxRuntimeBackend
from thermoscout_core.detection.detector import FLOAT32_MODEL
from thermoscout_core.detection.engines.cache import EngineRecord
from thermoscout_core.detection.engines.key import EngineKey, Environment
from thermoscout_core.detection.engines.opening import OpenedEngine
from thermoscout_core.resources import resource_path, sha256_of

ORIN = Environment(library="tensorrt", version="10.3.0", gpu="Orin", compute_capability="8.7")


class RecordingEngine:
    """Fake of engines.session.Session. answer: changes the outputs, or raises."""

    name = "a recording fake"

    def __init__(self, model: Path) -> None:
        self._backend = OnnxRuntimeBackend(model, 1, one_frame=True)
        self.calls: list[tuple[str, int]] = []
        self.answer: Callable[[dict[str, Any]], dict[str, Any]] = lambda outputs: outputs

    def run(self, tensors: Any) -> dict[str, Any]:
        self.calls.append(("run", threading.get_ident()))
        outputs = self._backend.run(tensors)
        return self.answer({name: np.array(values) for name, values in outputs.items()})

    def close(self) -> None:
        self.calls.append(("close", threading.get_ident()))


@pytest.fixture
def model() -> Path:
    return resource_path(FLOAT32_MODEL)


@pytest.fixture
def record(model: Path) -> EngineRecord:
    """Of an engine of the shipped detector that a Jetson Orin built."""
    backend = OnnxRuntimeBackend(model, 1)
    key = EngineKey(
        model_sha256=sha256_of(model),
        environment=ORIN,
        precision="float32",
        shapes={"images": ((1, 3, 300, 300),) * 3},
        flags=("workspace=1024MiB", "level=3"),
    )
    return EngineRecord(
        name=model.stem,
        key=key,
        plan_sha256="",
        plan_bytes=0,
        built="2026-11-21T12:00:00+00:00",
        build_s=1.0,
        convolutions={"Float": 47},
        metadata=backend.metadata,
        inputs=backend.inputs,
        outputs=backend.outputs,
    )


@pytest.fixture
def engine(model: Path) -> RecordingEngine:
    return RecordingEngine(model)


@pytest.fixture
def opened(record: EngineRecord, engine: RecordingEngine) -> OpenedEngine:
    return OpenedEngine(record, engine)
