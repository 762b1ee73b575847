"""What a step's model must pass: the same answers from torch to the runtime that will run it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from thermoscout_core.detection.contract import DECODED
from thermoscout_core.detection.postprocess import Selection
from thermoscout_core.errors import ModelError
from thermoscout_core.frames import Counts
from thermoscout_core.learning.compression.locating import first_broken_layer
from thermoscout_core.learning.compression.model import Model
from thermoscout_core.learning.compression.records import GateRecord
from thermoscout_core.learning.compression.step import CompressionError
from thermoscout_core.learning.compression.workbench import Workbench, map_of_file
from thermoscout_core.learning.export import ExportOptions, export_onnx
from thermoscout_core.learning.export_checks import check_images
from thermoscout_core.learning.folding import TOLERANCE, fold_batch_norm
from thermoscout_core.learning.ssd import SsdWithBoxes

MAP_TOLERANCE = 0.002
"""Of val mAP, torch against the float32 file: scores that are equal to 1e-4 may change places."""
GATE_FRAMES = 4


def pass_gates(model: Model, weights: Path, output: Path, bench: Workbench) -> GateRecord:
    """Write the model's ONNX file if it answers as torch does: folded, exported, run, and on val.

    weights: the model's file. Raises CompressionError naming the layer that broke.
    """
    evaluation = bench.evaluate(model.network, model.architecture)
    frames = bench.calibration_frames(GATE_FRAMES)
    threshold = evaluation.best_threshold()
    try:
        exported = export_onnx(
            weights, output, ExportOptions(Selection(score_threshold=threshold), batch=1), frames
        )
    except ModelError as error:
        raise CompressionError(f"{error}{_located(model, frames)}") from error
    map_onnx = map_of_file(output, bench.val, bench.training.threads)
    if not abs(map_onnx - evaluation.mean_ap) <= MAP_TOLERANCE:
        raise CompressionError(
            f"{output}: val mAP@0.5 is {map_onnx:.4f} in ONNX Runtime and "
            f"{evaluation.mean_ap:.4f} in torch{_located(model, frames)}"
        )
    worst = exported.folding.worst.name if exported.folding.layers else None
    return GateRecord(
        folding_difference=exported.folding.outputs,
        folding_worst_layer=worst,
        onnx_difference=exported.onnx_difference,
        map_torch=evaluation.mean_ap,
        map_onnx=map_onnx,
    )


def _located(model: Model, frames: Sequence[Counts]) -> str:
    """The first layer that ONNX Runtime computes otherwise, as the end of a message."""
    folded = fold_batch_norm(SsdWithBoxes(model.network, model.architecture.levels).eval())
    images = check_images(frames[:1], model.architecture.input_size_px)
    for one in torch.cat(list(images.values())).unsqueeze(1):
        broken = first_broken_layer(folded, one, DECODED, TOLERANCE)
        if broken is not None:
            return f"; the first layer that differs is {broken.layer}, by {broken.difference:.1e}"
    return "; no single layer differs"
