"""A real, tiny training run: it learns, resumes to the same result, and stops on nonsense."""

import csv
import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

import yaml  # noqa: E402

from thermoscout_core.errors import ConfigurationError, ModelError  # noqa: E402
from thermoscout_core.learning.checkpoint import load_network, load_weights  # noqa: E402
from thermoscout_core.learning.config import TrainConfig, load_train_config  # noqa: E402
from thermoscout_core.learning.train import (  # noqa: E402
    BEST,
    EMA,
    LOG,
    EpochReport,
    Trainer,
    TrainingDiverged,
)


def recipe(dataset: Path, output: Path, **schedule: float) -> TrainConfig:
    return TrainConfig.model_validate(
        {
            "data": {"root": dataset, "simulated_ratio": 0.25},
            "model": {"width": 0.25, "input_size_px": [192, 160]},
            "schedule": {"epochs": 2, "batch_size": 4, "validate_every": 1, **schedule},
            "output": output,
            "workers": 0,
            "threads": 1,
        }
    )


def quiet(_: EpochReport) -> None:
    return None


def test_the_loss_falls(small_dataset: Path, tmp_path: Path) -> None:
    config = recipe(small_dataset, tmp_path, epochs=6, learning_rate=0.005, warmup_epochs=0.5)
    Trainer(config, quiet).run()
    rows = list(csv.DictReader((tmp_path / LOG).open()))
    assert len(rows) == 6
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"]) * 0.8


def test_an_interrupted_run_ends_as_the_uninterrupted_one(
    small_dataset: Path, tmp_path: Path
) -> None:
    Trainer(recipe(small_dataset, tmp_path / "whole"), quiet).run()

    def interrupt(report: EpochReport) -> None:
        if report.epoch == 2:
            raise KeyboardInterrupt

    broken = recipe(small_dataset, tmp_path / "broken")
    with pytest.raises(KeyboardInterrupt):
        Trainer(broken, interrupt).run()
    resumed = Trainer(broken, quiet)
    assert resumed.resume() and resumed.epoch == 1
    resumed.run()
    whole, _, _ = load_weights(tmp_path / "whole" / EMA)
    again, _, _ = load_weights(tmp_path / "broken" / EMA)
    assert all(torch.equal(whole[name], again[name]) for name in whole)


def test_the_best_checkpoint_names_its_recipe_and_accuracy(
    small_dataset: Path, tmp_path: Path
) -> None:
    Trainer(recipe(small_dataset, tmp_path), quiet).run()
    _, architecture, notes = load_network(tmp_path / BEST)
    assert architecture.input_size_px == (192, 160)
    assert notes["recipe"]["schedule"]["batch_size"] == 4
    assert str(tmp_path) not in json.dumps(notes)
    assert 0.0 <= notes["val_map_50"] <= 1.0


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_checkpoint(
    small_dataset: Path, tmp_path: Path
) -> None:
    config = recipe(small_dataset, tmp_path)
    trainer = Trainer(config, quiet)
    with torch.no_grad():
        trainer.network.class_heads[0].bias.fill_(float("nan"))
    with pytest.raises(TrainingDiverged, match="epoch 1, batch 1"):
        trainer.run()


def test_resuming_another_architecture_is_refused(small_dataset: Path, tmp_path: Path) -> None:
    config = recipe(small_dataset, tmp_path, epochs=1)
    Trainer(config, quiet).run()
    wider = config.model_copy(update={"model": config.model.model_copy(update={"width": 0.5})})
    with pytest.raises(ModelError, match="another architecture"):
        Trainer(wider, quiet).resume()


def test_fine_tuning_starts_from_the_weights_it_is_given(
    small_dataset: Path, tmp_path: Path
) -> None:
    first = recipe(small_dataset, tmp_path / "first", epochs=1)
    Trainer(first, quiet).run()
    weights, _, _ = load_weights(tmp_path / "first" / EMA)
    second = first.model_copy(
        update={"start_from": tmp_path / "first" / EMA, "output": tmp_path / "second"}
    )
    started = Trainer(second, quiet).network.state_dict()
    assert all(torch.equal(weights[name], started[name]) for name in weights)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"epohcs": 3}, "epohcs"),
        ({"schedule": {"epochs": "many"}}, "schedule.epochs"),
        ({"augment": {"flop": 1.0}}, "flop"),
        ({"data": None}, "data"),
    ],
)
def test_a_wrong_recipe_names_the_file_and_the_key(
    tmp_path: Path, change: dict[str, object], complaint: str
) -> None:
    content: dict[str, object] = {"data": {"root": "x"}, "output": "y"}
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump({**content, **change}))
    with pytest.raises(ConfigurationError, match=rf"recipe\.yaml.*{complaint}"):
        load_train_config(path)
