"""What is taken for what, why each failure failed, and whether scores keep their promise."""

import numpy as np
import pytest

from thermoscout_core.learning.data import Annotation, Sample
from thermoscout_core.learning.evaluation.calibration import BIN_EDGES, calibration_of
from thermoscout_core.learning.evaluation.evaluation import evaluate_boxes
from thermoscout_core.learning.evaluation.failures import false_detections, missed_boxes
from thermoscout_core.learning.evaluation.image_sets import ImageSet
from thermoscout_core.learning.evaluation.matching import Prediction
from thermoscout_core.learning.evaluation.measures import Conditions, Measures, measure

A, B, C, FAR = [0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 60, 20], [70, 70, 90, 90]


def measured(
    truth: list[tuple[int, list[float]]],
    found: list[tuple[float, int, list[float]]],
    difficult: tuple[int, ...] = (),
) -> Measures:
    """One image with classes x and y, at score 0.5."""
    annotation = Annotation(
        np.array([box for _, box in truth], np.float32).reshape(-1, 4),
        np.array([label for label, _ in truth], np.int64),
        np.isin(np.arange(len(truth)), difficult),
    )
    prediction = Prediction(
        np.array([box for *_, box in found], np.float32).reshape(-1, 4),
        np.array([score for score, *_ in found], np.float32),
        np.array([label for _, label, _ in found], np.intp),
    )
    sample = Sample("s", np.full((100, 100), 1000, np.uint16), annotation)
    images = ImageSet("val", ("x", "y"), (sample,), np.zeros(1, np.intp))
    return measure(images, [prediction], None, Conditions(0.5, replicates=10))


def test_right_wrong_class_missed_and_false_have_their_cells() -> None:
    result = measured(
        [(0, A), (0, B), (1, C)], [(0.9, 0, A), (0.8, 1, B), (0.7, 1, FAR), (0.4, 1, C)]
    )
    assert result.confusion.tolist() == [[1, 1, 0], [0, 0, 1], [0, 1, 0]]


def test_a_second_detection_is_a_false_one() -> None:
    assert measured([(0, A)], [(0.9, 0, A), (0.8, 0, A)]).confusion[2, 0] == 1


def test_a_difficult_box_is_in_no_cell() -> None:
    result = measured([(0, A)], [(0.9, 0, A), (0.8, 1, A)], difficult=(0,))
    assert result.confusion.sum() == 0


@pytest.mark.parametrize("seed", range(5))
def test_the_diagonal_is_the_recall_and_every_box_is_in_its_row(seed, random_case) -> None:
    annotations, predictions = random_case(seed)
    samples = tuple(
        Sample(str(n), np.zeros((1, 1), np.uint16), a) for n, a in enumerate(annotations)
    )
    images = ImageSet("val", ("a", "b", "c"), samples, np.arange(20))
    result = measure(images, predictions, None, Conditions(0.6, replicates=10))
    for label, part in enumerate(result.evaluation.classes):
        assert result.confusion[label].sum() == part.boxes
        assert result.confusion[label, label] == part.hits_and_found(0.6)[0]


def test_missed_boxes_tell_why() -> None:
    result = measured(
        [(0, A), (0, B), (1, C), (0, FAR)],
        [(0.9, 1, A), (0.4, 0, B), (0.9, 1, [48, 0, 68, 20])],
    )
    reasons = {tuple(f.box.as_list()): f.reason for f in missed_boxes(result, 9, per_image=9)}
    assert reasons == {
        tuple(A): "called y",
        tuple(B): "only at score 0.40",
        tuple(C): "box too far off, IoU 0.43",
        tuple(FAR): "no detection",
    }


def test_false_detections_tell_why_and_the_most_certain_comes_first() -> None:
    result = measured(
        [(0, A), (0, B)],
        [(0.9, 0, A), (0.8, 0, A), (0.95, 1, B), (0.7, 1, FAR), (0.6, 0, [26, 0, 36, 10])],
    )
    failures = false_detections(result, 9, per_image=9)
    assert [failure.reason for failure in failures] == [
        "annotated as x",
        "found a second time",
        "nothing annotated",
        "box too far off, IoU 0.25",
    ]


def test_one_frame_does_not_fill_the_sheet() -> None:
    result = measured([(0, A), (0, B), (1, C)], [])
    assert len(missed_boxes(result, 9, per_image=2)) == 2
    assert len(missed_boxes(result, 1, per_image=9)) == 1


def test_scores_that_keep_their_promise_have_no_error() -> None:
    truth = [(0, [12 * n, 0, 12 * n + 10, 10]) for n in range(3)]
    found = [(0.75, 0, box) for _, box in truth] + [(0.75, 0, FAR)]
    calibration = measured(truth, found).calibration
    assert calibration.detections.sum() == 4
    assert calibration.expected_error == pytest.approx(0.0)


def test_boastful_scores_have_an_error() -> None:
    calibration = measured([(0, A)], [(0.95, 0, FAR), (0.02, 0, A)]).calibration
    assert calibration.detections.tolist() == [0] * (len(BIN_EDGES) - 2) + [1]
    assert calibration.expected_error == pytest.approx(0.95)


def test_no_detection_has_no_calibration() -> None:
    empty = Prediction(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.intp))
    none = Annotation(np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.zeros(0, bool))
    assert np.isnan(calibration_of(evaluate_boxes("x", [none], [empty])).expected_error)
