"""thermoscout export"""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from thermoscout_core.learning.data import Dataset
    from thermoscout_core.learning.folding import FoldingReport


class Outputs(str, Enum):
    """How much of the way from the heads to the detections is inside the file."""

    RAW = "raw"
    DECODED = "decoded"
    SUPPRESSED = "suppressed"
    DETECTIONS = "detections"


def export(
    weights: Annotated[Path, typer.Argument(help="best.safetensors of a training run.")],
    output: Annotated[Path, typer.Option(help="The ONNX file to write.")],
    score_threshold: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Deployed score threshold; left out, the one with the best F2 on --data.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Dataset folder: chooses the threshold, and the file is checked on its frames "
            "(left out, on simulated ones)."
        ),
    ] = None,
    split: Annotated[str, typer.Option(help="Split of --data that is used.")] = "val",
    iou_threshold: Annotated[float, typer.Option(min=0, max=1, help="NMS.")] = 0.45,
    batch: Annotated[
        str, typer.Option(help="Frames a run takes: a number, or dynamic for any.")
    ] = "dynamic",
    outputs: Annotated[
        Outputs,
        typer.Option(
            help="raw: offsets and logits; decoded: boxes and scores; suppressed: NMS inside, for "
            "TensorRT; detections: NMS inside, for ONNX Runtime."
        ),
    ] = Outputs.DECODED,
    with_preprocessing: Annotated[
        str | None,
        typer.Option(
            metavar="WIDTHxHEIGHT",
            help="Put gain control and resizing inside, for frames of that size as the camera "
            "sends them (uint16 counts).",
        ),
    ] = None,
    check_frames: Annotated[
        int, typer.Option(min=1, help="Frames that the file is checked on.")
    ] = 8,
    measure: Annotated[
        bool, typer.Option("--measure", help="Time the network before and after folding.")
    ] = False,
) -> None:
    """Export a trained detector to one self-describing ONNX file.

    Batch norm is folded (seed 000, eq. 1-6). Folded against unfolded network layer by layer, ONNX
    Runtime against torch, and the detections in the frames are compared first; nothing is written
    if they differ. The detector runs every kind of file alike. Needs the train extra.

    thermoscout export runs/mine/best.safetensors --output mine.onnx --data my_frames

    thermoscout export ... --batch 1 --outputs detections --with-preprocessing 640x512
    """
    from rich.console import Console

    from thermoscout_core.cli.sizes import parse_size
    from thermoscout_core.detection.postprocess import Selection
    from thermoscout_core.learning.data import open_dataset
    from thermoscout_core.learning.export import ExportOptions, export_onnx
    from thermoscout_core.simulation.dataset import example_frames

    dataset = None if data is None else open_dataset(data, split)
    if score_threshold is None:
        if dataset is None:
            raise typer.BadParameter(
                "give --score-threshold, or --data to choose it on its val split"
            )
        score_threshold = _best_threshold(weights, dataset, split)
    options = ExportOptions(
        Selection(score_threshold, iou_threshold),
        outputs.value,
        _parse_batch(batch),
        None if with_preprocessing is None else parse_size(with_preprocessing),
    )
    frames = (
        example_frames(check_frames)
        if dataset is None
        else [dataset[index].counts for index in range(min(check_frames, len(dataset)))]
    )
    report = export_onnx(weights, output, options, frames)
    console = Console(highlight=False)
    origin = "simulated frames" if dataset is None else f"frames of {split}"
    folding = report.folding
    console.print(
        f"{report.path}: {report.size_bytes / 1e6:.1f} MB, "
        f"{report.parameters / 1e6:.3f} M parameters, {report.priors} priors\n"
        f"compared on random input and {report.frames} {origin}: "
        f"folding changes {folding.outputs:.1e} (layer by layer at most "
        f"{folding.worst.difference:.1e}, {folding.worst.name}), "
        f"ONNX Runtime differs by {report.onnx_difference:.1e}"
    )
    if folding.left:
        console.print(f"{folding.left} batch norms don't follow a convolution and stay")
    if measure:
        _print_measurements(console, weights, report.folding)


def _best_threshold(weights: Path, dataset: Dataset, split: str) -> float:
    """The score threshold with the best F2."""
    from thermoscout_core.learning.checkpoint import load_network
    from thermoscout_core.learning.torch_prediction import evaluate_network

    network, architecture, _ = load_network(weights)
    evaluation = evaluate_network(network, architecture, dataset)
    threshold = evaluation.best_threshold()
    precision, recall = evaluation.at_threshold(threshold)
    typer.echo(
        f"score threshold {threshold:.2f} (best F2 on {split}: precision {precision:.3f}, "
        f"recall {recall:.3f}; mAP@0.5 {evaluation.mean_ap:.4f})"
    )
    return threshold


def _parse_batch(text: str) -> int | None:
    if text == "dynamic":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise typer.BadParameter(f"--batch is a number from 1 on or 'dynamic', not '{text}'")
    return int(text)


def _print_measurements(console: Console, weights: Path, folding: FoldingReport) -> None:
    """Each folded layer's difference, and the network's time before and after folding."""
    from rich.table import Table

    from thermoscout_core.learning.folding_speed import folding_times_ms

    layers = Table("layer", "ε", "largest difference", title="Folding, layer by layer")
    for layer in folding.layers:
        layers.add_row(layer.name, f"{layer.epsilon:g}", f"{layer.difference:.1e}")
    console.print(layers)
    times = Table("torch, one frame", "before, ms", "after, ms", "ratio", title="Median time")
    for layout, (before_ms, after_ms) in folding_times_ms(weights).items():
        ratio = f"{before_ms / after_ms:.2f}"
        times.add_row(layout, f"{before_ms:.2f}", f"{after_ms:.2f}", ratio)
    console.print(times)
