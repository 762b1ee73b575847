"""VOC average precision on cases worked out by hand."""

import numpy as np
import pytest

from thermoscout_core.learning.data import Annotation
from thermoscout_core.learning.evaluation.average_precision import (
    ClassResult,
    average_precision,
    average_precision_11,
)
from thermoscout_core.learning.evaluation.matching import Prediction, match_class


def annotation(*boxes: list[float], difficult: tuple[bool, ...] = ()) -> Annotation:
    flags = np.array(difficult or (False,) * len(boxes), bool)
    return Annotation(
        np.array(boxes, np.float32).reshape(-1, 4), np.zeros(len(boxes), np.int64), flags
    )


def prediction(*scored: tuple[float, list[float]]) -> Prediction:
    return Prediction(
        np.array([box for _, box in scored], np.float32).reshape(-1, 4),
        np.array([score for score, _ in scored], np.float32),
        np.zeros(len(scored), np.intp),
    )


def evaluated(found: Prediction, truth: Annotation) -> ClassResult:
    return ClassResult("c", match_class(0, [found], [truth]))


A, B, FAR = [0, 0, 10, 10], [20, 0, 30, 10], [50, 50, 60, 60]


def test_all_found_and_nothing_else_is_one() -> None:
    result = evaluated(prediction((0.9, A), (0.8, B)), annotation(A, B))
    assert result.ap == 1.0 and result.ap_11_point == pytest.approx(1.0)


def test_a_second_detection_of_a_box_is_a_false_one() -> None:
    result = evaluated(prediction((0.9, A), (0.8, A), (0.7, B)), annotation(A, B))
    assert result.ap == pytest.approx(0.5 * 1.0 + 0.5 * 2 / 3)


def test_a_difficult_box_is_neither_demanded_nor_punished() -> None:
    truth = annotation(A, B, difficult=(False, True))
    result = evaluated(prediction((0.9, B), (0.8, A)), truth)
    assert result.boxes == 1 and result.ap == 1.0


def test_a_false_alarm_above_the_hit_halves_the_precision() -> None:
    result = evaluated(prediction((0.9, FAR), (0.8, A)), annotation(A))
    assert result.ap == pytest.approx(0.5)


def test_a_class_without_boxes_has_no_ap() -> None:
    assert np.isnan(evaluated(prediction((0.9, A)), annotation()).ap)


def test_eleven_point_counts_recall_zero_too() -> None:
    precision, recall = np.array([1.0]), np.array([0.5])
    assert average_precision_11(precision, recall) == pytest.approx(6 / 11)
    assert average_precision(precision, recall) == pytest.approx(0.5)


def test_a_detection_does_not_go_to_the_second_best_box() -> None:
    near, nearer = [0, 0, 10, 10], [1, 0, 11, 10]
    found = prediction((0.9, nearer), (0.8, [0.8, 0, 10.8, 10]))
    result = evaluated(found, annotation(near, nearer))
    assert result.matches.truths.tolist() == [1, -1]


def test_a_class_never_detected_has_ap_zero() -> None:
    assert evaluated(prediction(), annotation(A)).ap == 0.0


def test_what_is_found_at_a_threshold_is_the_head_of_the_list() -> None:
    result = evaluated(prediction((0.9, A), (0.5, FAR), (0.4, B)), annotation(A, B))
    assert result.hits_and_found(0.5) == (1, 2)
    assert result.matches.above(0.5).truths.tolist() == [0, -1]
    assert result.hits_and_found(0.95) == (0, 0)
