"""Engines of the shipped detector, built, loaded and run by the TensorRT and the GPU at hand.

Every kind of file against ONNX Runtime on the CPU with the same file; the bounds are the
self-test's: scores within 0.01 and boxes within 1 px in float32, more where the file rounds.
"""

import itertools
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

try:
    from thermoscout_core.detection.engines.library import IS_RTX, trt
except ModuleNotFoundError:
    pytest.skip("no TensorRT: docs/jetson_tensorrt.md", allow_module_level=True)

from thermoscout_core.detection.backends.tensorrt import TensorRtBackend
from thermoscout_core.detection.contract import Contract
from thermoscout_core.detection.detector import FLOAT32_MODEL, Detector
from thermoscout_core.detection.engines.cache import EngineCache
from thermoscout_core.detection.engines.cuda import DEVICES, open_device
from thermoscout_core.detection.engines.cuda.libcuda import current_context
from thermoscout_core.detection.engines.making import make_engine
from thermoscout_core.detection.engines.opening import open_engine
from thermoscout_core.detection.engines.options import BuildOptions
from thermoscout_core.detection.engines.self_test import make_self_test, run_self_test
from thermoscout_core.errors import ConfigurationError, EngineError
from thermoscout_core.frames import Counts
from thermoscout_core.learning.data import open_dataset
from thermoscout_core.learning.deployment import deploy
from thermoscout_core.resources import resource_path
from thermoscout_core.simulation.dataset import example_frames

FRAME_PX = (640, 512)
PRECISIONS = ("float32", "float16", "int8", "int8_float16")
FRAMES = 10_000
START_S = 2.0
"""What a start from the cache may take beside TensorRT's own load."""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> EngineCache:
    return EngineCache(tmp_path_factory.mktemp("engines"))


@pytest.fixture(scope="module")
def frames() -> list[Counts]:
    """Real ones of the validation split where the data is there, else simulated ones."""
    root = os.environ.get("THERMOSCOUT_DATA")
    if not root:
        return example_frames(8)
    return open_dataset(Path(root) / "substation", "val").spread_frames(32)


def made(
    cache: EngineCache, precision: str, size_px: tuple[int, int] | None, suppressed: bool = False
) -> Path:
    """The file of that kind, its engine built and tested where it isn't there yet."""
    name = f"{precision}-{'plain' if size_px is None else 'view'}{'-kept' * suppressed}.onnx"
    path = cache.folder / name
    if not path.is_file():
        cache.folder.mkdir(parents=True, exist_ok=True)
        simulated = example_frames(8)
        shipped = resource_path(FLOAT32_MODEL)
        deploy(shipped, path, precision, size_px, simulated, with_suppression=suppressed)
    make_engine(path, BuildOptions(), example_frames(8, size_px or FRAME_PX), cache)
    return path


@pytest.fixture
def backend(cache: EngineCache) -> Iterator[TensorRtBackend]:
    """The shipped detector in float32, in its worker thread."""
    path = made(cache, "float32", None)
    opened = TensorRtBackend(path, opener=lambda model: open_engine(model, cache))
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("precision", "size_px"), list(itertools.product(PRECISIONS, (None, FRAME_PX)))
)
def test_it_finds_what_onnxruntime_finds(
    cache: EngineCache, frames: list[Counts], precision: str, size_px: tuple[int, int] | None
) -> None:
    path = made(cache, precision, size_px)
    opened = TensorRtBackend(path, opener=lambda model: open_engine(model, cache))
    try:
        tested = 0
        for counts in frames if size_px is None else example_frames(8, size_px):
            try:
                expected = make_self_test(path, [counts])
            except EngineError:  # nothing in this frame
                continue
            run_self_test(opened, expected, precision)
            tested += 1
    finally:
        opened.close()
    assert tested > len(frames) // 8


def test_suppression_inside_finds_the_same(cache: EngineCache, frames: list[Counts]) -> None:
    path = made(cache, "float32", None, suppressed=True)
    reference = Detector.load(path, threads=1)
    opened = TensorRtBackend(path, opener=lambda model: open_engine(model, cache))
    detector = Detector(opened, reference.selection)
    try:
        for counts in frames:
            wanted, found = reference.detect(counts), detector.detect(counts)
            sure = [one for one in wanted if one.score >= reference.score_threshold + 0.01]
            assert len(sure) <= len(found) <= len(wanted) + 2
    finally:
        detector.close()


