"""The block bootstrap: the fast way equals evaluating each drawn set of frames anew."""

import numpy as np
import pytest

from thermoscout_core.learning.evaluation.bootstrap import (
    draw_weights,
    interval_95,
    replicate_ap,
    replicate_aps,
    replicate_mean_ap,
    replicate_share,
)
from thermoscout_core.learning.evaluation.evaluation import evaluate_boxes

BLOCKS = np.repeat(np.arange(5), 4)


def test_a_block_is_drawn_as_a_whole_and_as_many_as_there_are() -> None:
    weights = draw_weights(BLOCKS, 50)
    assert weights.shape == (50, 20)
    assert (weights.reshape(50, 5, 4) == weights.reshape(50, 5, 4)[:, :, :1]).all()
    assert (weights.sum(axis=1) == 20).all()


def test_the_same_seed_draws_the_same_blocks() -> None:
    assert np.array_equal(draw_weights(BLOCKS, 9, seed=4), draw_weights(BLOCKS, 9, seed=4))
    assert not np.array_equal(draw_weights(BLOCKS, 9, seed=4), draw_weights(BLOCKS, 9, seed=5))


@pytest.mark.parametrize("seed", range(5))
def test_each_replicate_is_the_evaluation_of_the_drawn_frames(seed, random_case) -> None:
    annotations, predictions = random_case(seed)
    generator = np.random.default_rng(seed)
    for prediction in predictions:  # equal scores would leave the order open
        prediction.scores[:] = generator.random(len(prediction.scores))
    evaluation = evaluate_boxes("abc", annotations, predictions)
    weights = draw_weights(BLOCKS, 6, seed)
    aps = replicate_aps(evaluation, weights)
    means = replicate_mean_ap(evaluation, aps)
    for row, drawn in enumerate(weights.astype(int)):
        frames = np.repeat(np.arange(20), drawn)
        anew = evaluate_boxes(
            "abc", [annotations[i] for i in frames], [predictions[i] for i in frames]
        )
        assert means[row] == pytest.approx(anew.mean_ap, abs=1e-12)
        for result in anew.classes:
            assert aps[result.name][row] == pytest.approx(result.ap, abs=1e-12)


def test_every_frame_once_gives_the_figure_itself(random_case) -> None:
    evaluation = evaluate_boxes("abc", *random_case(1))
    once = replicate_aps(evaluation, np.ones((1, 20)))
    for result in evaluation.classes:
        assert once[result.name][0] == pytest.approx(result.ap, abs=1e-12)


def test_a_replicate_without_a_box_of_the_class_has_no_ap(random_case) -> None:
    evaluation = evaluate_boxes("abc", *random_case(1))
    assert np.isnan(replicate_ap(evaluation.classes[0].matches, np.zeros((1, 20)))).all()


def test_too_few_blocks_give_no_interval() -> None:
    weights = draw_weights(np.array([0, 0, 1, 1]), 100)
    assert weights.shape == (0, 4)
    assert interval_95(replicate_share(np.ones(4), np.ones(4), weights)) is None


def test_the_interval_covers_a_known_share() -> None:
    found = np.tile([1, 1, 1, 0], 25)
    interval = interval_95(
        replicate_share(found, np.ones(100), draw_weights(np.arange(100), 2000))
    )
    assert interval is not None
    # binomial: 0.75 ± 1.96 · sqrt(0.75 · 0.25 / 100)
    assert interval == pytest.approx((0.665, 0.835), abs=0.015)
