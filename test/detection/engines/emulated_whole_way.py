"""From a frame to detections through the real bindings on the emulated driver.

TensorRT is a stand-in that queues one host function, in which ONNX Runtime computes on the
emulated GPU's memory; thread, context, memory, copies, graph and stream are the real code. Run by
test_emulated_driver.py, with the emulated libcuda in the place of NVIDIA's.
"""

import ctypes
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

try:
    from thermoscout_core.detection.engines import engine_session
    from thermoscout_core.detection.engines.library import trt
except ModuleNotFoundError:
    pytest.skip("no TensorRT: pip install 'thermoscout[tensorrt-rtx]'", allow_module_level=True)

from thermoscout_core.detection.backends.onnxruntime import OnnxRuntimeBackend
from thermoscout_core.detection.backends.tensorrt import RETRY_S, TensorRtBackend
from thermoscout_core.detection.detector import Detector
from thermoscout_core.detection.engines.cache import EngineRecord
from thermoscout_core.detection.engines.cuda import DEVICES, open_device
from thermoscout_core.detection.engines.cuda.libcuda import libcuda
from thermoscout_core.detection.engines.opening import OpenedEngine
from thermoscout_core.detection.postprocess import Selection
from thermoscout_core.errors import ConfigurationError, EngineError
from thermoscout_core.simulation.dataset import example_frames

MEMORY_BYTES = 256 << 20
LOST = 719
"""CUDA_ERROR_LAUNCH_FAILED"""


@pytest.fixture
def driver() -> Iterator[ctypes.CDLL]:
    try:
        emulated = libcuda()
    except OSError:
        pytest.skip("no libcuda; test_emulated_driver.py runs this with an emulated one")
    if not hasattr(emulated, "emulated_held"):
        pytest.skip("libcuda is NVIDIA's; test/gpu is for that")
    emulated.emulated_memory.restype = ctypes.c_void_p
    emulated.emulated_memory.argtypes = [ctypes.c_size_t]
    emulated.emulated_set_memory.argtypes = [ctypes.c_size_t]
    yield emulated
    emulated.emulated_fail(0)
    emulated.emulated_set_memory(MEMORY_BYTES)
    emulated.emulated_set_integrated(0)


class OnnxRuntimeOnTheGpu:
    """Stand-in for trt.ICudaEngine and its context: a network as a kernel."""

    def __init__(self, model: Path, driver: ctypes.CDLL) -> None:
        self._network = OnnxRuntimeBackend(model, 1, one_frame=True)
        self._driver = driver
        example = {
            name: np.zeros(shape, np.float32) for name, shape in self._network.inputs.items()
        }
        self._arrays = {**example, **self._network.run(example)}
        self._addresses: dict[str, int] = {}
        self._kernel = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self._compute)
        self.num_io_tensors = len(self._arrays)

    def get_tensor_name(self, index: int) -> str:
        return list(self._arrays)[index]

    def get_tensor_mode(self, name: str) -> Any:
        is_input = name in self._network.inputs
        return trt.TensorIOMode.INPUT if is_input else trt.TensorIOMode.OUTPUT

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return self._arrays[name].shape

    def get_tensor_dtype(self, name: str) -> Any:
        return trt.DataType.FLOAT

    def create_execution_context(self) -> "OnnxRuntimeOnTheGpu":
        return self

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        return shape == self.get_tensor_shape(name)

    def set_tensor_address(self, name: str, address: int) -> bool:
        self._addresses[name] = address
        return True

    def execute_async_v3(self, stream: int) -> bool:
        queued = self._driver.cuLaunchHostFunc(ctypes.c_void_p(stream), self._kernel, None)
        return bool(queued == 0)

    def _compute(self, _: object) -> None:
        inputs = {name: self._memory(name) for name in self._network.inputs}
        for name, values in self._network.run(inputs).items():
            self._memory(name)[...] = values

    def _memory(self, name: str) -> np.ndarray:
        shape = self.get_tensor_shape(name)
        address = self._driver.emulated_memory(self._addresses[name])
        floats = (ctypes.c_float * int(np.prod(shape))).from_address(address)
        return np.frombuffer(floats, np.float32).reshape(shape)


