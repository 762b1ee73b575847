"""thermoscout train and average, as they are typed."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from thermoscout_core.cli import app
from thermoscout_core.learning.checkpoint import load_network
from thermoscout_core.learning.config import TrainConfig
from thermoscout_core.learning.recipe_page import DOCS, recipe_page
from thermoscout_core.learning.training.run_folder import BEST, STATE

ROOT = Path(__file__).parents[3]
Recipe = Callable[..., TrainConfig]


@pytest.fixture
def written(recipe: Recipe, small_dataset: Path, tmp_path: Path) -> Path:
    config = recipe(small_dataset, tmp_path / "run", schedule={"epochs": 1})
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(config.model_dump(mode="json")))
    return path


def run(*arguments: object) -> str:
    result = CliRunner().invoke(
        app, [str(argument) for argument in arguments], env={"COLUMNS": "200"}
    )
    assert result.exit_code == 0, result.output
    return result.output


def test_training_tells_its_size_speed_and_next_step(written: Path, tmp_path: Path) -> None:
    said = run("train", written)
    for expected in ("10 frames an epoch", "priors", "frames/s", "MB", "thermoscout export"):
        assert expected in said
    assert (tmp_path / "run" / BEST).is_file()


def test_a_finished_run_is_only_looked_at(written: Path, tmp_path: Path) -> None:
    run("train", written)
    state = (tmp_path / "run" / STATE).read_bytes()
    assert "resuming" in run("train", written)
    assert (tmp_path / "run" / STATE).read_bytes() == state
    assert "resuming" not in run("train", written, "--restart")


def test_several_seeds_give_a_table_and_an_average_is_judged(
    written: Path, small_dataset: Path, tmp_path: Path
) -> None:
    said = run("train", written, "--seeds", "0,1")
    assert "mAP@0.5" in said and "± (std)" in said
    paths = [tmp_path / "run" / f"seed_{seed}" / BEST for seed in (0, 1)]
    for path in paths:
        load_network(path)
    assert "their average" in run("average", *paths, "--data", small_dataset)


def test_a_preview_draws_frames_and_trains_nothing(written: Path, tmp_path: Path) -> None:
    said = run("train", written, "--preview", tmp_path / "look")
    assert "priors that learn a box" in said
    assert (tmp_path / "look" / "preview_1.png").read_bytes().startswith(b"\x89PNG")
    assert not (tmp_path / "run").exists()


def test_seeds_that_are_no_numbers_are_refused(written: Path) -> None:
    result = CliRunner().invoke(app, ["train", str(written), "--seeds", "0,zwei"])
    assert result.exit_code == 2 and "--seeds takes" in result.output


def test_the_page_of_the_recipe_is_up_to_date() -> None:
    assert (ROOT / DOCS).read_text(encoding="utf-8") == recipe_page()
