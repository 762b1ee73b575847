"""What the CPU does in a detector that runs in TensorRT, with the GPU replaced by a wait.

    python benchmarks/tensorrt_cpu_time.py [--frames 1000] [--wait-ms 5] [--with-suppression]
        [--memory-frames 10000] [--json cpu.json]

The shipped detector with the preprocessing inside takes frames of 640×512: each is copied into
the engine's buffer, handed to the engine's thread, waited for, and its boxes and scores are
thresholded and suppressed. The engine is a stand-in that sleeps and answers with what ONNX Runtime
found in the same frame; the copy into pageable memory stands for that into page-locked memory.
With --memory-frames, Python's memory is followed over so many frames more. Beside it, what a start
from the cache costs before and after TensorRT's own load: finding the record, reading the plan,
its checksum, the self-test's comparison. No GPU is needed, and none is measured.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import tempfile
import time
import tracemalloc
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from thermoscout_core.bench.timing import percentiles_ms
from thermoscout_core.detection.backends.onnxruntime import OnnxRuntimeBackend
from thermoscout_core.detection.backends.tensorrt import TensorRtBackend
from thermoscout_core.detection.contract import Contract
from thermoscout_core.detection.detector import FLOAT32_MODEL, Detector
from thermoscout_core.detection.engines.cache import EngineCache, EngineRecord
from thermoscout_core.detection.engines.key import EngineKey, Environment
from thermoscout_core.detection.engines.opening import OpenedEngine
from thermoscout_core.detection.engines.self_test import SelfTest, make_self_test, run_self_test
from thermoscout_core.detection.postprocess import Selection
from thermoscout_core.learning.deployment import deploy
from thermoscout_core.machine import describe, in_words
from thermoscout_core.resources import resource_path, sha256_of
from thermoscout_core.simulation.dataset import example_frames

SIZE_PX = (640, 512)
PLAN_BYTES = 25_000_000


class WaitingSession:
    """Stands in for the GPU: copies the frame, sleeps, gives the answers it was made with."""

    name = "a wait in the place of a GPU"

    def __init__(self, wait_s: float, outputs: dict[str, Any]) -> None:
        self.wait_s = wait_s
        self._outputs = outputs
        self._buffer = np.zeros((1, SIZE_PX[1], SIZE_PX[0], 2), np.uint8)

    def run(self, tensors: Mapping[str, Any]) -> dict[str, Any]:
        np.copyto(self._buffer, tensors["counts"])
        time.sleep(self.wait_s)
        return self._outputs

    def close(self) -> None: ...


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--wait-ms", type=float, default=5.0)
    parser.add_argument("--with-suppression", action="store_true", help="inside the engine")
    parser.add_argument("--memory-frames", type=int, default=10_000)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "detector.onnx"
        deploy(
            resource_path(FLOAT32_MODEL),
            model,
            "float32",
            SIZE_PX,
            with_suppression=arguments.with_suppression,
        )
        reference = OnnxRuntimeBackend(model)
        test = make_self_test(model, example_frames(8, SIZE_PX))
        contract = Contract(reference)
        outputs = {
            name: np.array(values)
            for name, values in contract.run(contract.prepare(test.counts), test.selection).items()
        }
        session = WaitingSession(arguments.wait_ms / 1e3, outputs)
        cache, record = _kept(Path(folder), model, reference, test)
        result = {
            "machine": describe(),
            "frames": arguments.frames,
            "wait_ms": arguments.wait_ms,
            "cpu_ms": _cpu_ms(OpenedEngine(record, session), model, test, arguments.frames),
            "memory_bytes": _memory_bytes(
                OpenedEngine(record, session), model, test, arguments.memory_frames
            ),
            "start_s": _start_s(cache, record, model, session),
        }
    text = json.dumps(result, indent=2)
    if arguments.json is not None:
        arguments.json.write_text(text + "\n", encoding="utf-8")
    figures = result["cpu_ms"]
    print(f"{in_words()}; the GPU replaced by a wait of {arguments.wait_ms:g} ms")
    print(f"CPU time a frame, {arguments.frames} frames of 640×512, ms (simulated frame):")
    print("  " + ", ".join(f"{name} {value:.3f}" for name, value in figures.items()))
    print(
        f"Python's memory after {arguments.memory_frames} frames more, bytes: "
        + ", ".join(f"{name} {value:+d}" for name, value in result["memory_bytes"].items())
    )
    print(f"start from the cache beyond TensorRT's load: {result['start_s']:.3f} s")


def _kept(
    folder: Path, model: Path, reference: OnnxRuntimeBackend, test: SelfTest
) -> tuple[EngineCache, EngineRecord]:
    """A cache with a plan of the usual size, of random bytes."""
    plan = np.random.default_rng(0).bytes(PLAN_BYTES)
    shape = (1, SIZE_PX[1], SIZE_PX[0], 2)
    key = EngineKey(
        model_sha256=sha256_of(model),
        environment=Environment(
            library="tensorrt", version="10.3.0", gpu="none", compute_capability="8.7"
        ),
        precision="float32",
        shapes={"counts": (shape, shape, shape)},
        flags=(),
    )
    record = EngineRecord(
        name=model.stem,
        key=key,
        plan_sha256=hashlib.sha256(plan).hexdigest(),
        plan_bytes=len(plan),
        built="2026-11-21T00:00:00+00:00",
        build_s=0.0,
        convolutions={},
        metadata=reference.metadata,
        inputs=reference.inputs,
        outputs=reference.outputs,
    )
    cache = EngineCache(folder / "engines")
    with cache.lock(key.digest()):
        cache.store(record, plan, test.to_bytes())
    return cache, record


def _cpu_ms(opened: OpenedEngine, model: Path, test: SelfTest, frames: int) -> dict[str, float]:
    """Of all threads of the process, over detect(): percentiles and the mean."""
    backend = TensorRtBackend(model, opener=lambda _: opened)
    detector = Detector(backend, Selection(test.selection.score_threshold))
    assert detector.detect(test.counts)
    taken_s = []
    for _ in range(frames):
        begun_s = time.process_time()
        detector.detect(test.counts)
        taken_s.append(time.process_time() - begun_s)
    detector.close()
    return {**percentiles_ms(taken_s), "mean": 1e3 * float(np.mean(taken_s))}


def _memory_bytes(
    opened: OpenedEngine, model: Path, test: SelfTest, frames: int
) -> dict[str, int]:
    """What detect() leaves behind, and its most at any time, over what was there before."""
    opened.session.wait_s = 0.0  # type: ignore[attr-defined]
    backend = TensorRtBackend(model, opener=lambda _: opened)
    detector = Detector(backend, Selection(test.selection.score_threshold))
    for _ in range(100):
        detector.detect(test.counts)
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(frames):
        detector.detect(test.counts)
    gc.collect()
    after, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    detector.close()
    return {"left": after - before, "most": peak - before}


def _start_s(
    cache: EngineCache, record: EngineRecord, model: Path, session: WaitingSession
) -> float:
    session.wait_s = 0.0
    begun_s = time.perf_counter()
    found = cache.find(model, sha256_of(model), record.key.environment)
    cache.read_plan(found)
    opened = OpenedEngine(found, session)
    run_self_test(opened, SelfTest.read(cache.test_path(found)), found.key.precision)
    return time.perf_counter() - begun_s


if __name__ == "__main__":
    main()