@pytest.fixture(params=sorted(DEVICES))
def opener(
    request: pytest.FixtureRequest,
    driver: ctypes.CDLL,
    model: Path,
    record: EngineRecord,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[Path], OpenedEngine]:
    """Opens the model as an engine on the emulated GPU, by each binding in turn."""
    try:
        open_device(binding=request.param).close()
    except ConfigurationError as error:
        pytest.skip(f"{request.param}: {error}")

    class Runtime:
        def __init__(self, logger: Any) -> None: ...

        def deserialize_cuda_engine(self, plan: bytes) -> OnnxRuntimeOnTheGpu:
            return OnnxRuntimeOnTheGpu(model, driver)

    fake = SimpleNamespace(Runtime=Runtime, TensorIOMode=trt.TensorIOMode, nptype=trt.nptype)
    monkeypatch.setattr(engine_session, "trt", fake)

    def open_engine(_: Path) -> OpenedEngine:
        device = open_device(binding=request.param)
        try:
            return OpenedEngine(record, engine_session.EngineSession(b"plan", device))
        except BaseException:
            device.close()
            raise

    return open_engine


@pytest.mark.parametrize("integrated", [0, 1], ids=["graphics card", "Jetson"])
def test_the_detector_finds_what_onnxruntime_finds_and_holds_nothing_afterwards(
    opener: Callable[[Path], OpenedEngine], driver: ctypes.CDLL, model: Path, integrated: int
) -> None:
    held = driver.emulated_held()
    driver.emulated_set_integrated(integrated)
    frames = example_frames(2)
    reference = Detector.load(model, threads=1, score_threshold=0.3)
    wanted = [reference.detect(counts) for counts in frames]
    backend = TensorRtBackend(model, opener=opener)
    assert "Emulated GPU (compute capability 8.7, CUDA graph)" in backend.name
    detector = Detector(backend, Selection(0.3))
    for counts, detections in zip(frames, wanted, strict=True):
        for one, other in zip(detections, detector.detect(counts), strict=True):
            assert other.class_name == one.class_name
            assert other.score == pytest.approx(one.score, abs=0.01)
            assert other.box.as_list() == pytest.approx(one.box.as_list(), abs=1.0)
    assert any(wanted)
    detector.close()
    assert driver.emulated_held() == held and driver.emulated_depth() == 0


def test_a_lost_gpu_is_told_and_the_engine_loaded_again(
    opener: Callable[[Path], OpenedEngine], driver: ctypes.CDLL, model: Path
) -> None:
    now_s = 100.0
    backend = TensorRtBackend(model, opener=opener, clock=lambda: now_s)
    detector = Detector(backend, Selection(0.3))
    counts = example_frames(1)[0]
    wanted = detector.detect(counts)
    driver.emulated_fail(LOST)
    with pytest.raises(EngineError):
        detector.detect(counts)
    with pytest.raises(EngineError, match="loaded again"):
        detector.detect(counts)
    driver.emulated_fail(0)
    now_s += RETRY_S
    assert detector.detect(counts) == wanted
    detector.close()


def test_too_little_memory_is_told_and_nothing_of_it_stays(
    opener: Callable[[Path], OpenedEngine], driver: ctypes.CDLL, model: Path
) -> None:
    held = driver.emulated_held()
    driver.emulated_set_memory(1 << 20)
    with pytest.raises(EngineError, match="no memory for"):
        TensorRtBackend(model, opener=opener)
    assert driver.emulated_held() == held
    driver.emulated_set_memory(MEMORY_BYTES)
    TensorRtBackend(model, opener=opener).close()
    assert driver.emulated_held() == held
