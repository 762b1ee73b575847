"""The papers' priors against the min_size, max_size and ratios of their Caffe files."""

import numpy as np
import pytest

from thermoscout_core.detection.priors import make_priors
from thermoscout_core.errors import ModelError
from thermoscout_core.learning.seed_priors import seed_prior_levels

MOBILENET_MAPS = [(19, 19), (10, 10), (5, 5), (3, 3), (2, 2), (1, 1)]
SSD300_MAPS = [(38, 38), (19, 19), (10, 10), (5, 5), (3, 3), (1, 1)]
SIDE_PX = 300
SQUARE = (SIDE_PX, SIDE_PX)


def sizes_px(layout: str, maps: list[tuple[int, int]], counts: list[int]) -> list[np.ndarray]:
    return [
        np.array(level.sizes) * SIDE_PX
        for level in seed_prior_levels(layout, maps, counts, SQUARE)
    ]


def test_mobilenet_ssd_s_sizes() -> None:
    levels = sizes_px("seed", MOBILENET_MAPS, [3, 6, 6, 6, 6, 6])
    root = np.sqrt(2)
    assert levels[0] == pytest.approx(
        np.array([[60, 60], [60 * root, 60 / root], [60 / root, 60 * root]])
    )
    assert [level[0, 0] for level in levels] == pytest.approx([60, 105, 150, 195, 240, 285])
    larger_squares = [(level[1, 0] ** 2 / level[0, 0]) for level in levels[1:]]
    assert larger_squares == pytest.approx([150, 195, 240, 285, 300])  # Caffe's max_size
    assert levels[1][4:, 0] / levels[1][4:, 1] == pytest.approx([3, 1 / 3])


def test_ssd300_s_sizes() -> None:
    levels = sizes_px("ssd300", SSD300_MAPS, [4, 6, 6, 6, 4, 4])
    assert [level[0, 0] for level in levels] == pytest.approx([30, 60, 111, 162, 213, 264])
    larger_squares = [(level[1, 0] ** 2 / level[0, 0]) for level in levels]
    assert larger_squares == pytest.approx([60, 111, 162, 213, 264, 315])
    assert levels[0][2:, 0] / levels[0][2:, 1] == pytest.approx([2, 1 / 2])


def test_first_priors_stand_in_the_middle_of_the_first_cell() -> None:
    priors = make_priors(seed_prior_levels("seed", MOBILENET_MAPS, [3, 6, 6, 6, 6, 6], SQUARE))
    assert priors.shape == (1917, 4)
    assert priors[0] == pytest.approx([0.5 / 19, 0.5 / 19, 0.2, 0.2])


@pytest.mark.parametrize("layout", ["seed", "ssd300"])
def test_sizes_are_plain_numbers_so_that_a_saved_run_can_be_resumed(layout: str) -> None:
    levels = seed_prior_levels(layout, SSD300_MAPS, [4, 6, 6, 6, 4, 4], SQUARE)
    assert {type(value) for level in levels for size in level.sizes for value in size} == {float}


def test_squares_stay_square_in_a_wide_input() -> None:
    levels = seed_prior_levels("seed", [(24, 18), (12, 9)], [3, 6], (384, 288))
    width, height = levels[0].sizes[0]
    assert width * 384 == pytest.approx(height * 288) == pytest.approx(0.2 * 288)


def test_other_numbers_a_cell_are_refused() -> None:
    with pytest.raises(ModelError, match=r"priors_per_cell 5: .* need priors: fitted"):
        seed_prior_levels("seed", [(19, 19)], [5], SQUARE)


def test_unknown_layout_is_refused() -> None:
    with pytest.raises(ModelError, match="'coco' are unknown; there are seed, ssd300"):
        seed_prior_levels("coco", [(19, 19)], [3], SQUARE)
