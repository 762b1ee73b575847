"""ONNX Runtime's session options against each other, on one detector.

python benchmarks/onnxruntime_options.py --threads 2 --repeats 300

The options take turns, frame by frame. Read the lowest time where other programs run meanwhile.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from thermoscout_core.bench.timing import interleaved_s, median_ms
from thermoscout_core.detection.backends.onnxruntime import (
    SHORT_SPINNING,
    SMALL_BLOCKS,
    WHOLE_SUMS,
)
from thermoscout_core.detection.detector import FLOAT32_MODEL
from thermoscout_core.machine import cpu_name
from thermoscout_core.resources import resource_path

LEVEL = ort.GraphOptimizationLevel
OPTIONS: dict[str, dict[str, Any]] = {
    "default": {},
    "no blocked layout": {"graph_optimization_level": LEVEL.ORT_ENABLE_EXTENDED},
    "no optimisation": {"graph_optimization_level": LEVEL.ORT_DISABLE_ALL},
    "no memory arena": {"enable_cpu_mem_arena": False},
    "no memory pattern": {"enable_mem_pattern": False},
}
ENTRIES = {
    "spinning after a run": ("session.force_spinning_stop", "0"),
    "short spinning": SHORT_SPINNING,
    "no spinning": ("session.intra_op.allow_spinning", "0"),
    "small blocks": SMALL_BLOCKS,
    "whole sums": WHOLE_SUMS,
    "denormals to zero": ("session.set_denormal_as_zero", "1"),
}


def session(path: Path, threads: int, name: str) -> ort.InferenceSession:
    """A session with the option of that name and the detector's others."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    for attribute, value in OPTIONS.get(name, {}).items():
        setattr(options, attribute, value)
    if name in ENTRIES:
        options.add_session_config_entry(*ENTRIES[name])
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def bound(one: ort.InferenceSession, images: np.ndarray) -> Callable[[], object]:
    """A call whose input and outputs are bound once."""
    binding = one.io_binding()
    binding.bind_cpu_input("images", images)
    for output in one.get_outputs():
        binding.bind_output(output.name, "cpu")
    return lambda: one.run_with_iobinding(binding)


def main() -> None:
    parser = argparse.ArgumentParser(description="ONNX Runtime's session options.")
    parser.add_argument("--model", type=Path, help="ONNX file; left out, the shipped detector")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=200)
    chosen = parser.parse_args()
    path = chosen.model or resource_path(FLOAT32_MODEL)
    sessions = {
        name: session(path, chosen.threads, name) for name in (*OPTIONS, *ENTRIES, "bound tensors")
    }
    shape = [
        side if isinstance(side, int) else 1 for side in sessions["default"].get_inputs()[0].shape
    ]
    images = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
    calls: dict[str, Callable[[], object]] = {
        name: lambda one=one: one.run(None, {"images": images})  # type: ignore[misc]
        for name, one in sessions.items()
    }
    calls["bound tensors"] = bound(sessions["bound tensors"], images)
    times_s = interleaved_s(list(calls.values()), chosen.repeats)
    print(f"{path.name}, {cpu_name()}, {chosen.threads} threads, onnxruntime {ort.__version__}")
    print(f"{'option':24}{'lowest, ms':>12}{'median, ms':>12}")
    for name, taken_s in zip(calls, times_s, strict=True):
        print(f"{name:24}{1e3 * min(taken_s):12.2f}{median_ms(taken_s):12.2f}")


if __name__ == "__main__":
    main()
