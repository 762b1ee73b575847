"""Augmentation moves the boxes with what they show."""

import numpy as np
import pytest

from thermoscout_core.learning.augment import AugmentConfig, augment
from thermoscout_core.learning.data import Annotation

STILL = AugmentConfig(
    flip=0, expand=0, crop=0, rotate=0, sensor=0, gain_control=0, gamma=0, aspect=1
)


def frame_with_hot_box(rng: np.random.Generator) -> tuple[np.ndarray, Annotation]:
    counts = rng.normal(9000, 10, (288, 384)).astype(np.uint16)
    counts[100:140, 200:260] = 9800
    boxes = np.array([[200, 100, 260, 140]], np.float32)
    return counts, Annotation(boxes, np.zeros(1, np.int64), np.zeros(1, bool))


def test_without_augmentation_the_box_stays_where_it_was() -> None:
    counts, annotation = frame_with_hot_box(np.random.default_rng(0))
    _, moved = augment(counts, annotation, (300, 300), STILL, np.random.default_rng(0))
    assert moved.boxes[0] == pytest.approx([200 / 384, 100 / 288, 260 / 384, 140 / 288], abs=1e-5)


@pytest.mark.parametrize("seed", range(20))
def test_the_hot_pixels_stay_inside_the_moved_box(seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts, annotation = frame_with_hot_box(rng)
    config = AugmentConfig(sensor=0, rotate=0)
    view, moved = augment(counts, annotation, (300, 300), config, rng)
    if len(moved.boxes) == 0:
        return
    rows, columns = np.nonzero(view >= 250)
    x1, y1, x2, y2 = moved.boxes[0] * 300
    inside = (columns >= x1 - 3) & (columns <= x2 + 2) & (rows >= y1 - 3) & (rows <= y2 + 2)
    assert inside.mean() > 0.9


def test_the_same_seed_gives_the_same_picture() -> None:
    counts, annotation = frame_with_hot_box(np.random.default_rng(3))
    one, two = (
        augment(counts, annotation, (300, 300), AugmentConfig(), np.random.default_rng(5))
        for _ in range(2)
    )
    assert (one[0] == two[0]).all() and (one[1].boxes == two[1].boxes).all()
