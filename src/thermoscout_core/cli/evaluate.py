"""thermoscout evaluate"""

from __future__ import annotations

import json as json_module
import math
from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    data: Annotated[
        Path, typer.Option(help="Dataset folder: counts/, annotations/, splits/, classes.txt.")
    ],
    split: Annotated[str, typer.Option(help="Name in splits/.")] = "val",
    model: Annotated[
        Path | None, typer.Option(help="ONNX file; left out, the shipped detector.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 2,
) -> None:
    """Measure a detector on a split: VOC mAP@0.5 (all-point and 11-point) and AP per class.

    Difficult boxes are ignored; the mean is over classes with at least 5 boxes. Precision and
    recall are given at the model's own score threshold. Needs no torch.
    """
    from rich.console import Console
    from rich.progress import track
    from rich.table import Table

    from thermoscout_core.detection.detector import Detector
    from thermoscout_core.learning.data import ThermogramDataset
    from thermoscout_core.learning.evaluate import (
        SCORE_FLOOR,
        evaluate_predictions,
        predict_dataset,
    )

    dataset = ThermogramDataset(data, split)
    deployed = Detector.load(model, threads=threads)
    detector = Detector.load(model, score_threshold=SCORE_FLOOR, threads=threads)
    samples = track(dataset.samples, "detecting", console=Console(stderr=True), transient=True)
    predictions = predict_dataset(detector, dataset, samples)
    evaluation = evaluate_predictions(dataset, predictions)
    precision, recall = evaluation.at_threshold(deployed.score_threshold)
    content = {
        "model": detector.model_id,
        "data": str(data),
        "split": split,
        "score_floor": SCORE_FLOOR,
        "match_iou": 0.5,
        "nms_iou": detector.selection.iou_threshold,
        "score_threshold": deployed.score_threshold,
        "precision": round(precision, 6),
        "recall": round(recall, 6),
        **evaluation.as_dict(),
    }
    if json:
        typer.echo(json_module.dumps(content, indent=2))
        return
    table = Table(title=f"{detector.model_id} on {data} / {split}, {len(dataset)} images")
    for column in ("class", "boxes", "AP@0.5", "11-point"):
        table.add_column(column, justify="left" if column == "class" else "right")
    for result in evaluation.classes:
        table.add_row(
            result.name, str(result.boxes), _shown(result.ap), _shown(result.ap_11_point)
        )
    means = (f"{evaluation.mean_ap:.4f}", f"{evaluation.mean_ap_11_point:.4f}")
    table.add_row("mean (≥ 5 boxes)", str(sum(r.boxes for r in evaluation.counted)), *means)
    console = Console()
    console.print(table)
    console.print(
        f"at the deployed score threshold {deployed.score_threshold:.2f}: "
        f"precision {precision:.3f}, recall {recall:.3f}"
    )


def _shown(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"
