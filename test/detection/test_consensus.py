"""What several looks agree on."""

import numpy as np
import pytest

from thermoscout_core.detection.consensus import FLOOR, agree, of_a_look
from thermoscout_core.detection.looks import LOOKS, Look
from thermoscout_core.detection.postprocess import Selected, Selection

SELECTION = Selection(0.1)
WHOLE = Look()
TWICE = (WHOLE, WHOLE)


def said(*found: tuple[tuple[float, ...], float, int]) -> Selected:
    boxes = np.array([box for box, _, _ in found], np.float32).reshape(-1, 4)
    scores = np.array([score for _, score, _ in found], np.float32)
    return boxes, scores, np.array([label for _, _, label in found], np.intp)


def test_where_two_looks_agree_box_and_score_are_their_mean() -> None:
    first = said(((0.2, 0.2, 0.4, 0.4), 0.6, 1))
    second = said(((0.22, 0.2, 0.42, 0.4), 0.2, 1))
    boxes, scores, classes = agree(TWICE, [first, second], SELECTION)
    assert scores == pytest.approx([0.4])
    assert boxes[0] == pytest.approx([0.205, 0.2, 0.405, 0.4])
    assert classes.tolist() == [1]


def test_what_one_look_alone_believes_counts_half() -> None:
    _, scores, _ = agree(TWICE, [said(((0.2, 0.2, 0.4, 0.4), 0.6, 1)), said()], SELECTION)
    assert scores == pytest.approx([0.3])


def test_another_class_is_no_agreement() -> None:
    box = (0.2, 0.2, 0.4, 0.4)
    _, scores, classes = agree(TWICE, [said((box, 0.6, 1)), said((box, 0.4, 2))], SELECTION)
    assert scores == pytest.approx([0.3, 0.2])
    assert classes.tolist() == [1, 2]


def test_a_look_that_cannot_see_the_place_is_not_asked() -> None:
    corner = Look(0.0, 0.0, 0.5)
    far = said(((0.8, 0.8, 0.9, 0.9), 0.6, 0))
    _, scores, _ = agree((WHOLE, corner), [far, said()], SELECTION)
    assert scores == pytest.approx([0.6])


def test_two_pieces_side_by_side_stay_two() -> None:
    left, right = (0.1, 0.1, 0.2, 0.3), (0.16, 0.1, 0.26, 0.3)
    both = said((left, 0.6, 1), (right, 0.5, 1))
    boxes, scores, _ = agree(TWICE, [both, both], SELECTION)
    assert scores == pytest.approx([0.6, 0.5])
    assert boxes == pytest.approx(np.array([left, right], np.float32))


def test_the_threshold_holds_for_the_mean() -> None:
    one = said(((0.2, 0.2, 0.4, 0.4), 0.6, 1))
    for threshold, found in ((0.29, 1), (0.31, 0)):
        assert len(agree(TWICE, [one, said()], Selection(threshold))[1]) == found


def test_a_frame_in_which_nothing_is_seen_has_nothing() -> None:
    boxes, scores, classes = agree(LOOKS[12], [said()] * 12, SELECTION)
    assert boxes.shape == (0, 4) and scores.shape == classes.shape == (0,)


def test_at_most_so_many_the_best_first() -> None:
    many = said(*(((x / 10, 0.1, x / 10 + 0.05, 0.2), 0.9 - x / 20, 0) for x in range(9)))
    boxes, scores, _ = agree(TWICE, [many, many], Selection(0.1, max_detections=3))
    assert scores == pytest.approx([0.9, 0.85, 0.8])
    assert boxes[:, 0] == pytest.approx([0.0, 0.1, 0.2])


def test_each_look_is_asked_for_more_than_what_counts_in_the_end() -> None:
    assert of_a_look(Selection(0.3, 0.4)) == Selection(FLOOR, 0.4, max_detections=200)