@pytest.mark.parametrize(
    ("precision", "kind"), [("float32", "Float"), ("float16", "Half"), ("int8", "Int8")]
)
def test_the_engine_computes_in_what_the_file_states(
    cache: EngineCache, precision: str, kind: str
) -> None:
    path = made(cache, precision, None)
    record, is_new = make_engine(path, BuildOptions(), example_frames(8), cache)
    assert not is_new
    if not record.convolutions:
        pytest.skip("this TensorRT doesn't tell its layers")
    assert set(record.convolutions) == {kind}


@pytest.mark.parametrize("binding", sorted(DEVICES))
def test_each_binding_runs_it(
    cache: EngineCache, frames: list[Counts], binding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made(cache, "float32", None)
    try:
        open_device(binding=binding).close()
    except ConfigurationError as error:
        pytest.skip(f"{binding}: {error}")
    module = "thermoscout_core.detection.engines.opening.open_device"
    monkeypatch.setattr(module, lambda: open_device(binding=binding))
    opened = TensorRtBackend(path, opener=lambda model: open_engine(model, cache))
    assert "CUDA graph" in opened.name
    run_self_test(opened, make_self_test(path, frames), "float32")
    opened.close()
    assert current_context() == 0


def test_it_runs_beside_torch_in_one_process(backend: TensorRtBackend, cache: EngineCache) -> None:
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("this torch has no CUDA")
    path = made(cache, "float32", None)
    test = make_self_test(path, example_frames(8))
    ones = torch.ones(1000, device="cuda")
    with ThreadPoolExecutor(max_workers=1) as other:
        for _ in range(20):
            doubled = other.submit(lambda: (2 * ones).sum().item())
            run_self_test(backend, test, "float32")
            assert doubled.result() == 2000.0


def test_too_little_memory_is_told_and_the_engine_still_runs(
    backend: TensorRtBackend, cache: EngineCache
) -> None:
    path = made(cache, "float32", None)
    device = open_device()
    try:
        with device.active():
            _, total = device.free_memory()
            with pytest.raises(EngineError, match="no memory for"):
                device.buffer((2 * total,), np.dtype(np.uint8))
    finally:
        device.close()
    run_self_test(backend, make_self_test(path, example_frames(8)), "float32")


def test_ten_thousand_frames_leave_the_gpus_memory_flat(backend: TensorRtBackend) -> None:
    tensors = Contract(backend).prepare(example_frames(1)[0])
    for _ in range(100):
        backend.run(tensors)
    device = open_device()
    try:
        with device.active():
            before, _ = device.free_memory()
        for _ in range(FRAMES):
            backend.run(tensors)
        with device.active():
            after, _ = device.free_memory()
    finally:
        device.close()
    assert before - after <= 16 << 20


def test_a_start_from_the_cache_is_tensorrts_load_and_little_more(cache: EngineCache) -> None:
    path = made(cache, "float16", FRAME_PX)
    plan = cache.read_plan(next(r for r in cache.records() if r.name == path.stem))
    open_engine(path, cache).close()  # the driver's own start is not ours
    device = open_device()
    with device.active():
        begun_s = time.perf_counter()
        runtime = trt.Runtime(trt.Logger())
        engine = runtime.deserialize_cuda_engine(plan)
        context = engine.create_execution_context()
        load_s = time.perf_counter() - begun_s
        del context, engine, runtime
    device.close()
    begun_s = time.perf_counter()
    open_engine(path, cache).close()
    assert time.perf_counter() - begun_s <= load_s + START_S


@pytest.mark.skipif(
    IS_RTX or not hasattr(trt, "IInt8EntropyCalibrator2"), reason="only TensorRT 10 calibrates"
)
def test_tensorrts_own_calibrator(cache: EngineCache, frames: list[Counts]) -> None:
    options = BuildOptions(calibrator=True)
    record, _ = make_engine(resource_path(FLOAT32_MODEL), options, frames, cache)
    assert record.key.precision == "int8_calibrated" and record.self_test is not None
    assert list(cache.folder.glob("ranges-*.cache"))
