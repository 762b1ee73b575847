"""The files of a run, written whole or not at all (see checkpoint.write_whole)."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from thermoscout_core.errors import ModelError
from thermoscout_core.learning.checkpoint import load_state, save_state, save_weights
from thermoscout_core.learning.config import TrainConfig
from thermoscout_core.learning.design import Architecture
from thermoscout_core.learning.ssd import Ssd
from thermoscout_core.learning.training import machine, summary
from thermoscout_core.learning.training.curves import draw_curves
from thermoscout_core.learning.training.history import EpochRecord, write_log
from thermoscout_core.learning.training.material import Material
from thermoscout_core.learning.training.run_folder import CURVES, EMA, LOG, STATE, SUMMARY
from thermoscout_core.learning.training.step import precision_of


class RunFiles:
    """Every write raises CheckpointError when it fails, and leaves the file before."""

    def __init__(
        self,
        config: TrainConfig,
        architecture: Architecture,
        material: Material,
        network: Ssd,
        device: torch.device,
    ) -> None:
        self.folder, self.architecture, self.material = config.output, architecture, material
        self.recipe = config.portable()
        self._about = {
            "seed": config.seed,
            "network": summary.describe_network(network, architecture),
            "data": summary.describe_data(config, material),
            "machine": {
                **machine.describe(device),
                "threads": config.threads,
                "precision": precision_of(config.schedule, device),
            },
            "versions": machine.versions(),
            "recipe": self.recipe,
        }

    def write_state(self, state: dict[str, Any]) -> None:
        """Everything that resuming needs."""
        about = {"architecture": self.architecture.as_dict(), "recipe": json.dumps(self.recipe)}
        save_state(self.folder / STATE, {**about, **state})

    def read_state(self) -> tuple[dict[str, Any], list[str]] | None:
        """The state and what the recipe has changed since, a line each; None without a state.

        Raises ModelError when it is of another architecture or can't be read.
        """
        path = self.folder / STATE
        if not path.is_file():
            return None
        state = load_state(path)
        if "history" not in state:
            raise ModelError(
                f"{path}: written by an earlier version; finish the run with that one, or begin "
                f"with start_from: {self.folder / EMA} in another output folder"
            )
        if state["architecture"] != self.architecture.as_dict():
            raise ModelError(
                f"{path}: the run there has another architecture or other priors; "
                "choose another output folder, or start anew with --restart"
            )
        return state, recipe_changes(json.loads(state["recipe"]), self.recipe)

    def write_weights(
        self, name: str, weights: dict[str, Tensor], epoch: int, val_map_50: float
    ) -> None:
        """val_map_50: of these weights, NaN where they weren't validated."""
        known = None if math.isnan(val_map_50) else val_map_50
        notes = {"epoch": epoch, "val_map_50": known, "recipe": self.recipe}
        save_weights(self.folder / name, weights, self.architecture, notes)

    def write_history(self, history: Sequence[EpochRecord], status: str) -> None:
        """log.csv, curves.png and run.json."""
        if history:
            write_log(self.folder / LOG, history, self.material.classes)
            draw_curves(self.folder / CURVES, history, self.material.classes)
        content = {
            "status": status,
            "epochs": len(history),
            "best": summary.best_epoch(history),
            "timings": summary.timings(history),
            **self._about,
        }
        summary.write_summary(self.folder / SUMMARY, content)


def recipe_changes(before: dict[str, Any], now: dict[str, Any], where: str = "") -> list[str]:
    """What a recipe says now that it didn't say when the run was stopped, a line each."""
    lines = []
    for key, value in now.items():
        old = before.get(key)
        if isinstance(value, dict) and isinstance(old, dict):
            lines += recipe_changes(old, value, f"{where}{key}.")
        elif json.loads(json.dumps(value)) != old and key != "output":
            lines.append(f"the recipe has changed: {where}{key} is {value}, was {old}")
    return lines
