"""Writes docs/compression_recipe.md from the sections and steps of a compression recipe.

``python -m thermoscout_core.learning.compression.recipe_page .`` in the repository's root.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import get_args

from thermoscout_core.learning.compression.distillation.teaching import Teaching
from thermoscout_core.learning.compression.filters.target import SensitivityTarget
from thermoscout_core.learning.compression.latency import LatencySection
from thermoscout_core.learning.compression.latency_choice import LatencyTarget
from thermoscout_core.learning.compression.recipe import AnyStep, Recipe
from thermoscout_core.learning.compression.step import Budget, Step
from thermoscout_core.learning.compression.weights.step import SweepSection
from thermoscout_core.learning.compression.workbench import TrainingSection
from thermoscout_core.learning.recipe_page import section_table

DOCS = Path("docs/compression_recipe.md")
HEAD = """# The compression recipe, key by key

Written from the classes of `src/thermoscout_core/learning/compression/` by
`python -m thermoscout_core.learning.compression.recipe_page .`; edit those files, not this page.
[compression.md](compression.md) tells how to use it. `data` and the sections of `training` are
those of a training recipe: [recipe.md](recipe.md).

An unknown key or step, a value out of range, and an order of steps that can't be are refused
before anything runs. `model`, `data.root`, `steps` and `output` have no default.
"""
COMMON = ("name", "budget", "from_dense")


def recipe_page() -> str:
    """The page docs/compression_recipe.md."""
    steps = get_args(get_args(AnyStep)[0])
    parts = [
        HEAD,
        section_table("top level", Recipe),
        section_table("`training:`", TrainingSection),
        section_table("`training.distillation:`", Teaching),
        section_table("`latency:`", LatencySection),
        section_table("`budget:` and `goal:`", Budget),
        section_table("every step", Step, leave_out=("do",)),
    ]
    for step in steps:
        (kind,) = get_args(step.model_fields["do"].annotation)
        parts.append(section_table(f"`do: {kind}`", step, leave_out=("do", *COMMON)))
    parts += [
        section_table("`sensitivity:` of prune_weights", SweepSection),
        section_table("`sensitivity:` of prune_filters", SensitivityTarget),
        section_table("`latency:` of prune_filters", LatencyTarget),
    ]
    return "\n".join(parts)


if __name__ == "__main__":
    (Path(sys.argv[1]) / DOCS).write_text(recipe_page(), encoding="utf-8")
