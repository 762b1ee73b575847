"""Average precision as COCO defines it (cocodataset.org, detection evaluation).

The rule of matching differs from VOC's: a detection takes the best-overlapping box *that is still
free*, and boxes to be ignored only when no other will do. AP is the mean precision at 101 recalls,
averaged over IoU thresholds 0.5, 0.55 … 0.95; at most 100 detections per image and class count.
Difficult boxes are crowd regions: any number of detections may lie on one, and a detection lies
on it by the share of its own area, not by IoU. Small, medium and large are areas up to 32², up to
96² and beyond, in pixels of the thermal frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.learning.data import Annotation
from thermoscout_core.learning.evaluation.matching import (
    Floats,
    Prediction,
    areas,
    best_first,
    overlaps,
)

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALL_POINTS: Floats = np.linspace(0.0, 1.0, 101, dtype=np.float64)
SIZES = ("all", "small", "medium", "large")
AREAS_PX = np.array([[0, 1e10], [0, 32**2], [32**2, 96**2], [96**2, 1e10]])
MAX_DETECTIONS = 100

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class CocoResult:
    """One class. average_precision: (10 IoU thresholds, 4 sizes), NaN where there is no box."""

    name: str
    average_precision: Floats

    @property
    def ap(self) -> float:
        """AP@[.5:.95]."""
        return self.of_size("all")

    @property
    def ap_50(self) -> float:
        return float(self.average_precision[0, 0])

    @property
    def ap_75(self) -> float:
        return float(self.average_precision[5, 0])

    def of_size(self, size: str) -> float:
        """AP@[.5:.95] of the boxes of one of SIZES."""
        return float(self.average_precision[:, SIZES.index(size)].mean())


@dataclass(frozen=True)
class _ImageMatches:
    """One image's detections, best first: scores (N,); hits, ignored (10, 4, N); boxes (4,)."""

    scores: Floats
    hits: Flags
    ignored: Flags
    boxes: NDArray[np.intp]


def coco_class(
    name: str,
    label: int,
    predictions: Sequence[Prediction],
    annotations: Sequence[Annotation],
    recall_points: Floats = RECALL_POINTS,
) -> CocoResult:
    """Evaluate one class over all images.

    recall_points: where precision is read; another choice gives another interpolation.
    """
    images = [
        _match_image(prediction, annotation, label)
        for prediction, annotation in zip(predictions, annotations, strict=True)
    ]
    scores = np.concatenate([np.zeros(0), *(image.scores for image in images)])
    order = np.argsort(-scores, kind="stable")
    shape = (len(IOU_THRESHOLDS), len(SIZES))
    result = np.full(shape, np.nan)
    if not images:
        return CocoResult(name, result)
    hits = np.concatenate([image.hits for image in images], axis=2)[:, :, order]
    ignored = np.concatenate([image.ignored for image in images], axis=2)[:, :, order]
    boxes = np.sum([image.boxes for image in images], axis=0)
    for threshold, size in np.ndindex(*shape):
        if boxes[size]:
            counted = hits[threshold, size][~ignored[threshold, size]]
            result[threshold, size] = _precision_at(counted, boxes[size], recall_points).mean()
    return CocoResult(name, result)


def _precision_at(hits: Flags, boxes: int, recall_points: Floats) -> Floats:
    """hits (N,), best first -> interpolated precision at each recall; 0 where it isn't reached."""
    found = np.cumsum(hits, dtype=np.float64)
    precision = found / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    place = np.searchsorted(found / boxes, recall_points, side="left")
    return np.asarray(np.append(envelope, 0.0)[np.minimum(place, len(hits))])


def _match_image(prediction: Prediction, annotation: Annotation, label: int) -> _ImageMatches:
    mine = best_first(prediction, label)[:MAX_DETECTIONS]
    boxes = prediction.boxes[mine]
    chosen = annotation.labels == label
    truth, crowd = annotation.boxes[chosen], annotation.difficult[chosen]
    out_of_size = _outside(areas(truth))
    overlap = overlaps(boxes, truth, crowd)
    taken_by = _assign(overlap, crowd, out_of_size | crowd)
    matched = taken_by >= 0
    unwanted = np.zeros(matched.shape, bool)
    if len(truth):
        sizes = np.arange(len(SIZES))[None, :, None]
        unwanted = matched & (out_of_size | crowd)[sizes, np.maximum(taken_by, 0)]
    ignored = unwanted | (~matched & _outside(areas(boxes))[None])
    return _ImageMatches(
        prediction.scores[mine].astype(np.float64),
        matched & ~unwanted,
        ignored,
        (~(out_of_size | crowd)).sum(axis=1),
    )


def _outside(areas_px: Floats) -> Flags:
    """(4, N): which areas don't belong to each size."""
    return np.asarray((areas_px < AREAS_PX[:, :1]) | (areas_px > AREAS_PX[:, 1:]))


def _assign(overlap: Floats, crowd: Flags, ignorable: Flags) -> NDArray[np.intp]:
    """overlap (N, G), crowd (G,), ignorable (4, G) -> the box each detection takes, or −1,
    (10, 4, N): the best free one, of equals the last, an ignorable one only if no other."""
    count, boxes = overlap.shape
    taken_by = np.full((len(IOU_THRESHOLDS), len(SIZES), count), -1, np.intp)
    if not boxes:
        return taken_by
    free = np.ones((len(IOU_THRESHOLDS), len(SIZES), boxes), bool)
    thresholds = IOU_THRESHOLDS[:, None, None]
    for row in np.flatnonzero((overlap >= IOU_THRESHOLDS[0]).any(axis=1)):
        possible = free & (overlap[row] >= thresholds)
        wanted = possible & ~ignorable
        pool = np.where(wanted.any(axis=2, keepdims=True), wanted, possible)
        value = np.where(pool, overlap[row], -1.0)[:, :, ::-1]
        best = boxes - 1 - value.argmax(axis=2)
        found = pool.any(axis=2)
        taken_by[:, :, row] = np.where(found, best, -1)
        threshold, size = np.nonzero(found)
        free[threshold, size, best[found]] = crowd[best[found]]
    return taken_by
