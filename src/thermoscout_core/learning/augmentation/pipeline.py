"""From an annotated thermogram to a training view.

Crops are cut from the counts before the 8-bit view is made, because a camera that sees less of
the scene also stretches its contrast differently. So every tile of a mosaic has a view of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from thermoscout_core.detection.view import to_8bit_view
from thermoscout_core.frames import Counts
from thermoscout_core.learning.augmentation.config import AugmentConfig
from thermoscout_core.learning.augmentation.geometry import (
    flip,
    frame_to_window,
    move_boxes,
    warp,
)
from thermoscout_core.learning.augmentation.greys import change_greys, random_gain_control
from thermoscout_core.learning.augmentation.sensor import worsen
from thermoscout_core.learning.data import Annotation

View = NDArray[np.uint8]

RESIZERS = (cv2.INTER_LINEAR, cv2.INTER_AREA, cv2.INTER_CUBIC)
MOSAIC_CENTER = (0.35, 0.65)
"""Where the four tiles may meet, as a fraction of either side."""


def augment(
    counts: Counts,
    annotation: Annotation,
    size_px: tuple[int, int],
    config: AugmentConfig,
    rng: np.random.Generator,
) -> tuple[View, Annotation]:
    """Counts (H, W) and boxes in pixels -> a view of size (w, h) uint8 and boxes as fractions."""
    if rng.random() < config.flip:
        counts, annotation = flip(counts, annotation)
    matrix = frame_to_window(counts.shape, annotation.boxes, config, rng)
    boxes, kept = move_boxes(annotation.boxes, matrix, counts.shape)
    window = worsen(warp(counts, matrix, rng), config, rng)
    view = change_greys(to_8bit_view(window, random_gain_control(config, rng)), config, rng)
    resized = cv2.resize(view, size_px, interpolation=RESIZERS[rng.integers(len(RESIZERS))])
    height, width = counts.shape
    fractions = np.asarray(boxes / np.array([width, height, width, height]), np.float32)
    return np.asarray(resized, np.uint8), Annotation(
        fractions, annotation.labels[kept], annotation.difficult[kept]
    )


def mosaic(
    frames: Sequence[tuple[Counts, Annotation]],
    size_px: tuple[int, int],
    config: AugmentConfig,
    rng: np.random.Generator,
) -> tuple[View, Annotation]:
    """Four annotated thermograms -> one view of size (w, h) of their augmented views, and the
    boxes of all as fractions (Bochkovskiy et al. 2020)."""
    width, height = size_px
    split_x, split_y = np.rint(rng.uniform(*MOSAIC_CENTER, 2) * [width, height]).astype(int)
    view = np.empty((height, width), np.uint8)
    boxes, labels, difficult = [], [], []
    corners = ((0, 0), (split_x, 0), (0, split_y), (split_x, split_y))
    for (counts, annotation), (left, top) in zip(frames, corners, strict=True):
        tile_px = (
            int(width - split_x if left else split_x),
            int(height - split_y if top else split_y),
        )
        tile, moved = augment(counts, annotation, tile_px, config, rng)
        view[top : top + tile_px[1], left : left + tile_px[0]] = tile
        pixels = moved.boxes * np.array([*tile_px, *tile_px]) + np.array([left, top, left, top])
        boxes.append(pixels / np.array([width, height, width, height]))
        labels.append(moved.labels)
        difficult.append(moved.difficult)
    joined = np.concatenate(boxes).astype(np.float32)
    return view, Annotation(joined, np.concatenate(labels), np.concatenate(difficult))
