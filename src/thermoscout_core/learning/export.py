"""Export to ONNX: batch norm folded, boxes decoded, softmax inside; checked before it's kept."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch

from thermoscout_core.detection.backends.onnxruntime import METADATA_KEY, OnnxRuntimeBackend
from thermoscout_core.errors import ModelError
from thermoscout_core.learning.checkpoint import load_network
from thermoscout_core.learning.folding import TOLERANCE, fold_batch_norm, require_equal
from thermoscout_core.learning.ssd import SsdWithBoxes, prior_count

OPSET = 17


@dataclass(frozen=True)
class ExportReport:
    """fold_difference: folded against unfolded network. onnx_difference: ONNX Runtime against
    the folded network. Both are largest absolute differences over boxes and scores."""

    path: Path
    size_bytes: int
    parameters: int
    priors: int
    fold_difference: float
    onnx_difference: float


def export_onnx(
    weights: Path, output: Path, *, score_threshold: float, iou_threshold: float = 0.45
) -> ExportReport:
    """A checkpoint -> one self-describing ONNX file.

    Input ``images`` (N, 3, H, W) float32 in −1..1; outputs ``boxes`` (N, P, 4) corners as
    fractions of the input, ``scores`` (N, P, 1 + C), background first. N is free.
    Raises ModelError when the checkpoint doesn't load or a parity check fails; then no file
    is written.
    """
    network, architecture, notes = load_network(weights)
    width_px, height_px = architecture.input_size_px
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(2, 3, height_px, width_px, generator=generator) * 2 - 1
    whole = SsdWithBoxes(network, architecture.levels).eval()
    folded = fold_batch_norm(whole)
    fold_difference = require_equal(whole, folded, images)
    output.parent.mkdir(parents=True, exist_ok=True)
    partial = output.with_suffix(".partial.onnx")
    torch.onnx.export(
        folded,
        (images,),
        str(partial),
        input_names=["images"],
        output_names=["boxes", "scores"],
        dynamic_axes={name: {0: "batch"} for name in ("images", "boxes", "scores")},
        opset_version=OPSET,
        dynamo=False,
    )
    _write_metadata(
        partial,
        {
            "architecture": architecture.as_dict(),
            "classes": list(architecture.classes),
            "score_threshold": score_threshold,
            "iou_threshold": iou_threshold,
            "view": "detection.view.to_8bit_view, grey to three channels, x/127.5 - 1",
            "training": notes,
        },
    )
    difference = _onnx_difference(partial, folded, images)
    if not difference <= TOLERANCE:
        partial.unlink()
        raise ModelError(
            f"{output}: ONNX Runtime's outputs differ from torch's by {difference:.2e} "
            f"(at most {TOLERANCE:.0e} is allowed); nothing was written"
        )
    partial.replace(output)
    parameters = sum(parameter.numel() for parameter in folded.parameters())
    return ExportReport(
        output,
        output.stat().st_size,
        parameters,
        prior_count(architecture.levels),
        fold_difference,
        difference,
    )


def _write_metadata(path: Path, content: dict[str, Any]) -> None:
    model = onnx.load(str(path))
    entry = model.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, json.dumps(content)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _onnx_difference(path: Path, network: torch.nn.Module, images: torch.Tensor) -> float:
    with torch.no_grad():
        wanted = [output.numpy() for output in network(images)]
    got = OnnxRuntimeBackend(path).infer(images.numpy())
    return max(float(np.abs(one - other).max()) for one, other in zip(wanted, got, strict=True))
