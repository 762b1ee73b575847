"""thermoscout compress"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from thermoscout_core.learning.compression.records import CompressionRecord
    from thermoscout_core.learning.training.progress import EpochReport

WIDEST = 200
"""Of the table, whatever the terminal has: a line may wrap, a figure must not be cut."""


def compress(
    recipe: Annotated[
        Path,
        typer.Argument(help="YAML recipe; config/compression/ has some, docs/compression.md all."),
    ],
    model: Annotated[
        Path | None, typer.Option(help="best.safetensors to compress, instead of the recipe's.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Folder of models and report, instead of the recipe's.")
    ] = None,
    test_split: Annotated[
        str | None,
        typer.Option(
            help="In the end, measure the dense and the taken model once on this split. Choose "
            "nothing by it."
        ),
    ] = None,
    beside: Annotated[
        list[Path] | None,
        typer.Option(
            "--with",
            metavar="FOLDER|MODEL",
            help="To plot beside: another recipe's output, or an exported detector (ONNX file, or "
            "float32, int8, small), which is measured. Several times.",
        ),
    ] = None,
) -> None:
    """Compress a trained detector: a recipe of steps, each measured, and the losers refused.

    Each step's model is taken to ONNX through gates (torch, batch norm folded, ONNX Runtime: the
    same outputs and the same val mAP), counted and timed beside the dense one. A step that is
    slower or blinder than its budget is refused, and the next goes on from the last good model.

    Ctrl-C (or SIGTERM) loses nothing: the same command goes on. The folder gets a subfolder a
    step, report.md, pareto.png, compression.json, and compressed.onnx: the fastest model that
    meets the goal. Exit code 2 if none does. Needs the compress extra.

    thermoscout compress config/compression/int8.yaml

    thermoscout compress config/compression/prune_int8.yaml --model runs/mine/best.safetensors

    thermoscout compress config/compression/methods.yaml --with runs/mine --with small
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads starve the data worker
    from rich.console import Console

    from thermoscout_core.learning.compression.pipeline import ONNX, Pipeline
    from thermoscout_core.learning.compression.ready import measure_ready, ready_files
    from thermoscout_core.learning.compression.recipe import load_recipe
    from thermoscout_core.learning.compression.report import read_record, write_report
    from thermoscout_core.learning.compression.step import CompressionError
    from thermoscout_core.learning.compression.workbench import Workbench
    from thermoscout_core.learning.training.interrupts import StopRequested
    from thermoscout_core.learning.training.machine import keep_memory

    keep_memory()
    wanted = load_recipe(recipe)
    changes = {"model": model, "output": output}
    given = {name: value for name, value in changes.items() if value is not None}
    wanted = wanted.model_copy(update=given)
    files = ready_files(beside or ())
    others = [read_record(path) for path in beside or () if path not in files]
    console = Console(highlight=False)

    def stop(number: int, _: object) -> None:
        """SIGTERM does between trainings what Ctrl-C does."""
        raise StopRequested(signal.Signals(number))

    def say(line: str) -> None:
        console.print(line, soft_wrap=True)

    with console.status("compressing") as status:

        def show(report: EpochReport) -> None:
            status.update(
                f"epoch {report.epoch}/{report.epochs}, batch {report.batch}/{report.batches}, "
                f"loss {report.loss:.3f}"
            )
            if report.val_ap:
                say(f"  epoch {report.epoch}: val mAP@0.5 {report.mean_ap:.4f}")

        bench = Workbench(wanted.data, wanted.training, say, show)
        before = signal.signal(signal.SIGTERM, stop)
        try:
            record = Pipeline(wanted, bench).run(test_split)
            dense = wanted.output / record.dense.folder / ONNX
            ready = [
                measure_ready(given.stem, path, dense, bench, wanted.latency)
                for given, path in files.items()
            ]
        except KeyboardInterrupt as interrupt:
            say(f"stopped; what is done lies in {wanted.output}. The same command goes on")
            received = getattr(interrupt, "received", signal.SIGINT)
            raise typer.Exit(128 + received) from None
        finally:
            signal.signal(signal.SIGTERM, before)
        report = write_report(record, wanted.output, others, ready)
    _print_table(record, console)
    console.print(f"report: {report}", soft_wrap=True)
    if record.chosen is None:
        raise CompressionError(f"no model meets the goal: {'; '.join(record.unmet)}")
    console.print(f"taken: {record.chosen}, {wanted.output / 'compressed.onnx'}", soft_wrap=True)


def _print_table(record: CompressionRecord, console: Console) -> None:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    from thermoscout_core.learning.compression.report import HEADINGS, row_of, verdict_of

    table = Table(box=SIMPLE, pad_edge=False)
    for number, heading in enumerate(HEADINGS):
        table.add_column(heading, justify="right" if number else "left", no_wrap=True)
    for step in (record.dense, *record.steps):
        table.add_row(*row_of(step, record))
    Console(highlight=False, width=max(console.width, WIDEST)).print(table)
    for step in record.steps:
        console.print(f"{step.title}: {verdict_of(step, record)}", soft_wrap=True)
    if record.test is not None:
        test = record.test
        console.print(
            f"{test.split} ({test.images} images): dense {test.dense_map_50:.4f}, "
            f"compressed {test.compressed_map_50:.4f}"
        )
