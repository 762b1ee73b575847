"""Recipes of the tests: the smallest network that still is one, trained for seconds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from thermoscout_core.learning.config import TrainConfig


@pytest.fixture(scope="session")
def recipe() -> Callable[..., TrainConfig]:
    """A function of dataset, output and sections whose keys are laid over those here."""
    return make_recipe


def make_recipe(dataset: Path, output: Path, **changes: Any) -> TrainConfig:
    content: dict[str, Any] = {
        "data": {"root": dataset, "simulated_ratio": 0.25},
        "model": {"width": 0.25, "input_size_px": [96, 96]},
        "schedule": {"epochs": 2, "batch_size": 4, "validate_every": 1},
        "output": output,
        "workers": 0,
        "threads": 1,
    }
    for name, value in changes.items():
        laid_over = isinstance(value, dict) and name in content
        content[name] = {**content[name], **value} if laid_over else value
    return TrainConfig.model_validate(content)
