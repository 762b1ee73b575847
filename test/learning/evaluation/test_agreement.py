"""Our figures against faster-coco-eval's, like with like, to 1e-4.

COCO's AP is compared as it is. VOC's areas are read from the independent curve: the mean of the
precision at the recalls (k − ½)/n of n boxes is the all-point area, exactly; at 0, 0.1 … 1 it is
the 11-point figure. The rules of matching differ where a detection overlaps two boxes by half or
lies on a difficult one, so VOC's are compared on boxes that don't overlap, none of them difficult.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from thermoscout_core.learning.data import Annotation, open_dataset
from thermoscout_core.learning.evaluation.coco import coco_class
from thermoscout_core.learning.evaluation.evaluation import evaluate_boxes
from thermoscout_core.learning.evaluation.matching import Prediction

TOLERANCE = 1e-4


def assert_coco_agrees(
    coco_precision, annotations: list[Annotation], predictions: list[Prediction], classes: int
) -> None:
    """All ten IoU thresholds and all four sizes of every class."""
    reference = coco_precision(annotations, predictions, classes).mean(axis=1)
    reference = np.where(reference < 0, np.nan, reference)
    for label in range(classes):
        ours = coco_class("c", label, predictions, annotations).average_precision
        np.testing.assert_allclose(ours, reference[:, label], atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("seed", range(20))
def test_coco_ap_agrees_on_crowded_boxes(seed, random_case, coco_precision) -> None:
    assert_coco_agrees(coco_precision, *random_case(seed), 3)


def test_coco_ap_agrees_with_more_than_100_detections_in_an_image(
    random_case, coco_precision
) -> None:
    annotations, predictions = random_case(7, images=6)
    many = [_shaken(prediction, 8, seed) for seed, prediction in enumerate(predictions)]
    assert max(int((p.labels == 0).sum()) for p in many) > 100
    assert_coco_agrees(coco_precision, annotations, many, 3)


edge = st.integers(0, 40)
side = st.integers(1, 12)
whole_boxes = st.lists(st.tuples(edge, edge, side, side), max_size=6)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(truth=whole_boxes, found=whole_boxes.filter(len))
def test_coco_ap_agrees_on_whole_pixels_where_overlaps_are_often_equal(
    coco_precision, truth, found
) -> None:
    difficult = np.arange(len(truth)) % 3 == 2
    annotation = Annotation(_corners(truth), np.zeros(len(truth), np.int64), difficult)
    scores = np.linspace(0.9, 0.1, len(found)).astype(np.float32)
    prediction = Prediction(_corners(found), scores, np.zeros(len(found), np.intp))
    assert_coco_agrees(coco_precision, [annotation], [prediction], 1)


@pytest.mark.parametrize("seed", range(10))
def test_voc_all_point_ap_agrees_where_the_rules_of_matching_do(
    seed, random_case, coco_precision
) -> None:
    annotations, predictions = random_case(seed, difficult=0.0, apart=True)
    for label, result in enumerate(evaluate_boxes("abc", annotations, predictions).classes):
        middles = (np.arange(result.boxes) + 0.5) / result.boxes
        curve = coco_precision(annotations, predictions, 3, middles)[0, :, label, 0]
        assert result.ap == pytest.approx(curve.mean(), abs=TOLERANCE)


@pytest.mark.parametrize("seed", range(10))
def test_voc_11_point_ap_agrees_where_the_rules_of_matching_do(
    seed, random_case, coco_precision
) -> None:
    annotations, predictions = random_case(seed, difficult=0.0, apart=True)
    curves = coco_precision(annotations, predictions, 3, np.linspace(0, 1, 11))
    for label, result in enumerate(evaluate_boxes("abc", annotations, predictions).classes):
        assert result.ap_11_point == pytest.approx(curves[0, :, label, 0].mean(), abs=TOLERANCE)


def test_coco_ap_agrees_on_the_shipped_detector_and_real_thermograms(
    substation, coco_precision
) -> None:
    pytest.importorskip("onnxruntime")
    from thermoscout_core.detection.detector import Detector
    from thermoscout_core.learning.evaluation.prediction import SCORE_FLOOR, predict_samples

    dataset = open_dataset(substation, "val")
    detector = Detector.load(score_threshold=SCORE_FLOOR)
    predictions = predict_samples(detector, dataset.classes, dataset.samples)
    annotations = [sample.annotation for sample in dataset.samples]
    assert_coco_agrees(coco_precision, annotations, predictions, len(dataset.classes))


def _shaken(prediction: Prediction, times: int, seed: int) -> Prediction:
    generator = np.random.default_rng(seed)
    boxes = np.tile(prediction.boxes, (times, 1))
    boxes = boxes + generator.normal(0, 1, (len(boxes), 1)).astype(np.float32)
    scores = generator.random(len(boxes)).astype(np.float32)
    return Prediction(boxes, scores, np.zeros(len(boxes), np.intp))


def _corners(boxes: list[tuple[int, int, int, int]]) -> np.ndarray:
    array = np.array(boxes, np.float32).reshape(-1, 4)
    return np.concatenate([array[:, :2], array[:, :2] + array[:, 2:]], axis=1)
