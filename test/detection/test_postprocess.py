"""Threshold, top-k and non-maximum suppression."""

import numpy as np
import pytest

from thermoscout_core.detection.postprocess import Selection, select, select_foreground

BOXES = np.array(
    [[0.1, 0.1, 0.5, 0.5], [0.12, 0.1, 0.52, 0.5], [0.6, 0.6, 0.9, 0.9], [0.3, 0.3, 0.3, 0.4]],
    np.float32,
)


def scores(*rows: tuple[float, float]) -> np.ndarray:
    return np.array(rows, np.float32)


def test_the_weaker_of_two_overlapping_boxes_of_a_class_goes() -> None:
    boxes, kept, classes = select(
        BOXES, scores((0.8, 0), (0.9, 0), (0.5, 0), (0, 0)), Selection(0.3)
    )
    assert kept == pytest.approx([0.9, 0.5])
    assert boxes[1] == pytest.approx(BOXES[2])
    assert list(classes) == [0, 0]


def test_overlapping_boxes_of_two_classes_both_stay() -> None:
    _, kept, classes = select(BOXES, scores((0.8, 0), (0, 0.9), (0, 0), (0, 0)), Selection(0.3))
    assert len(kept) == 2
    assert set(classes.tolist()) == {0, 1}


def test_scores_below_the_threshold_go() -> None:
    _, kept, _ = select(BOXES, scores((0.29, 0), (0, 0), (0.31, 0), (0, 0)), Selection(0.3))
    assert kept == pytest.approx([0.31])


def test_nothing_found_is_three_empty_arrays() -> None:
    boxes, kept, classes = select(BOXES, np.zeros((4, 2), np.float32), Selection(0.3))
    assert boxes.shape == (0, 4) and kept.shape == (0,) and classes.shape == (0,)


def test_boxes_without_area_go() -> None:
    _, kept, _ = select(BOXES, scores((0, 0), (0, 0), (0, 0), (0.9, 0)), Selection(0.3))
    assert kept.size == 0


def test_boxes_are_clipped_to_the_frame() -> None:
    boxes, _, _ = select(
        np.array([[-0.2, 0.1, 1.3, 0.5]], np.float32), scores((0.9, 0)), Selection(0.3)
    )
    assert boxes[0] == pytest.approx([0.0, 0.1, 1.0, 0.5])


def test_only_the_best_are_kept_when_there_are_too_many() -> None:
    rng = np.random.default_rng(0)
    corner = rng.uniform(0, 0.9, (500, 2)).astype(np.float32)
    boxes = np.concatenate([corner, corner + 0.01], 1)
    values = rng.uniform(0.3, 1, (500, 1)).astype(np.float32)
    _, kept, _ = select(boxes, values, Selection(0.1, max_detections=10, candidates=100))
    assert kept == pytest.approx(np.sort(kept)[::-1])
    assert len(kept) == 10 and kept[0] == values.max()


def test_scores_beside_their_background_give_the_same() -> None:
    rng = np.random.default_rng(1)
    corner = rng.uniform(0, 0.8, (300, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(0, 0.3, (300, 2))], 1).astype(np.float32)
    values = rng.dirichlet([0.3] * 5, 300).astype(np.float32)
    for selection in (Selection(0.3), Selection(0.0, 0.6, 20), Selection(0.1, candidates=50)):
        wanted = select(boxes, values[:, 1:], selection)
        for ours, theirs in zip(select_foreground(boxes, values, selection), wanted, strict=True):
            assert ours.dtype == theirs.dtype and np.array_equal(ours, theirs)
