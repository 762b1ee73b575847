"""The step finetune: training and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from thermoscout_core.learning.compression.model import Model
from thermoscout_core.learning.compression.step import Outcome, Step
from thermoscout_core.learning.compression.workbench import Workbench


class Finetune(Step):
    """Train on as the recipe says: the student alone, beside which distillation is measured."""

    do: Literal["finetune"]
    epochs: int | None = Field(None, ge=1)
    """Null: the recipe's."""
    learning_rate: float | None = Field(None, gt=0)
    """Instead of the recipe's."""

    def run(self, model: Model, bench: Workbench, folder: Path) -> Outcome:
        rate = self.learning_rate
        return Outcome(bench.finetune(model, folder / "training", self.epochs, learning_rate=rate))
