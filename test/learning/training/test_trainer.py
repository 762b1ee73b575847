"""A real, tiny training run: it learns, validates, stops early and writes down what it did."""

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from thermoscout_core.learning.checkpoint import load_network
from thermoscout_core.learning.config import TrainConfig
from thermoscout_core.learning.training.progress import EpochReport
from thermoscout_core.learning.training.run_folder import BEST, CURVES, LOG, SUMMARY
from thermoscout_core.learning.training.trainer import Trainer

Recipe = Callable[..., TrainConfig]


def quiet(_: EpochReport) -> None:
    return None


def test_the_loss_falls(recipe: Recipe, small_dataset: Path, tmp_path: Path) -> None:
    schedule = {"epochs": 16, "learning_rate": 0.005, "warmup_epochs": 0.5, "validate_every": 16}
    Trainer(recipe(small_dataset, tmp_path, schedule=schedule), quiet).run()
    rows = list(csv.DictReader((tmp_path / LOG).open()))
    assert [int(row["epoch"]) for row in rows] == list(range(1, 17))
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"]) * 0.8


@pytest.mark.parametrize(
    "changes",
    [
        {"loss": {"classification": "focal", "localisation": "giou", "location_weight": 2.0}},
        {"loss": {"localisation": "ciou", "label_smoothing": 0.1, "class_weights": "balanced"}},
        {"schedule": {"optimiser": "sgd", "learning_rate": 0.01, "weight_decay": 5e-4}},
        {"schedule": {"precision": "float32", "accumulate": 2}},
        {"augment": {"mosaic": 1.0, "mosaic_off_epochs": 1}},
    ],
    ids=["focal giou", "ciou smoothing weights", "sgd", "float32 accumulated", "mosaic"],
)
def test_every_choice_of_the_recipe_trains(
    recipe: Recipe, small_dataset: Path, tmp_path: Path, changes: dict[str, dict[str, object]]
) -> None:
    trainer = Trainer(recipe(small_dataset, tmp_path, **changes), quiet)
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    trainer.run()
    after = trainer.network.state_dict()
    assert all(value.isfinite().all() for value in after.values())
    assert any(not torch.equal(before[name], after[name]) for name in before)


def test_the_best_checkpoint_names_its_recipe_and_accuracy(
    recipe: Recipe, small_dataset: Path, tmp_path: Path
) -> None:
    Trainer(recipe(small_dataset, tmp_path), quiet).run()
    _, architecture, notes = load_network(tmp_path / BEST)
    assert architecture.input_size_px == (96, 96)
    assert notes["recipe"]["schedule"]["batch_size"] == 4
    assert str(tmp_path) not in json.dumps(notes)
    assert 0.0 <= notes["val_map_50"] <= 1.0


def test_the_run_is_summed_up(recipe: Recipe, small_dataset: Path, tmp_path: Path) -> None:
    config = recipe(small_dataset, tmp_path, seed=7)
    best = Trainer(config, quiet).run()
    run = json.loads((tmp_path / SUMMARY).read_text())
    assert run["status"] == "finished" and run["epochs"] == 2 and run["seed"] == 7
    assert run["best"]["val_map_50"] == pytest.approx(best, abs=1e-6)
    assert run["data"]["train_frames"] == 8 and run["data"]["simulated_frames_per_epoch"] == 2
    assert run["timings"]["median_images_per_s"] > 0 and run["timings"]["peak_memory_mb"] > 10
    assert run["versions"]["torch"] == torch.__version__
    assert str(tmp_path) not in json.dumps(run)
    assert (tmp_path / CURVES).read_bytes().startswith(b"\x89PNG")


def test_the_log_has_the_ap_of_each_class_where_it_was_validated(
    recipe: Recipe, small_dataset: Path, tmp_path: Path
) -> None:
    Trainer(recipe(small_dataset, tmp_path, schedule={"validate_every": 2}), quiet).run()
    first, second = csv.DictReader((tmp_path / LOG).open())
    assert first["ap_bushing"] == "" and first["val_map_50"] == ""
    aps = [float(v) for name, v in second.items() if name.startswith("ap_") and v]
    assert aps and all(0 <= ap <= 1 for ap in aps)
    assert float(second["learning_rate"]) > 0 and float(second["gradient_norm"]) > 0


def test_no_better_validation_for_long_enough_stops_the_run(
    recipe: Recipe, small_dataset: Path, tmp_path: Path
) -> None:
    schedule = {"epochs": 20, "learning_rate": 1e-9, "ema_decay": 0.0, "patience": 2}
    trainer = Trainer(recipe(small_dataset, tmp_path, schedule=schedule), quiet)
    trainer.run()
    assert trainer.epoch < 20 and trainer.stale == 2
    assert json.loads((tmp_path / SUMMARY).read_text())["status"] == "stopped early"


def test_the_same_seed_gives_the_same_weights_and_another_one_others(
    recipe: Recipe, small_dataset: Path, tmp_path: Path
) -> None:
    weights = []
    for folder, seed in (("one", 3), ("two", 3), ("three", 4)):
        config = recipe(small_dataset, tmp_path / folder, seed=seed, schedule={"epochs": 1})
        trainer = Trainer(config, quiet)
        trainer.run()
        weights.append(trainer.average.weights["features.backbone.stem.0.weight"])
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])


def test_frames_may_be_read_from_disk_in_every_epoch(
    recipe: Recipe, small_dataset: Path, tmp_path: Path
) -> None:
    held = Trainer(recipe(small_dataset, tmp_path / "held"), quiet)
    read = Trainer(recipe(small_dataset, tmp_path / "read", data={"in_memory": False}), quiet)
    one, two = held.frames[3], read.frames[3]
    assert one.id == two.id and (one.view == two.view).all()


def test_frozen_layers_keep_weights_and_statistics(
    recipe: Recipe, small_dataset: Path, tmp_path: Path
) -> None:
    schedule = {"epochs": 1, "freeze_below_stride": 4, "freeze_batch_norm": True}
    trainer = Trainer(recipe(small_dataset, tmp_path, schedule=schedule), quiet)
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    trainer.run()
    changed = {
        name
        for name, value in trainer.network.state_dict().items()
        if not torch.equal(value, before[name])
    }
    backbone = "features.backbone."
    assert not any(name.startswith(f"{backbone}stem.") for name in changed)
    assert not any(name.startswith(backbone) and "running_mean" in name for name in changed)
    assert f"{backbone}pointwise.12.0.weight" in changed and "offset_heads.0.weight" in changed


def test_a_batch_in_two_parts_teaches_the_same_as_in_one(
    recipe: Recipe, small_dataset: Path, tmp_path: Path
) -> None:
    """With batch norm's statistics frozen the parts don't see each other, so sums are equal."""
    gradients = []
    for parts in (1, 2):
        schedule = {"accumulate": parts, "precision": "float32", "clip_norm": 1e9}
        config = recipe(small_dataset, tmp_path, schedule=schedule)
        trainer = Trainer(config, quiet)
        trainer.network.eval()
        trainer.step(next(iter(trainer.frames.batches())))
        gradients.append(trainer.network.offset_heads[0].weight.grad.clone())
    assert torch.allclose(gradients[0], gradients[1], rtol=1e-3, atol=1e-6)
    assert not math.isclose(float(gradients[0].abs().sum()), 0.0)
