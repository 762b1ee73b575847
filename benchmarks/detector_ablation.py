"""What each part of the detector's recipe is worth: one variant at a time, on the val split.

python benchmarks/detector_ablation.py --recipe config/detector/ablation.yaml --seeds 0 1

Every run is `thermoscout train` in a folder of its own and resumes where it was stopped; finished
runs are only read. Figures are of the averaged weights after the last epoch, not of the best
epoch, so that no variant profits from being looked at more often. What the average is worth costs
no training: the last row is of the base runs' weights themselves. The test split isn't touched.
"""

from __future__ import annotations

import argparse
import copy
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from rich.console import Console
from rich.progress import track
from rich.table import Table

from thermoscout_core import machine
from thermoscout_core.learning.checkpoint import load_network, load_state
from thermoscout_core.learning.data import open_dataset
from thermoscout_core.learning.evaluation.evaluation import Evaluation
from thermoscout_core.learning.torch_prediction import evaluate_network
from thermoscout_core.learning.training.run_folder import EMA, STATE

BASE, RAW = "base", "without EMA"
TABLE_WIDTH = 150


def with_changes(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The base recipe with values replaced by dotted key."""
    recipe = copy.deepcopy(base)
    for dotted, value in changes.items():
        *sections, key = dotted.split(".")
        section = recipe
        for name in sections:
            section = section.setdefault(name, {})
        section[key] = value
    return recipe


def run(recipe: dict[str, Any], name: str, seed: int) -> Path:
    """Train one variant, or go on with it; returns its folder."""
    folder = Path(recipe["output"]) / re.sub(r"\W+", "_", name).strip("_") / f"seed_{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    recipe = {**recipe, "seed": seed, "output": str(folder)}
    written = folder / "recipe.yaml"
    written.write_text(yaml.safe_dump(recipe, sort_keys=False), encoding="utf-8")
    command = [sys.executable, "-m", "thermoscout_core.cli", "train", str(written)]
    with (folder / "output.log").open("a") as log:
        subprocess.run(command, check=True, stdout=log, stderr=subprocess.STDOUT)
    return folder


def evaluate(folder: Path, root: Path, split: str, averaged: bool = True) -> Evaluation:
    """A run's last weights: their running average, or themselves."""
    network, architecture, _ = load_network(folder / EMA)
    if not averaged:
        network.load_state_dict(load_state(folder / STATE)["network"])
    return evaluate_network(network, architecture, open_dataset(root, split))


def row(results: list[Evaluation]) -> dict[str, Any]:
    values = np.array([result.mean_ap for result in results])
    classes = {
        entry.name: float(np.mean([r.classes[index].ap for r in results]))
        for index, entry in enumerate(results[0].classes)
        if entry in results[0].counted
    }
    spread = float(values.std(ddof=1)) if len(values) > 1 else None
    return {"map_50": float(values.mean()), "spread": spread, "classes": classes}


def show(rows: dict[str, dict[str, Any]], split: str) -> None:
    first = next(iter(rows.values()))
    table = Table(title=f"mAP@0.5 on {split}, mean over the seeds")
    console = Console()
    for title in ("variant", "mAP", "± seeds", "Δ", *first["classes"]):
        table.add_column(title, justify="left" if title == "variant" else "right")
    for name, entry in rows.items():
        spread = "–" if entry["spread"] is None else f"{entry['spread']:.3f}"
        delta = entry["map_50"] - first["map_50"]
        cells = [f"{value:.3f}" for value in entry["classes"].values()]
        table.add_row(name, f"{entry['map_50']:.3f}", spread, f"{delta:+.3f}", *cells)
    console.print(table, width=max(console.width, TABLE_WIDTH), crop=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", type=Path, default=Path("config/detector/ablation.yaml"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--only", nargs="+", help="names of variants")
    parser.add_argument("--split", default="val", help="never test: it isn't for choosing")
    parser.add_argument("--json", type=Path, help="where the figures go")
    arguments = parser.parse_args()
    if arguments.split == "test":
        parser.error("the test split isn't for choosing a recipe")
    content = yaml.safe_load(arguments.recipe.read_text(encoding="utf-8"))
    known = content["variants"]
    if unknown := sorted(set(arguments.only or ()) - set(known)):
        parser.error(f"--only: no variant {', '.join(unknown)}; there are {', '.join(known)}")
    variants = {n: c for n, c in known.items() if n in (arguments.only or known)}
    root = Path(content["base"]["data"]["root"])
    jobs = [(name, seed) for seed in arguments.seeds for name in variants]
    found: dict[str, list[Evaluation]] = {name: [] for name in (*variants, RAW)}
    for name, seed in track(jobs, description="training"):
        folder = run(with_changes(content["base"], variants[name]), name, seed)
        found[name].append(evaluate(folder, root, arguments.split))
        if name == BASE:
            found[RAW].append(evaluate(folder, root, arguments.split, averaged=False))
    rows = {name: row(results) for name, results in found.items() if results}
    show(rows, arguments.split)
    if arguments.json:
        setting = {
            "machine": machine.describe(),
            "split": arguments.split,
            "seeds": arguments.seeds,
            "base": content["base"],
        }
        arguments.json.write_text(json.dumps({**setting, "variants": rows}, indent=2))


if __name__ == "__main__":
    main()
