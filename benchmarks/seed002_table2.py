"""Table 2 of seed 002 (Zhang and Liu 2020) on this project's data, at a size for two cores.

python benchmarks/seed002_table2.py [--rows mobilenet_alone kenet_alone ...]

Its rows: SSD with MobileNet and with KENet(2,2), trained alone; and KEDet, the same with knowledge
enhancement and beside a teacher. Every row is begun by `thermoscout train` (one epoch) and goes on
by `thermoscout compress config/compression/seed002.yaml` with that one step, so all have as many
epochs. Interrupted ones go on, finished ones are only read; once the teacher is trained, several
processes may do a row each. The epoch is taken on val; test is measured once, at the end of each.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from recipe_runs import compress, thermoscout
from rich.console import Console
from rich.progress import track
from rich.table import Table

from thermoscout_core import machine

STUDENT = Path("config/detector/seed002_student.yaml")
TEACHER = Path("config/detector/seed002_teacher.yaml")
RECIPE = Path("config/compression/seed002.yaml")
KENET: dict[str, Any] = {
    "backbone": "stack",
    "block": "kenet(2, 2)",
    "activation": "relu",
    "widths": [64, 128, 288, 576],
    "depths": [3, 4, 6, 3],
    "imagenet_weights": None,
}
"""Of the student's model: there are no ImageNet weights for it, so it learns from nothing."""


@dataclass(frozen=True)
class Row:
    """One row of the table; paper: its parameters in M and its mAP on VOC07."""

    title: str
    kenet: bool
    taught: bool
    paper: tuple[float, float]


ROWS = {
    "mobilenet_alone": Row("SSD, MobileNet", False, False, (5.8, 68.1)),
    "mobilenet_taught": Row("KEDet, MobileNet", False, True, (6.0, 71.4)),
    "kenet_alone": Row("SSD, KENet(2,2)", True, False, (5.5, 68.5)),
    "kenet_taught": Row("KEDet, KENet(2,2)", True, True, (5.7, 72.7)),
}


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


def trained(recipe: dict[str, Any]) -> Path:
    """Weights of a training that is done now, or was."""
    folder = Path(recipe["output"])
    run = folder / "run.json"
    if not run.is_file() or read(run)["status"] != "finished":
        thermoscout("train", recipe, folder)
    return folder / "best.safetensors"


def begin(row: Row, folder: Path) -> Path:
    """The student after its first epoch: weights."""
    recipe = read(STUDENT)
    recipe["output"] = str(folder)
    if row.kenet:
        recipe["model"] |= KENET
        recipe["schedule"]["backbone_factor"] = 1.0
    if not row.taught:
        recipe["model"]["attention_reduction"] = 0
    return trained(recipe)


def figures(row: Row, begun: Path, folder: Path, epochs: int | None) -> dict[str, Any]:
    """A row of the table: trained, or read where it has been."""
    recipe = read(RECIPE)
    alone, taught = recipe["steps"]
    recipe |= {"model": str(begun), "steps": [taught if row.taught else alone]}
    if epochs:
        recipe["training"]["schedule"]["epochs"] = epochs
    record = compress(recipe, folder, "test")
    step = record.steps[-1]
    assert record.test is not None
    return {
        "title": row.title,
        "parameters": step.measures.parameters,
        "macs": step.measures.macs,
        "p50_ms": step.measures.latencies[0].p50_ms,
        "val_map_50": step.measures.map_50,
        "test_map_50": record.test.compressed_map_50,
        "paper_parameters": row.paper[0] * 1e6,
        "paper_voc07_map_50": row.paper[1] / 100,
        **step.figures,
    }


def show(rows: list[dict[str, Any]]) -> None:
    table = Table(title="Seed 002, table 2: mAP@0.5; the paper's is of VOC07 at 300×300")
    columns = ("row", "parameters", "GMACs", "ms", "val", "test", "paper's parameters", "paper's")
    for title in columns:
        table.add_column(title, justify="left" if title == "row" else "right")
    for row in rows:
        table.add_row(
            row["title"],
            f"{row['parameters'] / 1e6:.2f} M",
            f"{row['macs'] / 1e9:.2f}",
            f"{row['p50_ms']:.1f}",
            f"{row['val_map_50']:.3f}",
            f"{row['test_map_50']:.3f}",
            f"{row['paper_parameters'] / 1e6:.1f} M",
            f"{row['paper_voc07_map_50']:.3f}",
        )
    Console(width=120).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS))
    parser.add_argument("--epochs", type=int, help="after the first; instead of the recipe's")
    parser.add_argument("--output", type=Path, default=Path("runs/seed002"))
    parser.add_argument("--json", type=Path, help="where the figures go")
    arguments = parser.parse_args()

    if any(ROWS[name].taught for name in arguments.rows):
        trained(read(TEACHER))
    made = []
    for name in track(arguments.rows, description="rows"):
        folder = arguments.output / name
        begun = begin(ROWS[name], folder / "begun")
        made.append(figures(ROWS[name], begun, folder, arguments.epochs))
    show(made)
    if arguments.json:
        content = {"machine": machine.describe(), "rows": made}
        arguments.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
