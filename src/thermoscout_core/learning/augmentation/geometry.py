"""Where the window lies that a training frame shows, and where its boxes go."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from thermoscout_core.detection.priors import iou_matrix
from thermoscout_core.frames import Counts
from thermoscout_core.learning.augmentation.config import AugmentConfig
from thermoscout_core.learning.data import Annotation

Matrix = NDArray[np.float64]
Boxes = NDArray[np.float32]

IOU_FLOORS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9)
IOU_CROP_TRIES = 20
IOU_CROP_SCALES = (0.3, 1.0)
IOU_CROP_ASPECTS = (0.5, 2.0)


def flip(counts: Counts, annotation: Annotation) -> tuple[Counts, Annotation]:
    """Left is right."""
    boxes = annotation.boxes.copy()
    boxes[:, [0, 2]] = counts.shape[1] - annotation.boxes[:, [2, 0]]
    flipped = np.ascontiguousarray(counts[:, ::-1])
    return flipped, Annotation(boxes, annotation.labels, annotation.difficult)


def frame_to_window(
    shape: tuple[int, ...], boxes: Boxes, config: AugmentConfig, rng: np.random.Generator
) -> Matrix:
    """The 2x3 matrix from frame pixels to window pixels; the window has the frame's size."""
    frame = np.array([shape[1], shape[0]], np.float64)
    draw = rng.random()
    cropped = config.expand <= draw < config.expand + config.crop
    if cropped and len(boxes) and rng.random() < config.iou_crop:
        origin, window = _iou_window(frame, boxes, rng)
    else:
        scale = 1.0
        if draw < config.expand:
            scale = rng.uniform(1.0, config.expand_max)
        elif cropped:
            scale = np.sqrt(rng.uniform(config.crop_min**2, 1.0))
        stretch = config.aspect ** rng.uniform(-0.5, 0.5)
        window = frame * scale * np.array([stretch, 1 / stretch])
        slack = frame - window
        origin = rng.uniform(np.minimum(slack, 0), np.maximum(slack, 0))
    angle = 0.0
    if rng.random() < config.rotate:
        angle = np.radians(rng.uniform(-config.rotate_deg, config.rotate_deg))
    cosine, sine = np.cos(angle), np.sin(angle)
    linear = np.diag(frame / window) @ np.array([[cosine, -sine], [sine, cosine]])
    shift = frame / 2 - linear @ (origin + window / 2)
    return np.hstack([linear, shift[:, None]])


def _iou_window(
    frame: NDArray[np.float64], boxes: Boxes, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Origin and size of SSD's crop; the whole frame when no try overlaps a box enough."""
    floor = float(rng.choice(IOU_FLOORS))
    for _ in range(IOU_CROP_TRIES):
        scale = rng.uniform(*IOU_CROP_SCALES, 2)
        if not IOU_CROP_ASPECTS[0] <= scale[0] / scale[1] <= IOU_CROP_ASPECTS[1]:
            continue
        window = frame * scale
        origin = rng.uniform(0, frame - window)
        corners = np.concatenate([origin, origin + window]).astype(np.float32)
        if float(iou_matrix(boxes, corners[None]).max()) >= floor:
            return origin, window
    return np.zeros(2), frame


def warp(counts: Counts, matrix: Matrix, rng: np.random.Generator) -> NDArray[np.float32]:
    """Counts in the window (H, W) float32; what lies outside the frame is one plain value."""
    height, width = counts.shape
    fill = float(np.percentile(counts[::4, ::4], rng.uniform(5, 60)))
    warped = cv2.warpAffine(
        counts.astype(np.float32),
        matrix,
        (width, height),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=fill,
    )
    return np.asarray(warped, np.float32)


def move_boxes(
    boxes: Boxes, matrix: Matrix, shape: tuple[int, ...]
) -> tuple[Boxes, NDArray[np.bool_]]:
    """Boxes after the warp, clipped, and which of them still show their object: the centre and
    at least a third of the area inside the window."""
    size_px = np.array([shape[1], shape[0]])
    center = (boxes[:, :2] + boxes[:, 2:]) / 2
    moved = center @ matrix[:, :2].T + matrix[:, 2]
    zoom = np.hypot(matrix[0, :2], matrix[1, :2])
    half = (boxes[:, 2:] - boxes[:, :2]) * zoom / 2
    full = np.concatenate([moved - half, moved + half], 1)
    clipped = np.clip(full, 0, np.tile(size_px, 2))
    sides = clipped[:, 2:] - clipped[:, :2]
    whole = (full[:, 2:] - full[:, :2]).prod(1)
    inside = ((moved > 0) & (moved < size_px)).all(1)
    kept = inside & (sides.prod(1) > whole / 3) & (sides > 2).all(1)
    return clipped[kept].astype(np.float32), kept
