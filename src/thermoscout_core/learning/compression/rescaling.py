"""The step rescale: the multipliers of width and resolution (Howard et al. 2017), the cheap way
that every other method must beat at equal time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

import torch
from pydantic import Field

from thermoscout_core.detection.priors import PriorLevel
from thermoscout_core.learning.compression.model import Model
from thermoscout_core.learning.compression.step import CompressionError, Outcome, Step
from thermoscout_core.learning.compression.workbench import Workbench
from thermoscout_core.learning.ssd import FeatureMaps, Ssd


class Rescale(Step):
    """A network of the same design, narrower or for a smaller input, trained."""

    do: Literal["rescale"]
    width: float = Field(1.0, gt=0)
    """Multiplies the design's own width; other than 1 it begins with random weights."""
    input_size_px: tuple[int, int] | None = None
    """(width, height); null: as it is. The weights stay, priors keep their share of the image."""
    epochs: int | None = Field(None, ge=0)
    """Null: the recipe's."""
    learning_rate: float | None = Field(None, gt=0)
    """Instead of the recipe's."""

    def run(self, model: Model, bench: Workbench, folder: Path) -> Outcome:
        if self.width == 1.0 and self.input_size_px in (None, model.architecture.input_size_px):
            raise CompressionError("rescale: give a width other than 1 or another input_size_px")
        if self.width != 1.0 and model.architecture.layers:
            raise CompressionError(
                "rescale: the width of a network with changed layers can't be multiplied; put "
                "this step first, or in a recipe of its own"
            )
        tuned = bench.finetune(
            rescaled(model, self.width, self.input_size_px),
            folder / "training",
            self.epochs,
            learning_rate=self.learning_rate,
        )
        return Outcome(tuned)


def rescaled(model: Model, width: float, input_size_px: tuple[int, int] | None) -> Model:
    """The untrained model. Raises ModelError for an input too small for the design."""
    before = model.architecture
    size_px = input_size_px or before.input_size_px
    design = replace(before.design, width=before.design.width * width)
    maps = FeatureMaps(design).map_sizes(*size_px)
    levels = tuple(
        PriorLevel(columns, rows, level.sizes)
        for (columns, rows), level in zip(maps, before.levels, strict=True)
    )
    architecture = replace(before, design=design, input_size_px=size_px, levels=levels)
    torch.manual_seed(0)
    network = Ssd.build(architecture)
    if width == 1.0:
        network.load_state_dict(model.network.state_dict())
    return Model(network.eval(), architecture)
