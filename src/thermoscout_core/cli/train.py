"""thermoscout train"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from thermoscout_core.learning.train import EpochReport


def train(
    recipe: Annotated[Path, typer.Argument(help="YAML recipe; see config/detector/.")],
    output: Annotated[
        Path | None, typer.Option(help="Folder of checkpoints and log, instead of the recipe's.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Instead of the recipe's.")] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Start anew instead of resuming what lies there.")
    ] = False,
) -> None:
    """Train a detector from a recipe; resumes a run that was interrupted.

    Leaves best.safetensors (the best on the val split), ema.safetensors (the latest) and log.csv
    in the output folder. Ctrl-C loses nothing but the epoch under way. Needs the train extra.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads starve the data worker
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from thermoscout_core.learning.config import load_train_config
    from thermoscout_core.learning.train import BEST, STATE, Trainer

    config = load_train_config(recipe)
    if output is not None:
        config = config.model_copy(update={"output": output})
    if epochs is not None:
        schedule = config.schedule.model_copy(update={"epochs": epochs})
        config = config.model_copy(update={"schedule": schedule})
    console = Console()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("preparing", total=config.schedule.epochs)

        def show(report: EpochReport) -> None:
            text = f"epoch {report.epoch}/{report.epochs}, loss {report.loss:.3f}"
            progress.update(task, completed=report.epochs_done, description=text)
            if not math.isnan(report.mean_ap):
                console.print(
                    f"epoch {report.epoch}: loss {report.loss:.3f}, val mAP@0.5 "
                    f"{report.mean_ap:.4f} (best {report.best_ap:.4f})"
                )

        if restart:
            (config.output / STATE).unlink(missing_ok=True)
        trainer = Trainer(config, show)
        if trainer.resume():
            console.print(f"resuming {config.output} after epoch {trainer.epoch}")
        try:
            best = trainer.run()
        except KeyboardInterrupt:
            console.print(
                f"stopped; {trainer.epoch} finished epochs are in {config.output}. "
                "The same command goes on from there"
            )
            raise typer.Exit(130) from None
    console.print(f"best val mAP@0.5 {best:.4f}: {config.output / BEST}")
    console.print(f"next: thermoscout export {config.output / BEST} --output model.onnx")
