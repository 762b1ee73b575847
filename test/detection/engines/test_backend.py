"""The TensorRT backend: one thread for everything, failures reported and mended, memory flat. A
recording fake stands in for the engine."""

import gc
import threading
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from thermoscout_core.detection.backends.tensorrt import RETRY_S, TensorRtBackend
from thermoscout_core.detection.detector import Detector
from thermoscout_core.detection.engines.opening import OpenedEngine
from thermoscout_core.detection.postprocess import Selection
from thermoscout_core.errors import EngineError
from thermoscout_core.simulation.dataset import example_frames

FRAMES_AFTER_WARM_UP = 10_000


class Bench:
    """A backend on a fake engine, and a clock that the test moves."""

    def __init__(self, model: Path, opened: OpenedEngine) -> None:
        self.opened = opened
        self.openings: list[int] = []
        self.refusal: EngineError | None = None
        self.now_s = 100.0
        self.backend = TensorRtBackend(model, opener=self.open, clock=lambda: self.now_s)

    def open(self, path: Path) -> OpenedEngine:
        self.openings.append(threading.get_ident())
        if self.refusal is not None:
            raise self.refusal
        return self.opened

    @property
    def calls(self) -> list[tuple[str, int]]:
        return self.opened.session.calls


@pytest.fixture
def bench(model: Path, opened: OpenedEngine) -> Bench:
    return Bench(model, opened)


def lost(_: dict[str, Any]) -> dict[str, Any]:
    raise EngineError("the GPU failed: CUDA_ERROR_LAUNCH_FAILED")


def test_one_thread_opens_runs_and_closes_whoever_calls(bench: Bench) -> None:
    detector = Detector(bench.backend, Selection(0.3))
    counts = example_frames(1)[0]
    callers = [threading.Thread(target=detector.detect, args=(counts,)) for _ in range(3)]
    for caller in callers:
        caller.start()
        caller.join()
    detector.close()
    threads = {*bench.openings, *(thread for _, thread in bench.calls)}
    assert [name for name, _ in bench.calls] == ["run", "run", "run", "close"]
    assert len(threads) == 1 and threading.get_ident() not in threads


def test_it_detects_what_onnxruntime_detects(bench: Bench, model: Path) -> None:
    counts = example_frames(2)[1]
    wanted = Detector.load(model, threads=1, score_threshold=0.3).detect(counts)
    assert Detector(bench.backend, Selection(0.3)).detect(counts) == wanted != []
    bench.backend.close()


def test_a_failure_is_raised_and_the_engine_loaded_again_after_a_while(bench: Bench) -> None:
    detector = Detector(bench.backend, Selection(0.3))
    counts = example_frames(1)[0]
    bench.opened.session.answer = lost
    with pytest.raises(EngineError, match="CUDA_ERROR_LAUNCH_FAILED"):
        detector.detect(counts)
    assert bench.calls[-1][0] == "close"
    with pytest.raises(EngineError, match="loaded again 2 s after that"):
        detector.detect(counts)
    assert len(bench.openings) == 1
    bench.opened.session.answer = lambda outputs: outputs
    bench.now_s += RETRY_S
    detector.detect(counts)
    assert len(bench.openings) == 2
    detector.close()


def test_a_gpu_that_stays_lost_is_tried_again_and_said(bench: Bench) -> None:
    detector = Detector(bench.backend, Selection(0.3))
    counts = example_frames(1)[0]
    bench.opened.session.answer = lost
    with pytest.raises(EngineError):
        detector.detect(counts)
    bench.refusal = EngineError("the GPU can't be opened: no device")
    bench.now_s += RETRY_S
    with pytest.raises(EngineError, match="no device"):
        detector.detect(counts)
    with pytest.raises(EngineError, match="loaded again"):
        detector.detect(counts)
    assert len(bench.openings) == 2
    bench.backend.close()


def test_an_engine_that_is_refused_leaves_no_thread_behind(model: Path) -> None:
    def refuse(path: Path) -> OpenedEngine:
        raise EngineError(f"{path}: stale")

    with pytest.raises(EngineError, match="stale"):
        TensorRtBackend(model, opener=refuse)
    assert not [thread for thread in threading.enumerate() if "tensorrt" in thread.name]


def test_ten_thousand_frames_leave_no_memory_behind(bench: Bench) -> None:
    outputs = bench.backend.run(
        Detector(bench.backend, Selection(0.3))._contract.prepare(example_frames(1)[0])
    )
    bench.opened.session.run = lambda tensors: outputs
    tensors: dict[str, Any] = {}
    for _ in range(100):
        bench.backend.run(tensors)
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(FRAMES_AFTER_WARM_UP):
            bench.backend.run(tensors)
        gc.collect()
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        bench.backend.close()
    assert after - before < 20_000
    assert peak - before < 100_000
