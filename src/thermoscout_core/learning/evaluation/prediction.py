"""The deployed detector's own detections of annotated thermograms, down to the lowest scores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from thermoscout_core.detection.detector import Detector
from thermoscout_core.errors import DatasetError
from thermoscout_core.learning.data import Sample
from thermoscout_core.learning.evaluation.matching import Prediction

SCORE_FLOOR = 0.01
"""Detections below it aren't considered for the curves (SSD's usual evaluation threshold)."""


def joint_classes(detector: Detector, classes: Sequence[str], root: Path) -> tuple[str, ...]:
    """The dataset's classes, and after them those that only the model has.

    Raises DatasetError when each has a class that the other doesn't: then one of them calls
    things by other names.
    """
    only_model = [name for name in detector.classes if name not in classes]
    only_data = [name for name in classes if name not in detector.classes]
    if only_model and only_data:
        raise DatasetError(
            f"{root}: labels and model don't fit: {', '.join(only_data)} only in the data, "
            f"{', '.join(only_model)} only in {detector.model_id}; "
            "name the classes alike, or evaluate the model on data with its own classes"
        )
    return (*classes, *only_model)


def predict_samples(
    detector: Detector, classes: Sequence[str], samples: Iterable[Sample]
) -> list[Prediction]:
    """One prediction per sample, labels as indices into classes, which must hold the model's."""
    index = {name: label for label, name in enumerate(classes)}
    predictions = []
    for sample in samples:
        found = detector.detect(sample.counts)
        predictions.append(
            Prediction(
                np.array([d.box.as_list() for d in found], np.float32).reshape(-1, 4),
                np.array([d.score for d in found], np.float32),
                np.array([index[d.class_name] for d in found], np.intp),
            )
        )
    return predictions
