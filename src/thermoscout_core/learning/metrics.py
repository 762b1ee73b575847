"""Average precision as PASCAL VOC defines it; difficult boxes are neither hits nor misses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.detection.priors import iou_matrix
from thermoscout_core.learning.data import Annotation

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Prediction:
    """The detections of one image: boxes (N, 4) corners in pixels, scores (N,), labels (N,)."""

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: NDArray[np.intp]


@dataclass(frozen=True)
class ClassResult:
    """One class. boxes: not difficult ones. precision, recall: along falling score thresholds
    (scores). ap: area under the interpolated curve; ap_11_point: VOC 2007's; NaN without boxes."""

    name: str
    boxes: int
    ap: float
    ap_11_point: float
    scores: Floats
    precision: Floats
    recall: Floats


def evaluate_class(
    name: str,
    label: int,
    predictions: Sequence[Prediction],
    annotations: Sequence[Annotation],
    iou_threshold: float = 0.5,
) -> ClassResult:
    """Match one class's detections, best first, each box taken once (VOC devkit's rule)."""
    scores, hits = [], []
    boxes = 0
    for prediction, annotation in zip(predictions, annotations, strict=True):
        chosen = annotation.labels == label
        boxes += int((chosen & ~annotation.difficult).sum())
        score, hit, ignored = _match_image(prediction, annotation, label, chosen, iou_threshold)
        scores.append(score[~ignored])
        hits.append(hit[~ignored])
    all_scores = np.concatenate(scores) if scores else np.zeros(0)
    order = np.argsort(-all_scores, kind="stable")
    true = np.cumsum(np.concatenate(hits)[order]) if len(order) else np.zeros(0)
    precision = true / np.maximum(np.arange(1, len(order) + 1), 1)
    recall = true / max(boxes, 1)
    if boxes == 0:
        return ClassResult(name, 0, np.nan, np.nan, all_scores[order], precision, recall)
    ap, ap_11 = average_precision(precision, recall), average_precision_11(precision, recall)
    return ClassResult(name, boxes, ap, ap_11, all_scores[order], precision, recall)


def _match_image(
    prediction: Prediction,
    annotation: Annotation,
    label: int,
    chosen: NDArray[np.bool_],
    iou_threshold: float,
) -> tuple[Floats, NDArray[np.bool_], NDArray[np.bool_]]:
    mine = np.flatnonzero(prediction.labels == label)
    mine = mine[np.argsort(-prediction.scores[mine], kind="stable")]
    hit = np.zeros(len(mine), bool)
    ignored = np.zeros(len(mine), bool)
    truth, difficult = annotation.boxes[chosen], annotation.difficult[chosen]
    if len(truth) and len(mine):
        overlap = iou_matrix(prediction.boxes[mine], truth)
        best = overlap.argmax(1)
        taken = np.zeros(len(truth), bool)
        for row, column in enumerate(best):
            if overlap[row, column] < iou_threshold:
                continue
            if difficult[column]:
                ignored[row] = True
            elif not taken[column]:
                hit[row] = taken[column] = True
    return prediction.scores[mine].astype(np.float64), hit, ignored


def average_precision(precision: Floats, recall: Floats) -> float:
    """Area under the curve, precision made monotone from the right (VOC 2010 and later)."""
    envelope = np.maximum.accumulate(np.concatenate(([0.0], precision, [0.0]))[::-1])[::-1]
    ends = np.concatenate(([0.0], recall, [1.0]))
    return float(np.sum(np.diff(ends) * envelope[1:]))


def average_precision_11(precision: Floats, recall: Floats) -> float:
    """Mean of the best precision at recall ≥ 0, 0.1 … 1 (VOC 2007)."""
    points = [precision[recall >= threshold] for threshold in np.linspace(0, 1, 11)]
    return float(np.mean([values.max() if len(values) else 0.0 for values in points]))
