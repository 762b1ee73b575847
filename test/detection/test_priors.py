"""Priors and their arithmetic."""

import numpy as np
import pytest

from thermoscout_core.detection.priors import PriorLevel, corners, decode, iou_matrix, make_priors

SEED_MAPS = [(19, 3), (10, 6), (5, 6), (3, 6), (2, 6), (1, 6)]


def test_the_seed_layout_has_1917_priors() -> None:
    levels = [PriorLevel(side, side, ((0.1, 0.1),) * count) for side, count in SEED_MAPS]
    assert make_priors(levels).shape == (1917, 4)


def test_priors_run_over_sizes_then_columns_then_rows() -> None:
    priors = make_priors([PriorLevel(2, 1, ((0.1, 0.2), (0.3, 0.4)))])
    assert priors[:, 0] == pytest.approx([0.25, 0.25, 0.75, 0.75])
    assert priors[:2, 2:] == pytest.approx(np.array([[0.1, 0.2], [0.3, 0.4]]))


def test_zero_offsets_decode_to_the_prior_itself() -> None:
    priors = np.array([[0.5, 0.5, 0.2, 0.4]], np.float32)
    assert decode(np.zeros((1, 4), np.float32), priors) == pytest.approx(corners(priors))


def test_offsets_are_scaled_by_the_variances() -> None:
    priors = np.array([[0.5, 0.5, 0.2, 0.4]], np.float32)
    offsets = np.array([[1.0, 0.0, np.log(2) / 0.2, 0.0]], np.float32)
    center_x = 0.5 + 0.1 * 0.2
    assert decode(offsets, priors)[0] == pytest.approx([center_x - 0.2, 0.3, center_x + 0.2, 0.7])


def test_iou_of_half_overlapping_boxes_is_a_third() -> None:
    first = np.array([[0, 0, 2, 2]], np.float32)
    second = np.array([[1, 0, 3, 2], [5, 5, 6, 6]], np.float32)
    assert iou_matrix(first, second) == pytest.approx(np.array([[1 / 3, 0.0]]))
