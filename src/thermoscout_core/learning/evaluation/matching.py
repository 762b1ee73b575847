"""Which detection found which annotated box: PASCAL VOC's rule.

Detections of a class go best score first. Each looks at the annotated box of its class that it
overlaps best; if that overlap reaches the IoU threshold it has found the box, unless a better
one has found it already, which makes it a false detection (a second box further away isn't tried;
COCO's rule, in ``coco``, would). A detection on a difficult box is neither right nor wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.learning.data import Annotation

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

FALSE = -1


@dataclass(frozen=True)
class Prediction:
    """The detections of one image: boxes (N, 4) corners in pixels, scores (N,), labels (N,)."""

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: NDArray[np.intp]


@dataclass(frozen=True)
class ClassMatches:
    """One class's detections in a set of I images, best score first, those on difficult boxes left
    out.

    scores (N,). images (N,): index of the image. detections (N,): index within that image's
    prediction. truths (N,): index of the box found within that image's annotation, or FALSE.
    boxes (I,): annotated boxes per image that aren't difficult.
    """

    scores: Floats
    images: Indices
    detections: Indices
    truths: Indices
    boxes: Indices

    @property
    def hits(self) -> NDArray[np.bool_]:
        return np.asarray(self.truths != FALSE)

    def above(self, score_threshold: float) -> ClassMatches:
        """Those with at least that score; which box each has found doesn't depend on the rest."""
        count = int((self.scores >= score_threshold).sum())
        return ClassMatches(
            self.scores[:count],
            self.images[:count],
            self.detections[:count],
            self.truths[:count],
            self.boxes,
        )


def overlaps(
    boxes: NDArray[np.float32], truth: NDArray[np.float32], crowd: NDArray[np.bool_] | None = None
) -> Floats:
    """IoU of boxes (N, 4) and (M, 4) corners -> (N, M), in double precision, as evaluators do.

    crowd (M,): columns that hold the share of the box inside instead (COCO's crowd regions).
    """
    first, second = boxes.astype(np.float64), truth.astype(np.float64)
    top_left = np.maximum(first[:, None, :2], second[None, :, :2])
    bottom_right = np.minimum(first[:, None, 2:], second[None, :, 2:])
    intersection = np.clip(bottom_right - top_left, 0, None).prod(axis=2)
    area = areas(boxes)[:, None]
    union = area + areas(truth)[None, :] - intersection
    if crowd is not None:
        union = np.where(crowd[None, :], area, union)
    return np.asarray(intersection / np.maximum(union, 1e-12))


def areas(boxes: NDArray[np.float32]) -> Floats:
    """Areas of boxes (N, 4) corners -> (N,), px²."""
    corners = boxes.astype(np.float64)
    return np.asarray((corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1]))


def best_first(prediction: Prediction, label: int) -> Indices:
    """Indices of one class's detections, best score first, equal scores in their order."""
    mine = np.flatnonzero(prediction.labels == label)
    return mine[np.argsort(-prediction.scores[mine], kind="stable")]


def match_class(
    label: int,
    predictions: Sequence[Prediction],
    annotations: Sequence[Annotation],
    iou_threshold: float = 0.5,
) -> ClassMatches:
    """Match one class over all images; predictions and annotations in the same order."""
    nothing = np.zeros(0, np.intp)
    parts: list[tuple[Floats, Indices, Indices, Indices]] = [
        (np.zeros(0), nothing, nothing, nothing)
    ]
    boxes = np.zeros(len(annotations), np.intp)
    for image, (prediction, annotation) in enumerate(zip(predictions, annotations, strict=True)):
        boxes[image] = int(((annotation.labels == label) & ~annotation.difficult).sum())
        detections = best_first(prediction, label)
        truths, ignored = _match_image(
            prediction.boxes[detections], annotation, label, iou_threshold
        )
        detections, truths = detections[~ignored], truths[~ignored]
        scores = prediction.scores[detections].astype(np.float64)
        parts.append((scores, np.full(len(detections), image, np.intp), detections, truths))
    scores, images, found, truths = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(-scores, kind="stable")
    return ClassMatches(scores[order], images[order], found[order], truths[order], boxes)


def _match_image(
    boxes: NDArray[np.float32], annotation: Annotation, label: int, iou_threshold: float
) -> tuple[Indices, NDArray[np.bool_]]:
    """Boxes (N, 4), best first -> the index of the box each has found (N,), ignored (N,)."""
    truths = np.full(len(boxes), FALSE, np.intp)
    ignored = np.zeros(len(boxes), bool)
    columns = np.flatnonzero(annotation.labels == label)
    if not len(columns) or not len(boxes):
        return truths, ignored
    overlap = overlaps(boxes, annotation.boxes[columns])
    nearest = columns[overlap.argmax(1)]
    taken: set[int] = set()
    for row in np.flatnonzero(overlap.max(1) >= iou_threshold):
        truth = int(nearest[row])
        if annotation.difficult[truth]:
            ignored[row] = True
        elif truth not in taken:
            truths[row] = truth
            taken.add(truth)
    return truths, ignored
