"""What is taken for what: the confusion matrix at the deployed threshold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.learning.data import Annotation
from thermoscout_core.learning.evaluation.evaluation import MATCH_IOU, Evaluation
from thermoscout_core.learning.evaluation.matching import FALSE, Indices, Prediction, overlaps


def confusion_matrix(
    evaluation: Evaluation,
    annotations: Sequence[Annotation],
    predictions: Sequence[Prediction],
    score_threshold: float,
) -> NDArray[np.intp]:
    """(C + 1, C + 1) counts: row annotated, column detected, the last of each the background.

    The right detections (VOC's rule) come first, so that the diagonal divided by the row's sum is
    the recall. What is left is paired across classes, best score first, each detection with the
    free box that it overlaps most, at IoU 0.5 or more. A detection left over then is a false one
    (last row), a box left over a missed one (last column); on a difficult box it isn't counted.
    """
    classes = len(evaluation.classes)
    matrix = np.zeros((classes + 1, classes + 1), np.intp)
    for image, (annotation, prediction) in enumerate(zip(annotations, predictions, strict=True)):
        free = ~annotation.difficult
        open_detections: list[int] = []
        for label, result in enumerate(evaluation.classes):
            matches = result.matches.above(score_threshold)
            here = matches.images == image
            truths, detections = matches.truths[here], matches.detections[here]
            free[truths[truths != FALSE]] = False
            matrix[label, label] += int((truths != FALSE).sum())
            open_detections += detections[truths == FALSE].tolist()
        _pair_across_classes(matrix, annotation, prediction, free, np.array(open_detections, int))
    return matrix


def _pair_across_classes(
    matrix: NDArray[np.intp],
    annotation: Annotation,
    prediction: Prediction,
    free: NDArray[np.bool_],
    detections: Indices,
) -> None:
    background = len(matrix) - 1
    detections = detections[np.argsort(-prediction.scores[detections], kind="stable")]
    overlap = overlaps(prediction.boxes[detections], annotation.boxes)
    for row, detection in enumerate(detections):
        available = np.where(free | annotation.difficult, overlap[row], 0.0)
        truth = int(available.argmax()) if len(available) else FALSE
        guessed = prediction.labels[detection]
        if truth == FALSE or available[truth] < MATCH_IOU:
            matrix[background, guessed] += 1
        elif free[truth]:
            matrix[annotation.labels[truth], guessed] += 1
            free[truth] = False
    for label in annotation.labels[free]:
        matrix[label, background] += 1
