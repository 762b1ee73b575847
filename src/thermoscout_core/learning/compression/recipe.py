"""A compression recipe, read from YAML and checked before anything runs."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field, ValidationError

from thermoscout_core.errors import ConfigurationError
from thermoscout_core.learning.compression.distillation.step import Distil
from thermoscout_core.learning.compression.factorisation.step import Factorise
from thermoscout_core.learning.compression.filters.step import PruneFilters
from thermoscout_core.learning.compression.latency import LatencySection
from thermoscout_core.learning.compression.net2net import Net2Net
from thermoscout_core.learning.compression.quantising import Quantise
from thermoscout_core.learning.compression.rescaling import Rescale
from thermoscout_core.learning.compression.step import Budget, Section, Step
from thermoscout_core.learning.compression.tuning import Finetune
from thermoscout_core.learning.compression.weights.step import PruneWeights
from thermoscout_core.learning.compression.workbench import TrainingSection
from thermoscout_core.learning.config import DataSection

AnyStep = Annotated[
    PruneWeights | PruneFilters | Factorise | Distil | Net2Net | Rescale | Finetune | Quantise,
    Field(discriminator="do"),
]


class Recipe(Section):
    """A whole recipe; paths are taken relative to the working directory."""

    model: Path
    """best.safetensors of a training: the dense model."""
    data: DataSection
    """As in a training recipe: what is fine-tuned on, and the split that judges."""
    training: TrainingSection = TrainingSection()
    """How steps fine-tune."""
    latency: LatencySection = LatencySection()
    """How models are timed."""
    budget: Budget = Budget()
    """What each step is held to; the next one goes on from the last that kept to it."""
    goal: Budget = Budget()
    """What the model that is taken in the end must reach."""
    steps: tuple[AnyStep, ...] = Field(min_length=1)
    """What is done, one after the other."""
    output: Path
    """Folder of models, report and what resuming needs."""


def load_recipe(path: Path) -> Recipe:
    """Raises ConfigurationError naming the file and every offending key, for steps in an order
    that can't be, and for a runtime that isn't there."""
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path}: can't be read as YAML: {error}") from error
    try:
        recipe = Recipe.model_validate(content)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in entry['loc']) or 'recipe'}: {entry['msg']}"
            for entry in error.errors()
        )
        raise ConfigurationError(f"{path}: {problems}") from error
    try:
        check_order(recipe.steps)
        recipe.latency.check()
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    return recipe


def check_order(steps: tuple[Step, ...]) -> None:
    """Raises ConfigurationError where a step needs the network and the one before left only a
    file, and for two steps of one name."""
    for before, after in pairwise(steps):
        if before.deploys and not (after.deploys or after.from_dense):
            raise ConfigurationError(
                f"steps: '{after.title}' changes the network and can't come after "
                f"'{before.title}', which writes the final file; put it before, or let it begin "
                "from_dense"
            )
    titles = [step.title for step in steps]
    for title in titles:
        if titles.count(title) > 1:
            raise ConfigurationError(f"steps: two are called '{title}'; give them a name each")
