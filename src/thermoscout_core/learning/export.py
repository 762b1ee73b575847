"""Export to ONNX: batch norm folded, as much of the way inside as asked; checked before it's kept.

Opset 17: OpenCV 4.8, ONNX Runtime 1.17 and TensorRT 8.6 read it, and it suffices. Measured with
MobileNet-SSD in ONNX Runtime, torch's newer exporter (dynamo) at opsets 18 to 22 gives files of
the same speed and takes 3 to 18 s instead of 0.5; unoptimised and with batch norm unfolded, its
file is 1.7 times as slow.
"""

from __future__ import annotations

import json
import secrets
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import Tensor, nn

from thermoscout_core.detection.backends.base import METADATA_KEY
from thermoscout_core.detection.contract import DECODED, OUTPUTS, RAW
from thermoscout_core.detection.postprocess import Selection
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.frames import Counts
from thermoscout_core.learning.checkpoint import load_network
from thermoscout_core.learning.design import Architecture
from thermoscout_core.learning.export_checks import (
    check_images,
    check_tensors,
    require_same_detections,
)
from thermoscout_core.learning.folding import FoldingReport, fold_batch_norm, verify_folding
from thermoscout_core.learning.onnx_preprocessing import add_preprocessing
from thermoscout_core.learning.onnx_priors import compute_priors
from thermoscout_core.learning.onnx_selection import selection_graph, set_defaults
from thermoscout_core.learning.onnx_stem import take_one_channel
from thermoscout_core.learning.onnx_suppression import add_suppression
from thermoscout_core.learning.ssd import SsdWithBoxes, prior_count
from thermoscout_core.simulation.dataset import example_frames

OPSET = 17
VIEW = "detection.view.to_8bit_view, grey to three channels, x/127.5 - 1"


@dataclass(frozen=True)
class ExportOptions:
    """What goes into the file; see detection.contract.

    selection: thresholds that the file carries. outputs: one of detection.contract.OUTPUTS.
    batch: frames a run takes, None for any number. frame_size_px: (width, height) of the camera's
    frames to have the preprocessing inside, None to have it outside.
    """

    selection: Selection
    outputs: str = "decoded"
    batch: int | None = None
    frame_size_px: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.outputs not in OUTPUTS:
            raise ConfigurationError(
                f"outputs '{self.outputs}' are unknown; there are {', '.join(OUTPUTS)}"
            )


@dataclass(frozen=True)
class ExportReport:
    """folding: of each layer. onnx_difference: ONNX Runtime against the folded network, largest
    absolute difference of any output. frames: that both were compared on, beside random input."""

    path: Path
    size_bytes: int
    parameters: int
    priors: int
    folding: FoldingReport
    onnx_difference: float
    frames: int


def export_onnx(
    weights: Path, output: Path, options: ExportOptions, frames: Sequence[Counts]
) -> ExportReport:
    """A checkpoint -> one self-describing ONNX file, compared on random input and on frames.

    Raises ModelError when the checkpoint doesn't load or a check fails; then no file is written.
    """
    network, architecture, notes = load_network(weights)
    network = network.cpu()
    whole = SsdWithBoxes(network, architecture.levels).eval()
    folded = fold_batch_norm(whole)
    inputs = check_images(frames, architecture.input_size_px)
    folding = verify_folding(whole, folded, inputs)
    assert isinstance(folded, SsdWithBoxes)

    output.parent.mkdir(parents=True, exist_ok=True)
    partial = output.with_name(f".{output.stem}.{secrets.token_hex(4)}.onnx")
    metadata = {
        "architecture": architecture.as_dict(),
        "classes": list(architecture.classes),
        "score_threshold": options.selection.score_threshold,
        "iou_threshold": options.selection.iou_threshold,
        "view": VIEW,
        "training": notes,
    }
    try:
        deployed: nn.Module = folded.ssd if options.outputs == "raw" else folded
        names = RAW if options.outputs == "raw" else DECODED
        write_onnx(deployed, partial, architecture.input_size_px, names, options.batch)
        lighten(partial, architecture)
        write_metadata(partial, metadata)
        difference = check_tensors(partial, deployed, inputs, options.batch)
        add_parts(partial, architecture, options)
        write_metadata(partial, metadata)
        if options.batch in (None, 1):
            size_px = architecture.input_size_px
            fitting = _fitting(frames, options.frame_size_px)
            require_same_detections(partial, folded, fitting, size_px, options.selection)
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)
    return ExportReport(
        output,
        output.stat().st_size,
        sum(parameter.numel() for parameter in folded.parameters()),
        prior_count(architecture.levels),
        folding,
        difference,
        len(frames),
    )


def write_onnx(
    network: nn.Module,
    path: Path,
    input_size_px: tuple[int, int],
    outputs: Sequence[str],
    batch: int | None = None,
) -> None:
    """A network -> an ONNX file with the input ``images`` and outputs of those names."""
    width_px, height_px = input_size_px
    images: Tensor = torch.zeros(batch or 2, 3, height_px, width_px)
    free = {name: {0: "batch"} for name in ("images", *outputs)} if batch is None else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own: its successor, constants it leaves
        torch.onnx.export(
            network.eval(),
            (images,),
            str(path),
            input_names=["images"],
            output_names=list(outputs),
            dynamic_axes=free,
            opset_version=OPSET,
            dynamo=False,
        )


def lighten(path: Path, architecture: Architecture) -> None:
    """Take out of an exported detector's file what needn't be in it: the priors' table, and two
    thirds of the first convolution."""
    model = onnx.load(str(path))
    compute_priors(model, architecture.levels)
    take_one_channel(model)
    onnx.save(model, str(path))


def write_metadata(path: Path, content: dict[str, Any]) -> None:
    """Put what the detector must know into the file, and check that the file is valid ONNX."""
    model = onnx.load(str(path))
    onnx.helper.set_model_props(model, {METADATA_KEY: json.dumps(content)})
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _fitting(frames: Sequence[Counts], frame_size_px: tuple[int, int] | None) -> Sequence[Counts]:
    """The frames that a file of that frame size takes; simulated ones when there are none."""
    if frame_size_px is None:
        return frames
    fitting = [counts for counts in frames if counts.shape == frame_size_px[::-1]]
    return fitting or example_frames(4, frame_size_px)


def add_parts(path: Path, architecture: Architecture, options: ExportOptions) -> None:
    """Join the parts before and after the network, where they are wanted inside, to its file."""
    model = onnx.load(str(path))
    if options.outputs == "detections":
        model = onnx.compose.add_prefix(model, "network/", rename_inputs=False)
        selection = selection_graph(
            prior_count(architecture.levels),
            len(architecture.classes),
            options.selection,
            OPSET,
            model.ir_version,
        )
        joints = [("network/boxes", "decoded_boxes"), ("network/scores", "all_scores")]
        model = onnx.compose.merge_models(model, selection, io_map=joints)
        set_defaults(model, options.selection)
    if options.outputs == "suppressed":
        model = add_suppression(
            model,
            prior_count(architecture.levels),
            len(architecture.classes),
            options.selection.iou_threshold,
        )
    if options.frame_size_px is not None:
        model = add_preprocessing(model, options.frame_size_px, architecture.input_size_px)
    onnx.save(model, str(path))
