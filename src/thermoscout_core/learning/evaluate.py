"""Evaluation of a detector on a split: what ``thermoscout evaluate`` prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from thermoscout_core.detection.detector import Detector
from thermoscout_core.errors import DatasetError
from thermoscout_core.learning.data import Sample, ThermogramDataset
from thermoscout_core.learning.metrics import ClassResult, Prediction, evaluate_class

SCORE_FLOOR = 0.01
"""Detections below it aren't considered for the curves (SSD's usual evaluation threshold)."""
MIN_BOXES = 5
"""Classes with fewer boxes are listed, but stay out of the mean."""


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
        hits = found = wanted = 0.0
        for result in self.classes:
            count = int((result.scores >= threshold).sum())
            found += count
            hits += float(result.precision[count - 1] * count) if count else 0.0
            wanted += result.boxes
        return hits / max(found, 1), hits / max(wanted, 1)

    def best_threshold(self) -> float:
        """The score with the best F1 over all classes; choose it on val, never on test."""
        candidates = np.round(np.arange(0.05, 0.95, 0.01), 2)

        def f1(threshold: float) -> float:
            precision, recall = self.at_threshold(threshold)
            return 2 * precision * recall / max(precision + recall, 1e-9)

        return float(max(candidates, key=f1))

    def as_dict(self) -> dict[str, Any]:
        """For JSON; NaN (a class without boxes) becomes None."""
        return {
            "images": self.images,
            "map_50": _number(self.mean_ap),
            "map_50_11_point": _number(self.mean_ap_11_point),
            "map_over": f"classes with at least {MIN_BOXES} boxes that aren't difficult",
            "classes": {
                result.name: {
                    "boxes": result.boxes,
                    "ap_50": _number(result.ap),
                    "ap_50_11_point": _number(result.ap_11_point),
                }
                for result in self.classes
            },
        }


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 6)


def evaluate_predictions(
    dataset: ThermogramDataset, predictions: Sequence[Prediction], iou_threshold: float = 0.5
) -> Evaluation:
    """predictions: one per image of the dataset, in its order."""
    annotations = [sample.annotation for sample in dataset.samples]
    results = tuple(
        evaluate_class(name, label, predictions, annotations, iou_threshold)
        for label, name in enumerate(dataset.classes)
    )
    return Evaluation(results, len(dataset))


def predict_dataset(
    detector: Detector, dataset: ThermogramDataset, samples: Iterable[Sample] | None = None
) -> list[Prediction]:
    """Run the detector over the dataset.

    samples: the dataset's own, when the caller wants to watch them go by. Raises DatasetError
    when the model knows a class that the dataset doesn't, since such detections could be neither
    right nor wrong.
    """
    unknown = [name for name in detector.classes if name not in dataset.classes]
    if unknown:
        raise DatasetError(
            f"{dataset.root}: the model detects {', '.join(unknown)}, "
            "which classes.txt doesn't have"
        )
    predictions = []
    for sample in dataset.samples if samples is None else samples:
        found = detector.detect(sample.counts)
        predictions.append(
            Prediction(
                np.array([d.box.as_list() for d in found], np.float32).reshape(-1, 4),
                np.array([d.score for d in found], np.float32),
                np.array([dataset.classes.index(d.class_name) for d in found], np.intp),
            )
        )
    return predictions
