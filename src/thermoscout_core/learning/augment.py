"""Augmentation of thermograms, on counts: geometry, what optics and sensors do, gain control.

Crops are cut from the counts before the 8-bit view is made, because a camera that sees less of
the scene also stretches its contrast differently.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from thermoscout_core.detection.view import DEFAULT_GAIN_CONTROL, GainControl, to_8bit_view
from thermoscout_core.frames import COUNT_MAX, Counts
from thermoscout_core.learning.data import Annotation


@dataclass(frozen=True)
class AugmentConfig:
    """Probabilities and ranges. expand_max, crop_min: linear scale of the frame shown.
    aspect: widest change of the crop's aspect ratio. noise: sigma in parts of the frame's 1–99 %
    range, up to. blur_px: sigma, up to. stripes: column noise in parts of that range, up to."""

    flip: float = 0.5
    expand: float = 0.25
    expand_max: float = 1.7
    crop: float = 0.75
    crop_min: float = 0.4
    aspect: float = 1.3
    rotate: float = 0.25
    rotate_deg: float = 6.0
    noise: float = 0.02
    blur_px: float = 1.0
    stripes: float = 0.01
    sensor: float = 0.3
    gain_control: float = 0.6
    gamma: float = 0.3


def augment(
    counts: Counts,
    annotation: Annotation,
    size_px: tuple[int, int],
    config: AugmentConfig,
    rng: np.random.Generator,
) -> tuple[NDArray[np.uint8], Annotation]:
    """Counts (H, W) and boxes in pixels -> a view of size (w, h) uint8 and boxes as fractions."""
    counts, annotation = _flip(counts, annotation, config, rng)
    matrix = _frame_to_window(counts.shape, config, rng)
    window = _warp(counts, matrix, rng)
    boxes, kept = _move_boxes(annotation.boxes, matrix, window.shape, rng)
    window = _sensor(window, config, rng)
    view = to_8bit_view(window, _gain_control(config, rng))
    view = _gamma(view, config, rng)
    methods = (cv2.INTER_LINEAR, cv2.INTER_AREA, cv2.INTER_CUBIC)
    resized = cv2.resize(view, size_px, interpolation=methods[rng.integers(3)])
    height, width = window.shape
    limits = np.array([width, height, width, height], np.float32)
    fractions = np.asarray(boxes / limits, np.float32)
    return np.asarray(resized, np.uint8), Annotation(
        fractions, annotation.labels[kept], annotation.difficult[kept]
    )


def _flip(
    counts: Counts, annotation: Annotation, config: AugmentConfig, rng: np.random.Generator
) -> tuple[Counts, Annotation]:
    if rng.random() >= config.flip:
        return counts, annotation
    boxes = annotation.boxes.copy()
    boxes[:, [0, 2]] = counts.shape[1] - annotation.boxes[:, [2, 0]]
    flipped = np.ascontiguousarray(counts[:, ::-1])
    return flipped, Annotation(boxes, annotation.labels, annotation.difficult)


def _frame_to_window(
    shape: tuple[int, ...], config: AugmentConfig, rng: np.random.Generator
) -> NDArray[np.float64]:
    """The 2x3 matrix from frame pixels to window pixels; the window has the frame's size."""
    height, width = shape
    draw = rng.random()
    scale = 1.0
    if draw < config.expand:
        scale = rng.uniform(1.0, config.expand_max)
    elif draw < config.expand + config.crop:
        scale = np.sqrt(rng.uniform(config.crop_min**2, 1.0))
    stretch = config.aspect ** rng.uniform(-0.5, 0.5)
    window = np.array([width * scale * stretch, height * scale / stretch])
    slack = np.array([width, height]) - window
    origin = rng.uniform(np.minimum(slack, 0), np.maximum(slack, 0))
    angle = (
        rng.uniform(-config.rotate_deg, config.rotate_deg) if rng.random() < config.rotate else 0
    )
    zoom = np.array([width, height]) / window
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    rotation = np.array([[cosine, -sine], [sine, cosine]])
    linear = np.diag(zoom) @ rotation
    center = origin + window / 2
    shift = np.array([width, height]) / 2 - linear @ center
    return np.hstack([linear, shift[:, None]])


def _warp(counts: Counts, matrix: NDArray[np.float64], rng: np.random.Generator) -> Counts:
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
    return warped.astype(np.uint16)


def _move_boxes(
    boxes: NDArray[np.float32],
    matrix: NDArray[np.float64],
    shape: tuple[int, ...],
    rng: np.random.Generator,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Boxes after the warp, clipped, and which of them still show their object: the centre and
    at least a third of the area inside the window."""
    height, width = shape
    center = np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2], 1)
    size = np.stack([boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]], 1)
    moved = center @ matrix[:, :2].T + matrix[:, 2]
    half = size * np.array([np.hypot(*matrix[:, 0]), np.hypot(*matrix[:, 1])]) / 2
    full = np.concatenate([moved - half, moved + half], 1)
    limits = np.array([width, height, width, height])
    clipped = np.clip(full, 0, limits)
    area = (clipped[:, 2:] - clipped[:, :2]).prod(1)
    whole = (full[:, 2:] - full[:, :2]).prod(1)
    inside = ((moved > 0) & (moved < np.array([width, height]))).all(1)
    kept = inside & (area > whole / 3) & ((clipped[:, 2:] - clipped[:, :2]) > 2).all(1)
    return clipped[kept].astype(np.float32), kept


def _sensor(counts: Counts, config: AugmentConfig, rng: np.random.Generator) -> Counts:
    if rng.random() >= config.sensor:
        return counts
    low, high = np.percentile(counts[::4, ::4], [1, 99])
    span = max(float(high - low), 1.0)
    image = counts.astype(np.float32)
    blur = rng.uniform(0, config.blur_px)
    if blur > 0.3:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), blur), np.float32)
    noise = rng.standard_normal(image.shape, np.float32)
    image += noise * (span * rng.uniform(0, config.noise))
    stripes = rng.standard_normal((1, image.shape[1]), np.float32)
    image += stripes * (span * rng.uniform(0, config.stripes))
    return np.clip(image, 0, COUNT_MAX).astype(np.uint16)


def _gain_control(config: AugmentConfig, rng: np.random.Generator) -> GainControl:
    if rng.random() >= config.gain_control:
        return DEFAULT_GAIN_CONTROL
    return GainControl(tail=float(10 ** rng.uniform(-4, -2)), plateau=float(rng.uniform(1.5, 8)))


def _gamma(
    view: NDArray[np.uint8], config: AugmentConfig, rng: np.random.Generator
) -> NDArray[np.uint8]:
    if rng.random() >= config.gamma:
        return view
    exponent = np.exp(rng.uniform(-0.4, 0.4))
    table = np.rint(255 * (np.arange(256) / 255) ** exponent).astype(np.uint8)
    return np.asarray(table[view], np.uint8)
