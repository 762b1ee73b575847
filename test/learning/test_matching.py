"""Which priors learn a box."""

import numpy as np
import pytest

from thermoscout_core.detection.priors import (
    PriorLevel,
    corners,
    decode,
    iou_matrix,
    make_priors,
)
from thermoscout_core.learning.data import Annotation
from thermoscout_core.learning.matching import IGNORED, Matcher, Targets

PRIORS = make_priors([PriorLevel(4, 4, ((0.25, 0.25),))])


def match(*boxes: list[float], difficult: bool = False) -> Targets:
    edges = np.array(boxes, np.float32).reshape(-1, 4)
    labels = np.full(len(edges), 2, np.int64)
    return Matcher(PRIORS)(Annotation(edges, labels, np.full(len(edges), difficult)))


def test_a_prior_on_a_box_takes_its_class_after_background() -> None:
    result = match([0.0, 0.0, 0.25, 0.25])
    assert result.labels[0] == 3
    assert (result.labels[1:] == 0).all()


def test_offsets_decode_back_to_the_box() -> None:
    result = match([0.02, 0.01, 0.3, 0.22])
    decoded = decode(result.offsets, PRIORS)
    assert decoded[0] == pytest.approx([0.02, 0.01, 0.3, 0.22], abs=1e-6)


def test_a_box_that_no_prior_fits_still_gets_its_best_one() -> None:
    assert (match([0.3, 0.3, 0.34, 0.34]).labels > 0).sum() == 1


def test_priors_on_a_difficult_box_are_ignored() -> None:
    assert match([0.0, 0.0, 0.25, 0.25], difficult=True).labels[0] == IGNORED


def test_no_box_is_all_background() -> None:
    result = match()
    assert (result.labels == 0).all() and result.offsets.shape == (16, 4)


def test_every_box_keeps_its_best_prior_against_other_boxes_second_choices() -> None:
    rng = np.random.default_rng(0)
    priors = make_priors([PriorLevel(16, 12, ((0.1, 0.1), (0.2, 0.1)))])
    for _ in range(50):
        center, size = rng.uniform(0.2, 0.8, (6, 2)), rng.uniform(0.08, 0.25, (6, 2))
        boxes = np.concatenate([center - size / 2, center + size / 2], 1).astype(np.float32)
        matched = Matcher(priors)(Annotation(boxes, np.arange(6), np.zeros(6, bool)))
        overlap = iou_matrix(boxes, corners(priors))
        if len(set(overlap.argmax(1).tolist())) == len(boxes):
            for number, own in enumerate(overlap):
                learning = matched.labels == number + 1
                assert own[learning].max() == pytest.approx(own.max(), abs=1e-5)
