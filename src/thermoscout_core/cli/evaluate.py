"""thermoscout evaluate"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    data: Annotated[
        Path, typer.Option(help="Dataset folder: counts/ and annotations/ (VOC, COCO, YOLO too).")
    ],
    split: Annotated[
        str | None,
        typer.Option(
            help="Name in splits/, or several by commas: each and all together. "
            "Left out: val if the folder has it, else the whole folder."
        ),
    ] = None,
    model: Annotated[
        list[Path] | None,
        typer.Option(
            help="ONNX file; left out, the shipped detector. Given again, the models are compared."
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Folder for evaluation.json and pictures.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    score_threshold: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Of precision, recall; left out, the model's own."),
    ] = None,
    looks: Annotated[
        int | None,
        typer.Option(
            help="How often each frame is looked at: 1, as the robot does unless told otherwise, "
            "2 or 12, as `inspect` does. Left out: as often as the model can.",
            metavar="1|2|12",
        ),
    ] = None,
    hot_k: Annotated[
        float, typer.Option(min=0, help="A box so many K hotter than its surroundings is hot.")
    ] = 10.0,
    bootstrap: Annotated[
        int, typer.Option(min=0, help="Replicates for the 95 % intervals; 0: none.")
    ] = 1000,
    block: Annotated[
        int, typer.Option(min=1, help="Neighbouring frames drawn together by the bootstrap.")
    ] = 12,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 2,
) -> None:
    """Measure detectors on annotated thermograms. Needs no torch.

    VOC mAP@0.5 (all-point, 11-point) and COCO AP, per class and size, with
    95 % intervals from blocks of neighbouring frames; precision and recall
    at the deployed threshold; recall on what is hot. Difficult boxes are
    ignored; means are over classes with at least 5 boxes.

    docs/evaluation.md says what each figure means.
    """
    from rich.console import Console
    from rich.progress import Progress

    from thermoscout_core.cli.evaluation_tables import print_comparison, print_model
    from thermoscout_core.learning.evaluation import pictures, run
    from thermoscout_core.learning.evaluation.record import ComparisonRecord

    if output is not None:
        pictures.prepare_output(output)
    splits = None if split is None else [name.strip() for name in split.split(",")]
    request = run.Request(data, splits, score_threshold, hot_k, bootstrap, block, looks)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        models = run.measure_models(
            request,
            model or (None,),
            threads,
            lambda samples, name: progress.track(samples, description=name),
        )
        record = run.record_of(models, request)
        if output is not None:
            pictures.write_record(output / pictures.JSON_FILE, record)
            for measured in progress.track(models, description="drawing"):
                model_id = measured.detector.model_id
                folder = output if len(models) == 1 else output / model_id
                pictures.write_pictures(folder, measured.whole, model_id)
    if json:
        typer.echo(record.model_dump_json(indent=2))
        return
    console = Console()
    if isinstance(record, ComparisonRecord):
        print_comparison(console, record)
    else:
        print_model(console, record)
    if output is not None:
        console.print(f"{pictures.JSON_FILE} and pictures are in {output}")
