"""thermoscout export"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export(
    weights: Annotated[Path, typer.Argument(help="best.safetensors of a training run.")],
    output: Annotated[Path, typer.Option(help="The ONNX file to write.")],
    score_threshold: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Deployed score threshold; left out, the one with the best F1 on --data.",
        ),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Dataset folder whose val split chooses the threshold.")
    ] = None,
    split: Annotated[str, typer.Option(help="Split that chooses the threshold.")] = "val",
    iou_threshold: Annotated[float, typer.Option(min=0, max=1, help="NMS.")] = 0.45,
) -> None:
    """Export a trained detector to one self-describing ONNX file.

    Batch norm is folded (seed 000, eq. 1-6); folded against unfolded and ONNX Runtime against
    torch are compared first, and nothing is written if they differ. Needs the train extra.
    """
    from thermoscout_core.learning.checkpoint import load_network
    from thermoscout_core.learning.data import ThermogramDataset
    from thermoscout_core.learning.evaluation.evaluation import evaluate_predictions
    from thermoscout_core.learning.export import export_onnx
    from thermoscout_core.learning.ssd import SsdWithBoxes
    from thermoscout_core.learning.torch_prediction import predict_with_torch

    if score_threshold is None:
        if data is None:
            raise typer.BadParameter(
                "give --score-threshold, or --data to choose it on its val split"
            )
        network, architecture, _ = load_network(weights)
        deployed = SsdWithBoxes(network, architecture.levels).eval()
        dataset = ThermogramDataset(data, split)
        predictions = predict_with_torch(deployed, dataset, architecture.input_size_px)
        evaluation = evaluate_predictions(dataset, predictions)
        score_threshold = evaluation.best_threshold()
        precision, recall = evaluation.at_threshold(score_threshold)
        typer.echo(
            f"score threshold {score_threshold:.2f} (best F1 on {split}: "
            f"precision {precision:.3f}, recall {recall:.3f}; mAP@0.5 {evaluation.mean_ap:.4f})"
        )
    report = export_onnx(
        weights, output, score_threshold=score_threshold, iou_threshold=iou_threshold
    )
    typer.echo(
        f"{report.path}: {report.size_bytes / 1e6:.1f} MB, "
        f"{report.parameters / 1e6:.3f} M parameters, {report.priors} priors; "
        f"folding changed {report.fold_difference:.1e}, "
        f"ONNX Runtime differs by {report.onnx_difference:.1e}"
    )
