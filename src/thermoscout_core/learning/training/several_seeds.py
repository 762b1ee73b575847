"""One recipe with several seeds: how much of a result is luck."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from thermoscout_core.learning.config import TrainConfig
from thermoscout_core.learning.training.run_folder import SUMMARY


@dataclass(frozen=True)
class Spread:
    """Mean and sample standard deviation over the runs that have a value; the deviation is NaN
    for fewer than two."""

    name: str
    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        return mean(self.values) if self.values else math.nan

    @property
    def deviation(self) -> float:
        return stdev(self.values) if len(self.values) > 1 else math.nan


def with_seed(config: TrainConfig, seed: int) -> TrainConfig:
    """The recipe with that seed, in the subfolder ``seed_N`` of its output."""
    return config.model_copy(update={"seed": seed, "output": config.output / f"seed_{seed}"})


def val_spread(folders: Sequence[Path]) -> list[Spread]:
    """Of the finished runs' best validations: val mAP@0.5 first, then AP@0.5 of each class."""
    best: list[dict[str, Any]] = [
        json.loads((folder / SUMMARY).read_text(encoding="utf-8"))["best"] for folder in folders
    ]
    rows = [Spread("mAP@0.5", _known([run["val_map_50"] for run in best]))]
    for name in best[0]["val_ap"]:
        rows.append(Spread(name, _known([run["val_ap"][name] for run in best])))
    return rows


def _known(values: Sequence[float | None]) -> tuple[float, ...]:
    return tuple(value for value in values if value is not None)
