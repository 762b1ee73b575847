"""Times of files in runtimes, each turn in a fresh process and in turns with the dense file."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from thermoscout_core.bench.runtimes import RUNTIMES, is_installed
from thermoscout_core.bench.timing import percentiles_ms
from thermoscout_core.bench.turn import Job, Turn, measure_apart
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.learning.compression.records import LatencyRecord
from thermoscout_core.learning.compression.step import CompressionError, Section


class LatencySection(Section):
    """How models are timed."""

    runtimes: tuple[str, ...] = ("onnxruntime",)
    """Of thermoscout bench; budgets look at the first. Every step's file is run in each."""
    threads: int = Field(2, ge=1)
    """Of the runtime."""
    repeats: int = Field(60, ge=1)
    """Timed frames of each file, all rounds together."""
    rounds: int = Field(3, ge=1)
    """Turns that they are spread over, in turns with the dense model's."""
    warm_up: int = Field(5, ge=0)
    """Untimed frames before each turn."""

    def check(self) -> None:
        """Raises ConfigurationError for a runtime that is unknown, absent or not of files."""
        if not self.runtimes:
            raise ConfigurationError("latency.runtimes: name at least one runtime")
        for name in self.runtimes:
            if name not in RUNTIMES or RUNTIMES[name].file != "float32":
                known = [key for key, runtime in RUNTIMES.items() if runtime.file == "float32"]
                raise ConfigurationError(
                    f"latency.runtimes: '{name}' doesn't run ONNX files as they are; there are "
                    f"{', '.join(known)}"
                )
            if not is_installed(name):
                raise ConfigurationError(
                    f"latency.runtimes: '{name}' isn't installed (Python package "
                    f"{RUNTIMES[name].package})"
                )


def measure_latencies(
    path: Path, dense: Path, images: NDArray[np.float32], section: LatencySection
) -> list[LatencyRecord]:
    """Time a file beside the dense one on images (1, 3, H, W), or each on its own input size.

    Raises CompressionError when a runtime can't run the file.
    """
    return [_measure(path, dense, images, name, section) for name in section.runtimes]


def _measure(
    path: Path, dense: Path, images: NDArray[np.float32], runtime: str, section: LatencySection
) -> LatencyRecord:
    turns: dict[Path, list[Turn]] = {dense: [], path: []}
    with tempfile.TemporaryDirectory(prefix="thermoscout-latency-") as scratch:
        inputs = {file: _inputs(file, images, Path(scratch)) for file in turns}
        for _ in range(section.rounds):
            for file in turns:
                job = Job(
                    runtime=runtime,
                    file=file,
                    inputs=inputs[file],
                    outputs=Path(scratch) / "outputs.npz",
                    threads=section.threads,
                    warm_up=section.warm_up,
                    repeats=-(-section.repeats // section.rounds),
                )
                turn = measure_apart(job)
                if turn.error is not None:
                    raise CompressionError(f"{runtime} can't run {file}: {turn.error}")
                turns[file].append(turn)
    shares = [turn.foreign for taken in turns.values() for turn in taken]
    known = [share for share in shares if share is not None]
    own, other = (percentiles_ms(_times_s(turns[file])) for file in (path, dense))
    return LatencyRecord(
        runtime=runtime,
        p50_ms=own["p50"],
        p95_ms=own["p95"],
        dense_p50_ms=other["p50"],
        foreign=round(max(known), 3) if known else None,
    )


def _inputs(file: Path, images: NDArray[np.float32], folder: Path) -> Path:
    """The npz of one frame at the file's input size.

    Raises CompressionError where that is free.
    """
    import cv2
    import onnx

    (images_input,) = onnx.load(str(file)).graph.input
    height, width = (side.dim_value for side in images_input.type.tensor_type.shape.dim[2:])
    if not (height and width):
        raise CompressionError(
            f"{file}: the size of its input is free, so there is nothing to time; export it with "
            "a height and a width"
        )
    path = folder / f"{width}x{height}.npz"
    if not path.is_file():
        view = cv2.resize(images[0, 0], (width, height))
        np.savez(path, images=np.broadcast_to(view, (1, 3, height, width)).astype(np.float32))
    return path


def _times_s(turns: Sequence[Turn]) -> list[float]:
    return [time_s for turn in turns for time_s in turn.times_s]
