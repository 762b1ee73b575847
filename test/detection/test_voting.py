"""Where a detection lies: the mean of all that saw it."""

import numpy as np
import pytest

from thermoscout_core.detection.postprocess import Selection, select
from thermoscout_core.detection.voting import VOTERS, vote

LEFT = [0.1, 0.1, 0.5, 0.5]
RIGHT = [0.14, 0.1, 0.54, 0.5]  # IoU 0.82 with LEFT
FAR = [0.3, 0.1, 0.7, 0.5]  # IoU 0.33


def voted(*candidates: tuple[list[float], float, int]) -> list[float]:
    """The box of the first of (box, score, class)."""
    boxes, scores, classes = (np.array(values) for values in zip(*candidates, strict=True))
    kept = np.array([0])
    return vote(kept, boxes.astype(np.float32), scores.astype(np.float32), classes)[0].tolist()


def test_boxes_are_averaged_by_their_scores() -> None:
    box = voted((LEFT, 0.6, 0), (RIGHT, 0.3, 0))
    assert box == pytest.approx([0.1 + 0.04 / 3, 0.1, 0.5 + 0.04 / 3, 0.5])


@pytest.mark.parametrize(
    "other",
    [(FAR, 0.5, 0), (RIGHT, 0.5, 1), (RIGHT, 0.09, 0)],
    ids=["far away", "of another class", "unsure"],
)
def test_who_does_not_vote(other: tuple[list[float], float, int]) -> None:
    assert voted((LEFT, 0.6, 0), other) == pytest.approx(LEFT)


def test_an_unsure_detection_keeps_its_place() -> None:
    assert voted((LEFT, 0.02, 0)) == pytest.approx(LEFT)


def test_only_the_best_of_a_frame_vote() -> None:
    crowd = [(FAR, 0.5, 0)] * VOTERS
    assert voted((LEFT, 0.6, 0), *crowd, (RIGHT, 0.4, 0)) == pytest.approx(LEFT)
    assert voted((LEFT, 0.6, 0), *crowd[2:], (RIGHT, 0.4, 0)) != pytest.approx(LEFT)


def test_nothing_kept_is_nothing_voted() -> None:
    none = np.zeros(0, np.intp)
    boxes = vote(none, np.array([LEFT], np.float32), np.array([0.5], np.float32), np.zeros(1, int))
    assert boxes.shape == (0, 4)


def test_the_deployed_threshold_does_not_move_a_box() -> None:
    """Candidates below it vote, too."""
    boxes = np.array([LEFT, RIGHT], np.float32)
    scores = np.array([[0.6], [0.2]], np.float32)
    low, high = (select(boxes, scores, Selection(threshold)) for threshold in (0.05, 0.5))
    assert low[0].tolist() == high[0].tolist() == [pytest.approx([0.11, 0.1, 0.51, 0.5])]
