"""thermoscout unfold"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def unfold(
    model: Annotated[
        str, typer.Argument(help="ONNX file of 'thermoscout export', or float32: the shipped one.")
    ],
    data: Annotated[Path, typer.Option(help="Dataset folder that it was trained on.")],
    output: Annotated[Path, typer.Option(help="The weights to write (.safetensors).")],
    split: Annotated[str, typer.Option(help="Split of --data that is looked at.")] = "train",
    frames: Annotated[
        int, typer.Option(min=1, help="Augmented frames that the batch norms are measured on.")
    ] = 128,
) -> None:
    """Make weights that can be trained again from an exported detector.

    Batch norm, which export folds away, is put back with the statistics of --data; the answers
    stay the same, and are compared before anything is written. The result is for a recipe's
    start_from, for 'thermoscout compress --model' and for 'thermoscout export'.

    thermoscout unfold float32 --data my_frames --output runs/shipped/best.safetensors
    """
    from rich.console import Console

    from thermoscout_core.detection.detector import model_file
    from thermoscout_core.learning.checkpoint import save_weights
    from thermoscout_core.learning.data import open_dataset
    from thermoscout_core.learning.unfolding import unfold as unfolded

    console = Console(highlight=False)
    path = model_file(model)
    with console.status("measuring the batch norms"):
        made = unfolded(path, open_dataset(data, split).samples, frames)
    output.parent.mkdir(parents=True, exist_ok=True)
    notes = {**made.notes, "unfolded_from": path.name}
    save_weights(output, made.network.state_dict(), made.architecture, notes)
    console.print(f"wrote {output}: the outputs are those of {path.name} to {made.difference:.1e}")
