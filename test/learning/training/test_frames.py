"""The frames of an epoch: what each depends on, and how they become batches."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from thermoscout_core.detection.contract import network_input
from thermoscout_core.detection.priors import PriorLevel, make_priors
from thermoscout_core.learning.config import TrainConfig
from thermoscout_core.learning.data import open_dataset
from thermoscout_core.learning.matching import Matcher
from thermoscout_core.learning.training.frames import (
    AugmentedFrames,
    Batch,
    collate,
    simulated_sample,
)

Recipe = Callable[..., TrainConfig]
CLASSES = [
    *("bushing", "insulator_column", "insulator_string", "disconnector"),
    *("connector", "transformer", "cable_termination"),
]
PRIORS = make_priors([PriorLevel(8, 8, ((0.2, 0.2), (0.1, 0.3)))])


@pytest.fixture
def frames(recipe: Recipe, small_dataset: Path, tmp_path: Path) -> AugmentedFrames:
    dataset = open_dataset(small_dataset, "train")
    config = recipe(
        small_dataset, tmp_path, augment={"mosaic": 0.5, "mosaic_off_epochs": 1}, seed=3
    )
    return AugmentedFrames(dataset.samples, config, dataset.classes, Matcher(PRIORS))


def test_a_frame_depends_on_seed_epoch_and_number_alone(frames: AugmentedFrames) -> None:
    first = frames[2].view.copy()
    assert (frames[2].view == first).all()
    frames.epoch = 1
    assert not (frames[2].view == first).all()


def test_every_epoch_shows_every_frame_once_in_another_order(frames: AugmentedFrames) -> None:
    orders = []
    for frames.epoch in range(2):
        batches = frames.order()
        assert [len(batch) for batch in batches] == [4, 4]
        orders.append([index for batch in batches for index in batch])
        assert len(set(orders[-1])) == 8
    assert orders[0] != orders[1]


def test_the_last_epochs_go_without_mosaics(frames: AugmentedFrames) -> None:
    assert any(" + " in frames[index].id for index in range(len(frames)))
    frames.epoch = 1
    assert not any(" + " in frames[index].id for index in range(len(frames)))


def test_a_batch_begun_anew_is_the_one_that_was_left(frames: AugmentedFrames) -> None:
    whole = list(frames.batches())
    rest = list(frames.batches(first=1))
    assert len(rest) == 1 and rest[0].ids == whole[1].ids
    assert torch.equal(rest[0].views, whole[1].views)


def test_the_network_sees_what_the_robot_shows_it(frames: AugmentedFrames) -> None:
    frame = frames[0]
    images = collate([frame]).images(torch.device("cpu"))
    assert images.numpy() == pytest.approx(network_input(frame.view, (96, 96)), abs=1e-6)


@pytest.mark.parametrize("parts", [1, 2, 3, 9])
def test_a_batch_in_parts_has_the_same_frames(frames: AugmentedFrames, parts: int) -> None:
    batch = collate([frames[index] for index in range(4)])
    pieces: list[Batch] = list(batch.split(parts))
    assert len(pieces) <= parts
    assert [name for piece in pieces for name in piece.ids] == batch.ids
    assert sum(piece.positives for piece in pieces) == batch.positives


def test_simulated_equipment_of_unknown_classes_is_difficult() -> None:
    """Ignored, that is: as background it would teach not to see it."""
    _, known = simulated_sample(np.random.default_rng(4), CLASSES)
    _, partly = simulated_sample(np.random.default_rng(4), ["connector"])
    assert not known.difficult.any()
    connectors = known.labels == CLASSES.index("connector")
    assert connectors.any() and (partly.difficult == ~connectors).all()
