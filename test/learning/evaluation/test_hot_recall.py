"""Recall on what is hotter than its surroundings."""

import numpy as np
import pytest

from thermoscout_core.frames import LinearScale
from thermoscout_core.learning.data import Annotation, Sample
from thermoscout_core.learning.evaluation.hot_recall import HotRecall, hot_recall, measure_heat
from thermoscout_core.learning.evaluation.matching import Prediction, match_class

SCALE = LinearScale(0.1, -100.0)
HOT, WARM = [20, 20, 32, 32], [60, 20, 72, 32]


@pytest.fixture
def sample() -> Sample:
    """Boxes 25 K and 4 K above an even background."""
    counts = np.full((80, 100), 1000, np.uint16)
    counts[23:29, 23:29] = 1250
    counts[23:29, 63:69] = 1040
    boxes = np.array([HOT, WARM], np.float32)
    return Sample("s", counts, Annotation(boxes, np.zeros(2, np.int64), np.zeros(2, bool)))


def recall(sample: Sample, hot_k: float, *found: tuple[float, list[float], int]) -> HotRecall:
    """Of class 0 at score 0.5."""
    prediction = Prediction(
        np.array([box for _, box, _ in found], np.float32).reshape(-1, 4),
        np.array([score for score, _, _ in found], np.float32),
        np.array([label for _, _, label in found], np.intp),
    )
    matches = match_class(0, [prediction], [sample.annotation])
    heat = measure_heat([sample], SCALE)
    return hot_recall(0, matches, [sample], [prediction], heat, hot_k, 0.5)


def test_the_rise_is_the_hot_spot_above_the_ring(sample: Sample) -> None:
    (heat,) = measure_heat([sample], SCALE)
    assert heat.rise_k == pytest.approx([25.0, 4.0])
    assert HOT[0] < heat.hot_spot_px[0, 0] < HOT[2]


def test_only_hot_boxes_are_asked_for(sample: Sample) -> None:
    assert recall(sample, 10.0).boxes == 1
    assert recall(sample, 3.0).boxes == 2
    assert np.isnan(recall(sample, 30.0).recall)


def test_a_detection_of_the_class_finds_and_covers(sample: Sample) -> None:
    result = recall(sample, 10.0, (0.9, HOT, 0))
    assert (result.recall, result.located_share) == (1.0, 1.0)


def test_below_the_deployed_threshold_nothing_is_found(sample: Sample) -> None:
    result = recall(sample, 10.0, (0.4, HOT, 0))
    assert (result.recall, result.located_share) == (0.0, 0.0)


def test_another_class_or_a_larger_box_covers_the_hot_spot_without_finding_the_box(
    sample: Sample,
) -> None:
    for found in ((0.9, HOT, 1), (0.9, [0, 0, 50, 60], 0)):
        result = recall(sample, 10.0, found)
        assert (result.recall, result.located_share) == (0.0, 1.0)


def test_a_difficult_box_is_not_asked_for(sample: Sample) -> None:
    sample.annotation.difficult[0] = True
    assert recall(sample, 10.0).boxes == 0


def test_a_box_without_surroundings_is_counted_as_unmeasured() -> None:
    whole = Annotation(
        np.array([[0, 0, 40, 30]], np.float32), np.zeros(1, np.int64), np.zeros(1, bool)
    )
    result = recall(Sample("s", np.full((30, 40), 1000, np.uint16), whole), 10.0)
    assert (result.boxes, result.unmeasured) == (0, 1)
