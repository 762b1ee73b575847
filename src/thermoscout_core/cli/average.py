"""thermoscout average"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def average(
    weights: Annotated[
        list[Path], typer.Argument(help="best.safetensors of two or more runs, of one start_from.")
    ],
    data: Annotated[Path, typer.Option(help="Dataset folder that the runs were trained on.")],
    output: Annotated[
        Path | None, typer.Option(help="Write the average here, if it beats each run on val.")
    ] = None,
    split: Annotated[str, typer.Option(help="Split that decides; never the test split.")] = "val",
) -> None:
    """Average the weights of several fine-tunings of one detector, and see whether it helped.

    Each run and the average are validated alike; --output is written only if the average is
    better than every run.
    """
    from rich.console import Console
    from rich.table import Table

    from thermoscout_core.learning.training.soup import average_and_validate, write_average

    console = Console(highlight=False)
    with console.status("averaging and validating"):
        soup = average_and_validate(weights, data, split)
    table = Table(title=f"mAP@0.5 on {split}")
    table.add_column("weights")
    table.add_column("mAP@0.5", justify="right")
    for path, value in zip(weights, soup.each, strict=True):
        table.add_row(str(path), f"{value:.4f}")
    table.add_row("their average", f"{soup.averaged:.4f}", style="bold")
    console.print(table)
    if not soup.helped:
        console.print("the average is not better than the best run: nothing to be had here")
    elif output is not None:
        write_average(output, soup, weights)
        console.print(f"wrote {output}")
