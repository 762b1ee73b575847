"""Augmentation moves the boxes with what they show, and does to the counts what it says."""

import numpy as np
import pytest

from thermoscout_core.learning.augmentation.config import AugmentConfig
from thermoscout_core.learning.augmentation.geometry import frame_to_window, move_boxes
from thermoscout_core.learning.augmentation.greys import change_greys, palette_luminance
from thermoscout_core.learning.augmentation.pipeline import augment, mosaic
from thermoscout_core.learning.augmentation.sensor import motion_blur, shading, unevenness, worsen
from thermoscout_core.learning.data import Annotation

OFF = {
    "flip": 0.0,
    "expand": 0.0,
    "crop": 0.0,
    "rotate": 0.0,
    "sensor": 0.0,
    "gain_control": 0.0,
    "gamma": 0.0,
    "aspect": 1.0,
}


def only(**chosen: float) -> AugmentConfig:
    return AugmentConfig(**{**OFF, **chosen})


def frame_with_hot_box(rng: np.random.Generator) -> tuple[np.ndarray, Annotation]:
    counts = rng.normal(9000, 10, (288, 384)).astype(np.uint16)
    counts[100:140, 200:260] = 9800
    boxes = np.array([[200, 100, 260, 140]], np.float32)
    return counts, Annotation(boxes, np.zeros(1, np.int64), np.zeros(1, bool))


def share_of_hot_pixels_inside(view: np.ndarray, boxes: np.ndarray, hot: int) -> float:
    height, width = view.shape
    rows, columns = np.nonzero(view >= hot)
    inside = np.zeros(len(rows), bool)
    for x1, y1, x2, y2 in boxes * np.array([width, height, width, height]):
        inside |= (columns >= x1 - 3) & (columns <= x2 + 2) & (rows >= y1 - 3) & (rows <= y2 + 2)
    return float(inside.mean())


def test_without_augmentation_the_box_stays_where_it_was() -> None:
    counts, annotation = frame_with_hot_box(np.random.default_rng(0))
    _, moved = augment(counts, annotation, (300, 300), only(), np.random.default_rng(0))
    assert moved.boxes[0] == pytest.approx([200 / 384, 100 / 288, 260 / 384, 140 / 288], abs=1e-5)


@pytest.mark.parametrize("iou_crop", [0.0, 1.0])
@pytest.mark.parametrize("seed", range(15))
def test_the_hot_pixels_stay_inside_the_moved_box(seed: int, iou_crop: float) -> None:
    rng = np.random.default_rng(seed)
    counts, annotation = frame_with_hot_box(rng)
    config = AugmentConfig(sensor=0, rotate=0, iou_crop=iou_crop)
    view, moved = augment(counts, annotation, (300, 300), config, rng)
    if len(moved.boxes):
        assert share_of_hot_pixels_inside(view, moved.boxes, 250) > 0.9


def test_the_same_seed_gives_the_same_picture() -> None:
    counts, annotation = frame_with_hot_box(np.random.default_rng(3))
    everything = AugmentConfig(
        motion_blur=1,
        unevenness=1,
        shading=1,
        dead_pixels=1,
        palette=0.5,
        invert=0.5,
        iou_crop=0.5,
    )
    one, two = (
        augment(counts, annotation, (300, 300), everything, np.random.default_rng(5))
        for _ in range(2)
    )
    assert (one[0] == two[0]).all() and (one[1].boxes == two[1].boxes).all()


def test_an_iou_crop_zooms_in_on_a_box() -> None:
    config = only(crop=1.0, iou_crop=1.0)
    box = np.array([[100, 60, 300, 220]], np.float32)
    shares = []
    for seed in range(60):
        matrix = frame_to_window((288, 384), box, config, np.random.default_rng(seed))
        moved, _ = move_boxes(box, matrix, (288, 384))
        shares += [float((b[2] - b[0]) * (b[3] - b[1]) / (288 * 384)) for b in moved]
    whole = 200 * 160 / (288 * 384)
    assert min(shares) >= whole * 0.99 and np.mean(shares) > 1.5 * whole


def test_a_mosaic_has_the_boxes_of_its_four_frames() -> None:
    rng = np.random.default_rng(1)
    frames = [frame_with_hot_box(rng) for _ in range(4)]
    view, moved = mosaic(frames, (320, 240), only(), rng)
    assert view.shape == (240, 320) and len(moved.boxes) == 4
    assert share_of_hot_pixels_inside(view, moved.boxes, 250) > 0.9


def test_each_tile_of_a_mosaic_is_stretched_by_itself() -> None:
    """A frame 100 K colder than the others would be black if the four shared one gain control."""
    rng = np.random.default_rng(2)
    frames = [frame_with_hot_box(rng) for _ in range(4)]
    cold, annotation = frames[0]
    frames[0] = (cold - 4000, annotation)
    view, _ = mosaic(frames, (320, 240), only(), rng)
    assert view[:80, :80].std() > 20


def test_inverting_makes_heat_black() -> None:
    view = np.arange(256, dtype=np.uint8)[None]
    assert (change_greys(view, only(invert=1.0), np.random.default_rng(0)) == 255 - view).all()


def test_a_palette_in_grey_no_longer_rises_with_the_heat() -> None:
    import cv2

    jet = palette_luminance(cv2.COLORMAP_JET).astype(int)
    assert (np.diff(jet) < 0).any() and jet.max() > 150


def test_motion_smears_along_its_line_and_keeps_the_sum() -> None:
    point = np.zeros((21, 21), np.float32)
    point[10, 10] = 1.0
    smeared = motion_blur(point, 8, 0.0)
    assert smeared.sum() == pytest.approx(1.0, rel=1e-5)
    assert (smeared[10] > 0).sum() >= 7 and (smeared[:, 10] > 0).sum() == 1


def test_an_uneven_response_has_the_sigma_asked_for() -> None:
    rng = np.random.default_rng(0)
    patterns = np.stack([unevenness((96, 128), 5.0, rng) for _ in range(40)])
    assert patterns.std() == pytest.approx(5.0, rel=0.25)


def test_shading_is_no_deeper_than_asked_for() -> None:
    rng = np.random.default_rng(0)
    offsets = [shading((96, 128), 10.0, rng) for _ in range(20)]
    assert max(np.abs(offset).max() for offset in offsets) <= 10.0 * 1.4
    assert min(np.abs(offset).max() for offset in offsets) > 5.0


def test_dead_pixels_are_few_and_at_the_ends() -> None:
    counts = np.full((100, 100), 9000, np.float32)
    counts[0, 0], counts[0, 1] = 8000, 10000
    changed = worsen(counts, only(dead_pixels=1.0, dead_fraction=0.01), np.random.default_rng(0))
    stuck = changed[changed != 9000]
    assert 2 < len(stuck) <= 102 and set(stuck.tolist()) <= {8000, 10000}
