"""Recipes: what is refused, the page of their keys, those that are shipped."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from thermoscout_core.errors import ConfigurationError
from thermoscout_core.learning.compression.recipe import load_recipe
from thermoscout_core.learning.compression.recipe_page import DOCS, recipe_page

ROOT = Path(__file__).parents[3]


PRUNE = {"do": "prune_weights", "keep_ratio": 0.4, "rounds": 1, "epochs": 0}


QUANTISE = {"do": "quantise", "frames": 2}


Recipe = Callable[..., Path]


@pytest.mark.parametrize(
    ("steps", "changes", "message"),
    [
        (({"do": "melt"},), {}, "steps.0: Input tag 'melt'"),
        ((QUANTISE, PRUNE), {}, "'prune_weights' changes the network and can't come after"),
        ((PRUNE, PRUNE), {}, "two are called 'prune_weights'"),
        ((), {}, "steps: Tuple should have at least 1 item"),
        ((PRUNE,), {"latency": {"runtimes": ["abacus"]}}, "'abacus' doesn't run ONNX files"),
        ((PRUNE,), {"budgte": {}}, "budgte: Extra inputs"),
        (({**PRUNE, "keep_ratio": 2},), {}, "keep_ratio: Input should be less than or equal to 1"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(
    recipe: Recipe, steps: Any, changes: Any, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=r"recipe\.yaml") as caught:
        load_recipe(recipe(*steps, **changes))
    assert message in str(caught.value)


def test_the_page_of_keys_is_that_of_the_code() -> None:
    assert (ROOT / DOCS).read_text(encoding="utf-8") == recipe_page()


def test_every_shipped_recipe_is_valid() -> None:
    recipes = sorted((ROOT / "config" / "compression").glob("*.yaml"))
    assert recipes
    for path in recipes:
        load_recipe(path)
