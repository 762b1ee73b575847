"""The order in which an engine's session uses TensorRT and CUDA, on recording fakes of both."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

try:
    from thermoscout_core.detection.engines import engine_session
    from thermoscout_core.detection.engines.library import trt
except ModuleNotFoundError:
    pytest.skip("no TensorRT: pip install 'thermoscout[tensorrt-rtx]'", allow_module_level=True)

from thermoscout_core.detection.engines.cuda.base import Buffer
from thermoscout_core.detection.engines.cuda.graphs import Graphs
from thermoscout_core.errors import EngineError

SHAPES = {"images": (-1, 3, 4, 4), "boxes": (-1, 5, 4), "scores": (-1, 5, 3)}


class RecordingDevice:
    """Fake of engines.cuda.base.Device."""

    name, compute_capability, is_integrated, stream = "Fake", "8.7", False, 77

    def __init__(self, calls: list[str], *, graphs: bool = True) -> None:
        self.calls = calls
        self.graphs = graphs

    @contextmanager
    def active(self) -> Iterator[None]:
        self.calls.append("push")
        yield
        self.calls.append("pop")

    def buffer(self, shape: tuple[int, ...], dtype: np.dtype) -> Buffer:
        self.calls.append(f"buffer {shape}")
        return Buffer(np.zeros(shape, dtype), len(self.calls), None)

    def upload(self, buffer: Buffer) -> None:
        self.calls.append(f"upload {buffer.host.shape}")

    def download(self, buffer: Buffer) -> None:
        self.calls.append(f"download {buffer.host.shape}")

    def synchronise(self) -> None:
        self.calls.append("synchronise")

    def capture(self, work: Any) -> Any:
        self.calls.append("capture")
        work()
        return (lambda: self.calls.append("launch")) if self.graphs else None

    def free_memory(self) -> tuple[int, int]:
        return 100 << 20, 4000 << 20

    def close(self) -> None:
        self.calls.append("device closed")


class RecordingContext:
    """Fake of trt.IExecutionContext."""

    def __init__(self, calls: list[str]) -> None:
        self.calls = calls
        self.batch = 0
        self.addresses: dict[str, int] = {}
        self.succeeds = True

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        self.batch = shape[0]
        return True

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return (self.batch, *SHAPES[name][1:])

    def set_tensor_address(self, name: str, address: int) -> bool:
        self.addresses[name] = address
        return True

    def execute_async_v3(self, stream: int) -> bool:
        self.calls.append(f"execute on {stream}")
        return self.succeeds


class RecordingEngine:
    """Fake of trt.ICudaEngine; memory False gives no execution context."""

    num_io_tensors = 3

    def __init__(self, calls: list[str], *, memory: bool = True) -> None:
        self.context = RecordingContext(calls) if memory else None

    def get_tensor_name(self, index: int) -> str:
        return ("boxes", "images", "scores")[index]

    def get_tensor_mode(self, name: str) -> Any:
        return trt.TensorIOMode.INPUT if name == "images" else trt.TensorIOMode.OUTPUT

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return SHAPES[name]

    def get_tensor_dtype(self, name: str) -> Any:
        return trt.DataType.FLOAT

    def create_execution_context(self) -> RecordingContext | None:
        return self.context


@pytest.fixture
def calls() -> list[str]:
    return []


def give(monkeypatch: pytest.MonkeyPatch, engine: RecordingEngine | None) -> None:
    """Let TensorRT load engine, or nothing."""

    class Runtime:
        def __init__(self, logger: Any) -> None: ...

        def deserialize_cuda_engine(self, plan: bytes) -> RecordingEngine | None:
            return engine

    fake = SimpleNamespace(Runtime=Runtime, TensorIOMode=trt.TensorIOMode, nptype=trt.nptype)
    monkeypatch.setattr(engine_session, "trt", fake)


IMAGES = {"images": np.ones((1, 3, 4, 4), np.float32)}
ONE_RUN = [
    "upload (1, 3, 4, 4)",
    "execute on 77",
    "download (1, 5, 4)",
    "download (1, 5, 3)",
]


def test_everything_is_allocated_and_recorded_before_the_first_frame(
    calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = RecordingEngine(calls)
    give(monkeypatch, engine)
    session = engine_session.EngineSession(b"plan", RecordingDevice(calls))
    buffers = ["buffer (1, 3, 4, 4)", "buffer (1, 5, 4)", "buffer (1, 5, 3)"]
    assert calls == ["push", *buffers, *ONE_RUN, "synchronise", "capture", *ONE_RUN, "pop"]
    assert engine.context is not None and set(engine.context.addresses) == set(SHAPES)
    assert session.name == "Fake (compute capability 8.7, CUDA graph)"


def test_a_frame_is_one_launch_into_the_same_memory(
    calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    give(monkeypatch, RecordingEngine(calls))
    session = engine_session.EngineSession(b"plan", RecordingDevice(calls))
    calls.clear()
    first, second = session.run(IMAGES), session.run(IMAGES)
    assert calls == ["push", "launch", "synchronise", "pop"] * 2
    assert first["boxes"] is second["boxes"] and set(first) == {"boxes", "scores"}


def test_without_graphs_the_same_is_queued_call_by_call(
    calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    give(monkeypatch, RecordingEngine(calls))
    session = engine_session.EngineSession(b"plan", RecordingDevice(calls, graphs=False))
    calls.clear()
    session.run(IMAGES)
    assert calls == ["push", *ONE_RUN, "synchronise", "pop"]
    assert "graph" not in session.name


def test_an_input_of_another_type_is_refused(
    calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    give(monkeypatch, RecordingEngine(calls))
    session = engine_session.EngineSession(b"plan", RecordingDevice(calls))
    with pytest.raises(TypeError):
        session.run({"images": IMAGES["images"].astype(np.float64)})


def test_a_run_that_tensorrt_refuses_is_an_error(
    calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = RecordingEngine(calls)
    give(monkeypatch, engine)
    session = engine_session.EngineSession(b"plan", RecordingDevice(calls, graphs=False))
    assert engine.context is not None
    engine.context.succeeds = False
    with pytest.raises(EngineError, match="TensorRT didn't run"):
        session.run(IMAGES)


def test_closing_lets_the_device_go_last(
    calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    give(monkeypatch, RecordingEngine(calls))
    session = engine_session.EngineSession(b"plan", RecordingDevice(calls))
    calls.clear()
    session.close()
    assert calls == ["push", "pop", "device closed"]


def test_too_little_memory_is_told_in_figures(
    calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    give(monkeypatch, RecordingEngine(calls, memory=False))
    with pytest.raises(EngineError, match=r"not enough memory on Fake.*100 of 4000 MiB are free"):
        engine_session.EngineSession(b"plan", RecordingDevice(calls))


def test_a_plan_that_tensorrt_cannot_load_is_an_error(
    calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    give(monkeypatch, None)
    with pytest.raises(EngineError, match="can't load the engine"):
        engine_session.EngineSession(b"no plan", RecordingDevice(calls))


class RecordingDriver:
    """Fake of libcuda's graph functions; refuses: the one that fails."""

    def __init__(self, refuses: str = "") -> None:
        self.refuses = refuses
        self.calls: list[str] = []

    def __getattr__(self, function: str) -> Any:
        def call(*arguments: Any) -> int:
            self.calls.append(function)
            if function == "cuStreamEndCapture":
                arguments[1]._obj.value = 5
            return 1 if function == self.refuses else 0

        return call


def test_a_graph_is_captured_launched_and_freed() -> None:
    driver = RecordingDriver()
    graphs = Graphs(driver)  # type: ignore[arg-type]
    launch = graphs.capture(77, lambda: driver.calls.append("work"))
    assert launch is not None
    launch()
    graphs.close()
    assert driver.calls == [
        "cuStreamBeginCapture_v2",
        "work",
        "cuStreamEndCapture",
        "cuGraphInstantiateWithFlags",
        "cuGraphDestroy",
        "cuGraphLaunch",
        "cuGraphExecDestroy",
    ]


@pytest.mark.parametrize(
    "refuses", ["cuStreamBeginCapture_v2", "cuStreamEndCapture", "cuGraphInstantiateWithFlags"]
)
def test_where_no_graph_can_be_had_there_is_none(refuses: str) -> None:
    assert Graphs(RecordingDriver(refuses)).capture(77, lambda: None) is None  # type: ignore[arg-type]


def test_a_launch_that_fails_is_an_error() -> None:
    launch = Graphs(RecordingDriver("cuGraphLaunch")).capture(77, lambda: None)  # type: ignore[arg-type]
    assert launch is not None
    with pytest.raises(EngineError, match="cuGraphLaunch gave CUDA error 1"):
        launch()
