"""Recipes that a benchmark makes of the shipped ones, run as a user runs them, a folder each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from thermoscout_core.learning.compression.records import CompressionRecord
from thermoscout_core.learning.compression.report import read_record


def thermoscout(command: str, recipe: dict[str, Any], folder: Path, *options: str) -> None:
    """`thermoscout COMMAND` with the recipe, which is written into the folder, what it says beside
    it. Interrupted ones go on, finished ones are only read. Ends the benchmark where it fails."""
    folder.mkdir(parents=True, exist_ok=True)
    written, told = folder / f"{command}.yaml", folder / f"{command}.log"
    written.write_text(yaml.safe_dump(recipe, sort_keys=False), encoding="utf-8")
    line = [sys.executable, "-m", "thermoscout_core.cli", command, str(written), *options]
    with told.open("a") as log:
        done = subprocess.run(line, stdout=log, stderr=subprocess.STDOUT)
    if done.returncode:
        last = told.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        raise SystemExit(f"thermoscout {command} {written} failed, see {told}: {' '.join(last)}")


def compress(recipe: dict[str, Any], folder: Path, test_split: str) -> CompressionRecord:
    """What came of a recipe of which the last step is the one to be measured on test."""
    recipe = {**recipe, "output": str(folder)}
    thermoscout("compress", recipe, folder, "--test-split", test_split)
    record = read_record(folder)
    if record.chosen != record.steps[-1].title:
        raise SystemExit(
            f"{folder}: '{record.chosen}' was taken, not '{record.steps[-1].title}'; what was "
            f"measured on test isn't the student. {'; '.join(record.unmet)}"
        )
    return record
