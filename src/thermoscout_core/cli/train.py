"""thermoscout train"""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from thermoscout_core.learning.config import TrainConfig
    from thermoscout_core.learning.training.progress import EpochReport
    from thermoscout_core.learning.training.trainer import Trainer


def train(
    recipe: Annotated[
        Path,
        typer.Argument(help="YAML recipe; config/detector/ has some, docs/recipe.md all keys."),
    ],
    output: Annotated[
        Path | None, typer.Option(help="Folder of the run, instead of the recipe's.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Instead of the recipe's.")] = None,
    seeds: Annotated[
        str | None,
        typer.Option(
            metavar="0,1,2",
            help="Train once with each seed, in seed_N/ below the output folder, and tell the "
            "mean and spread on the val split.",
        ),
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Start anew instead of resuming what lies there.")
    ] = False,
    preview: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Train nothing; draw augmented frames with their boxes and priors into DIR.",
        ),
    ] = None,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Also write TensorBoard's event files.")
    ] = False,
) -> None:
    """Train a detector from a recipe, or go on with a run that was stopped.

    Ctrl-C (or SIGTERM) stops after the batch or validation under way and loses nothing: the same
    command goes on from there and ends with the same weights. A second Ctrl-C stops at once, and
    costs what came after the last save (schedule.save_every_minutes).

    The output folder gets best.safetensors (the best epoch on the val split: export this one),
    ema.safetensors (the latest), log.csv and curves.png (every epoch), run.json (recipe, machine,
    timings, best epoch) and state.pt (for resuming).

    First look at the data (thermoscout data check) and at what the network will see (--preview).
    docs/training.md goes through it all. Needs the train extra.

    thermoscout train recipe.yaml --preview look

    thermoscout train recipe.yaml --output runs/mine --seeds 0,1,2
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads starve the data worker
    from rich.console import Console

    from thermoscout_core.learning.config import load_train_config
    from thermoscout_core.learning.training.machine import keep_memory

    keep_memory()
    config = load_train_config(recipe)
    changes: dict[str, object] = {"tensorboard": config.tensorboard or tensorboard}
    if output is not None:
        changes["output"] = output
    if epochs is not None:
        changes["schedule"] = config.schedule.model_copy(update={"epochs": epochs})
    config = config.model_copy(update=changes)
    console = Console(highlight=False)
    if preview is not None:
        _preview(config, preview, console)
    elif seeds is not None:
        _train_seeds(config, _parsed(seeds), restart, console)
    else:
        _train(config, restart, console)


def _parsed(seeds: str) -> list[int]:
    parts = [part.strip() for part in seeds.split(",")]
    if not all(part.isdecimal() for part in parts) or len(set(parts)) < len(parts):
        raise typer.BadParameter("--seeds takes different whole numbers, as 0,1,2")
    return [int(part) for part in parts]


def _train(config: TrainConfig, restart: bool, console: Console) -> None:
    """One run with its progress bar."""
    from thermoscout_core.learning.training.interrupts import StopRequested
    from thermoscout_core.learning.training.run_folder import BEST, CURVES
    from thermoscout_core.learning.training.trainer import Trainer

    with _progress(console) as progress:
        task = progress.add_task("preparing", total=config.schedule.epochs)

        def show(report: EpochReport) -> None:
            progress.update(task, completed=report.epochs_done, description=_line(report))
            if report.val_ap:
                console.print(_validation(report), soft_wrap=True)
            elif report.finished and not console.is_terminal:
                console.print(_line(report), soft_wrap=True)

        trainer = Trainer(config, show)
        _introduce(trainer, restart, console)
        try:
            best = trainer.run()
        except KeyboardInterrupt as interrupt:
            saved = "everything" if isinstance(interrupt, StopRequested) else "the last save"
            console.print(
                f"stopped in epoch {trainer.epoch + 1}; {saved} is in {config.output}. "
                "The same command goes on from there"
            )
            raise typer.Exit(128 + (trainer.interrupts.received or signal.SIGINT)) from None
    console.print(f"best val mAP@0.5 {best:.4f}: {config.output / BEST}", soft_wrap=True)
    console.print(f"curves: {config.output / CURVES}", soft_wrap=True)
    console.print(
        f"next: thermoscout export {config.output / BEST} --data {config.data.root} "
        f"--split {config.data.val_split} --output model.onnx",
        soft_wrap=True,
    )


def _progress(console: Console) -> Progress:
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.percentage:3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=console,
    )


def _introduce(trainer: Trainer, restart: bool, console: Console) -> None:
    """Say what is trained on what, and go on with what lies in the output folder."""
    config = trainer.config
    parameters = sum(parameter.numel() for parameter in trainer.network.parameters())
    console.print(
        f"{len(trainer.frames)} frames an epoch, {len(trainer.material.val)} to validate; "
        f"{parameters / 1e6:.2f} M parameters, {len(trainer.frames.matcher.priors)} priors; "
        f"{trainer.device.type}, {config.schedule.precision}"
    )
    if not restart and trainer.resume():
        console.print(
            f"resuming {config.output} in epoch {trainer.epoch + 1}"
            + (f" after {trainer.sums.batches} batches" if trainer.sums.batches else "")
        )
    for note in trainer.notes:
        console.print(f"note: {note}", style="yellow", soft_wrap=True)


def _line(report: EpochReport) -> str:
    return (
        f"epoch {report.epoch}/{report.epochs}  loss {report.loss:.3f} "
        f"(boxes {report.localisation:.3f}, classes {report.classification:.3f})  "
        f"{report.images_per_s:.1f} frames/s  {report.memory_mb:.0f} MB"
    )


def _validation(report: EpochReport) -> str:
    classes = ", ".join(
        f"{name} {ap:.2f}" for name, ap in report.val_ap.items() if not math.isnan(ap)
    )
    return (
        f"epoch {report.epoch}: loss {report.loss:.3f}, val mAP@0.5 {report.mean_ap:.4f} "
        f"(best {report.best_ap:.4f}); {classes}; {report.seconds:.0f} s, "
        f"{report.images_per_s:.1f} frames/s, {report.memory_mb:.0f} MB"
    )


def _train_seeds(
    config: TrainConfig, seeds: Sequence[int], restart: bool, console: Console
) -> None:
    """One run a seed, then a table over all of them."""
    from rich.table import Table

    from thermoscout_core.learning.training.several_seeds import val_spread, with_seed

    runs = [with_seed(config, seed) for seed in seeds]
    for run in runs:
        console.print(f"seed {run.seed}: {run.output}", style="bold")
        _train(run, restart, console)
    names = [f"seed {seed}" for seed in seeds]
    table = Table(title=f"AP@0.5 on {config.data.val_split}, best epoch of each run")
    for column in ("", *names, "mean", "± (std)"):
        table.add_column(column, justify="right" if column else "left")
    for row in val_spread([run.output for run in runs]):
        cells = [f"{value:.4f}" for value in row.values] or ["–"]
        padding = [""] * (len(seeds) - len(cells))
        table.add_row(row.name, *cells, *padding, f"{row.mean:.4f}", f"{row.deviation:.4f}")
    console.print(table)


def _preview(config: TrainConfig, folder: Path, console: Console) -> None:
    from thermoscout_core.learning.training.preview import COUNTED_FRAMES, write_preview

    made = write_preview(config, folder)
    for warning in made.warnings:
        console.print(f"note: {warning}", style="yellow")
    shares = ", ".join(
        f"{name} {share:.1f}"
        for name, share in made.priors_per_box.items()
        if not math.isnan(share)
    )
    console.print(
        f"priors that learn a box, mean over {COUNTED_FRAMES} frames: {shares}", soft_wrap=True
    )
    for picture in made.pictures:
        console.print(f"wrote {picture}", soft_wrap=True)
