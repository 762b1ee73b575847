"""What a teacher is worth: one student trained on alone and taught, with several seeds.

python benchmarks/distillation.py --model runs/shipped/best.safetensors

The student is that detector with half of the filters of its later blocks; the teacher is the
detector itself (config/compression/student_alone.yaml and student_taught.yaml). Both trainings
begin with the same weights and differ in the teacher alone. Every training is `thermoscout
compress` in a folder of its own: interrupted ones go on, finished ones are only read. The epoch is
taken on val; test is measured once, at the end of each.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from recipe_runs import compress
from rich.console import Console
from rich.progress import track
from rich.table import Table

from thermoscout_core import machine
from thermoscout_core.learning.compression.records import CompressionRecord

ALONE = Path("config/compression/student_alone.yaml")
TAUGHT = Path("config/compression/student_taught.yaml")


def run(recipe: dict[str, Any], folder: Path, seed: int, test_split: str) -> CompressionRecord:
    """One recipe with one seed, or what its folder already holds."""
    recipe = {**recipe, "training": {**recipe["training"], "seed": seed}}
    return compress(recipe, folder, test_split)


def figures(records: Sequence[CompressionRecord]) -> dict[str, Any]:
    """Means and standard deviations over the seeds."""
    val = np.array([record.steps[-1].measures.map_50 for record in records])
    test = np.array([record.test.compressed_map_50 for record in records if record.test])
    rows = {"val": val, "test": test}
    return {
        split: {"each": values.tolist(), "mean": values.mean(), "std": values.std(ddof=1)}
        for split, values in rows.items()
    }


def show(rows: dict[str, dict[str, Any]]) -> None:
    table = Table(title="mAP@0.5, mean ± standard deviation over the seeds")
    for title in ("student", "val", "test"):
        table.add_column(title, justify="left" if title == "student" else "right")
    for name, row in rows.items():
        table.add_row(name, *(f"{row[s]['mean']:.4f} ± {row[s]['std']:.4f}" for s in row))
    gains = (rows["taught"][s]["mean"] - rows["alone"][s]["mean"] for s in ("val", "test"))
    table.add_row("gain", *(f"{gain:+.4f}" for gain in gains), style="bold")
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="weights that both begin with")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--test-split", default="test")
    parser.add_argument("--output", type=Path, default=Path("runs/distillation"))
    parser.add_argument("--json", type=Path, help="where the figures go")
    arguments = parser.parse_args()
    if len(arguments.seeds) < 2:
        parser.error("--seeds: one seed can't tell a gain from luck; give at least two")
    recipes = {path: yaml.safe_load(path.read_text(encoding="utf-8")) for path in (ALONE, TAUGHT)}
    for recipe in recipes.values():
        recipe["model"] = str(arguments.model)

    rows = {}
    for name, path in (("alone", ALONE), ("taught", TAUGHT)):
        jobs = [(arguments.output / f"{name}_{seed}", seed) for seed in arguments.seeds]
        rows[name] = figures(
            [
                run(recipes[path], *job, arguments.test_split)
                for job in track(jobs, description=name)
            ]
        )
    show(rows)
    if arguments.json:
        setting = {"machine": machine.describe(), "seeds": arguments.seeds}
        content = {**setting, "students": rows}
        arguments.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
