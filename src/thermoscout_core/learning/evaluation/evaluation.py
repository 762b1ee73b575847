"""The quick measure of a detector: VOC AP@0.5 per class, its mean, and the best threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from thermoscout_core.learning.data import Annotation, Dataset
from thermoscout_core.learning.evaluation.average_precision import ClassResult
from thermoscout_core.learning.evaluation.matching import Prediction, match_class

MATCH_IOU = 0.5
"""A detection has found a box that it overlaps by at least this much."""
MIN_BOXES = 5
"""Classes with fewer boxes are listed, but stay out of the means."""


@dataclass(frozen=True)
class Evaluation:
    """Per-class results and their means over the classes with at least MIN_BOXES boxes."""

    classes: tuple[ClassResult, ...]
    images: int

    @property
    def counted(self) -> list[ClassResult]:
        return [result for result in self.classes if result.boxes >= MIN_BOXES]

    @property
    def mean_ap(self) -> float:
        return float(np.mean([r.ap for r in self.counted])) if self.counted else float("nan")

    @property
    def mean_ap_11_point(self) -> float:
        values = [result.ap_11_point for result in self.counted]
        return float(np.mean(values)) if values else float("nan")

    def at_threshold(self, threshold: float) -> tuple[float, float]:
        """Precision and recall over all classes at that score."""
        counts = [result.hits_and_found(threshold) for result in self.classes]
        hits, found = sum(count[0] for count in counts), sum(count[1] for count in counts)
        return hits / max(found, 1), hits / max(sum(r.boxes for r in self.classes), 1)

    def best_threshold(self) -> float:
        """The score with the best F2 over all classes, where recall counts twice as much as
        precision: equipment that is missed is not looked at, a box too many is only judged
        normal. Choose it on val, never on test."""
        candidates = np.round(np.arange(0.05, 0.95, 0.01), 2)

        def f2(threshold: float) -> float:
            precision, recall = self.at_threshold(threshold)
            return 5 * precision * recall / max(4 * precision + recall, 1e-9)

        return float(max(candidates, key=f2))


def evaluate_boxes(
    classes: Sequence[str],
    annotations: Sequence[Annotation],
    predictions: Sequence[Prediction],
    iou_threshold: float = MATCH_IOU,
) -> Evaluation:
    """annotations and predictions: one per image, in the same order; labels index classes."""
    results = tuple(
        ClassResult(name, match_class(label, predictions, annotations, iou_threshold))
        for label, name in enumerate(classes)
    )
    return Evaluation(results, len(annotations))


def evaluate_predictions(
    dataset: Dataset, predictions: Sequence[Prediction], iou_threshold: float = MATCH_IOU
) -> Evaluation:
    """predictions: one per image of the dataset, in its order."""
    annotations = [sample.annotation for sample in dataset.samples]
    return evaluate_boxes(dataset.classes, annotations, predictions, iou_threshold)
