"""From a row to the files that the runtimes load, and the answers they must give."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.bench.rows import Row
from thermoscout_core.bench.runtimes import Outputs, Tensors
from thermoscout_core.detection.backends.base import is_int8
from thermoscout_core.detection.backends.onnxruntime import OnnxRuntimeBackend
from thermoscout_core.detection.contract import Contract, frame_bytes, network_input
from thermoscout_core.detection.view import to_8bit_view
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.frames import Counts
from thermoscout_core.simulation.dataset import example_frames

CALIBRATION_FRAMES = 16


@dataclass(frozen=True)
class Prepared:
    """files: kind (float32, int8, torch) -> what a runtime loads; a kind that can't be made is
    missing. inputs: npz of one frame's tensors. wanted: their outputs in ONNX Runtime with every
    optimisation off. parameters, macs: None where torch isn't there to count. own_weights: trained
    ones; torch_weights: torch has the weights of the file, trained or not."""

    row: Row
    input_size_px: tuple[int, int]
    files: dict[str, Path]
    inputs: Path
    wanted: Outputs
    parameters: int | None = None
    macs: int | None = None
    own_weights: bool = False
    torch_weights: bool = True
    map_50: dict[str, float] = field(default_factory=dict)

    def difference(self, outputs: Outputs) -> float:
        """Largest difference of any output from the wanted one; absolute, and where an output
        exceeds 1 (raw maps), as a share of its largest value."""
        largest = 0.0
        for name, wanted in self.wanted.items():
            found = outputs[name]
            if found.shape != wanted.shape:
                return float("inf")
            scale = max(1.0, float(np.abs(wanted).max(initial=0.0)))
            largest = max(largest, float(np.abs(found - wanted).max(initial=0.0)) / scale)
        return largest


def prepare(row: Row, folder: Path, frames: Sequence[Counts], kinds: Sequence[str]) -> Prepared:
    """Write the row's files of those kinds into folder, the int8 one calibrated on frames.

    Raises ConfigurationError when torch is missing for a network that must be built.
    """
    folder.mkdir()
    if importlib.util.find_spec("torch") is None:
        return _prepare_without_torch(row, folder, frames)
    from thermoscout_core.learning import bench_networks

    built = bench_networks.build(row)
    files = {"float32": folder / "float32.onnx"}
    if row.file is not None:
        bench_networks.for_one_frame(row.file, files["float32"])
    else:
        bench_networks.write_network(built, files["float32"])
    backend = OnnxRuntimeBackend(files["float32"], optimise=False)
    inputs = [_tensors(backend, counts) for counts in frames]
    if "torch" in kinds and "images" in backend.inputs and backend.outputs == built.outputs:
        files["torch"] = folder / "torch.safetensors"
        bench_networks.write_weights(row, built, files["torch"])
    if "int8" in kinds and not is_int8(backend.metadata):
        files["int8"] = folder / "int8.onnx"
        bench_networks.write_int8(built, files["float32"], files["int8"], inputs)
    return Prepared(
        row,
        built.input_size_px,
        files,
        _written(folder / "inputs.npz", inputs[0]),
        _answers(backend, inputs[0]),
        built.counts.parameters,
        built.counts.macs,
        row.file is not None,
        built.own_weights,
    )


def _prepare_without_torch(row: Row, folder: Path, frames: Sequence[Counts]) -> Prepared:
    if row.file is None:
        raise ConfigurationError(
            f"model '{row.name}' is built with torch: pip install 'thermoscout[train]', or name "
            "models of which there are files (--models float32,int8,small)"
        )
    backend = OnnxRuntimeBackend(row.file, optimise=False)
    tensors = _tensors(backend, frames[0])
    return Prepared(
        row,
        Contract(backend).input_size_px,
        {"float32": row.file},
        _written(folder / "inputs.npz", tensors),
        _answers(backend, tensors),
        own_weights=True,
    )


def _tensors(backend: OnnxRuntimeBackend, counts: Counts) -> Tensors:
    """A frame as the file's input; a simulated one where the file takes another size."""
    (name, shape), *_ = backend.inputs.items()
    height, width = (side or 0 for side in (shape[-2:] if name == "images" else shape[1:3]))
    if name == "images":
        return {name: network_input(to_8bit_view(counts), (width, height))}
    fits = counts.shape == (height, width)
    return {name: frame_bytes(counts if fits else example_frames(1, (width, height))[0])}


def _answers(backend: OnnxRuntimeBackend, tensors: Tensors) -> dict[str, NDArray[Any]]:
    return {name: np.array(values) for name, values in backend.run(tensors).items()}


def _written(path: Path, tensors: Tensors) -> Path:
    np.savez(path, **tensors)  # type: ignore[arg-type]
    return path
