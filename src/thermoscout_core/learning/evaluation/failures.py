"""A detector's failures at its deployed threshold, worst first, each with its likely reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.detections import Box
from thermoscout_core.learning.evaluation.evaluation import MATCH_IOU
from thermoscout_core.learning.evaluation.matching import FALSE, areas, overlaps
from thermoscout_core.learning.evaluation.measures import Measures

NEAR_IOU = 0.1
"""Less overlap than this and two boxes have nothing to do with each other."""


@dataclass(frozen=True)
class Failure:
    """A missed box or a false detection. image: index into the set's samples. weight: what the
    failures are sorted by. caption: the class with its heat or its score. reason: in words, e.g.
    "only at score 0.21"."""

    image: int
    box: Box
    class_name: str
    weight: float
    caption: str
    reason: str


def missed_boxes(measures: Measures, count: int, per_image: int = 2) -> list[Failure]:
    """Annotated boxes that no detection found, the hottest first (without a scale: the largest).

    per_image: at most so many of one image, so that one bad frame doesn't fill the sheet.
    """
    failures = []
    for label, result in enumerate(measures.evaluation.classes):
        kept = result.matches.above(measures.conditions.score_threshold)
        found = set(zip(kept.images.tolist(), kept.truths.tolist(), strict=True))
        for image, annotation in enumerate(measures.images.annotations):
            mine = (annotation.labels == label) & ~annotation.difficult
            for truth in np.flatnonzero(mine):
                if (image, int(truth)) not in found:
                    failures.append(_missed(measures, image, int(truth)))
    return _worst(failures, count, per_image)


def false_detections(measures: Measures, count: int, per_image: int = 2) -> list[Failure]:
    """Detections that found nothing, the most certain first; those on difficult boxes aren't
    failures."""
    failures = []
    for result in measures.evaluation.classes:
        kept = result.matches.above(measures.conditions.score_threshold)
        for row in np.flatnonzero(kept.truths == FALSE):
            failures.append(_false(measures, int(kept.images[row]), int(kept.detections[row])))
    return _worst(failures, count, per_image)


def _worst(failures: Iterable[Failure], count: int, per_image: int) -> list[Failure]:
    chosen: list[Failure] = []
    of_image: dict[int, int] = {}
    for failure in sorted(failures, key=lambda failure: -failure.weight):
        if of_image.get(failure.image, 0) < per_image:
            of_image[failure.image] = of_image.get(failure.image, 0) + 1
            chosen.append(failure)
    return chosen[:count]


def _missed(measures: Measures, image: int, truth: int) -> Failure:
    annotation = measures.images.annotations[image]
    name = measures.images.classes[annotation.labels[truth]]
    corners = annotation.boxes[truth]
    rise_k = float("nan") if measures.heat is None else float(measures.heat[image].rise_k[truth])
    if measures.heat is None:
        weight, caption = float(areas(corners[None])[0]), name
    else:
        weight = -np.inf if np.isnan(rise_k) else rise_k
        caption = name if np.isnan(rise_k) else f"{name}, {rise_k:+.0f} K"
    reason = _why_missed(measures, image, truth)
    return Failure(image, _box(corners), name, weight, caption, reason)


def _why_missed(measures: Measures, image: int, truth: int) -> str:
    annotation, prediction = measures.images.annotations[image], measures.predictions[image]
    overlap = overlaps(prediction.boxes, annotation.boxes[truth][None])[:, 0]
    same = prediction.labels == annotation.labels[truth]
    deployed = prediction.scores >= measures.conditions.score_threshold
    fits = overlap >= MATCH_IOU
    wrong_class, too_unsure = fits & ~same & deployed, fits & same & ~deployed
    if wrong_class.any():
        other = int(np.flatnonzero(wrong_class)[0])
        return f"called {measures.images.classes[prediction.labels[other]]}"
    if too_unsure.any():
        return f"only at score {prediction.scores[too_unsure].max():.2f}"
    near = np.where(deployed & same, overlap, 0.0)
    if len(near) and near.max() >= NEAR_IOU:
        return f"box too far off, IoU {near.max():.2f}"
    return "no detection"


def _false(measures: Measures, image: int, detection: int) -> Failure:
    prediction = measures.predictions[image]
    name = measures.images.classes[prediction.labels[detection]]
    score = float(prediction.scores[detection])
    reason = _why_false(measures, image, detection)
    corners = prediction.boxes[detection]
    return Failure(image, _box(corners), name, score, f"{name}, score {score:.2f}", reason)


def _why_false(measures: Measures, image: int, detection: int) -> str:
    annotation, prediction = measures.images.annotations[image], measures.predictions[image]
    if not len(annotation.boxes):
        return "nothing annotated"
    overlap = overlaps(prediction.boxes[detection][None], annotation.boxes)[0]
    same = annotation.labels == prediction.labels[detection]
    ours = np.where(same, overlap, 0.0)
    if ours.max() >= MATCH_IOU:
        return "found a second time"
    if overlap.max() >= MATCH_IOU:
        return f"annotated as {measures.images.classes[annotation.labels[overlap.argmax()]]}"
    if ours.max() >= NEAR_IOU:
        return f"box too far off, IoU {ours.max():.2f}"
    return "nothing annotated"


def _box(corners: NDArray[np.float32]) -> Box:
    return Box(*(float(edge) for edge in corners))
