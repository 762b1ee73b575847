"""Everything that is measured of one model on one set of images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.learning.evaluation.bootstrap import (
    draw_weights,
    replicate_aps,
    replicate_mean_ap,
)
from thermoscout_core.learning.evaluation.calibration import Calibration, calibration_of
from thermoscout_core.learning.evaluation.coco import CocoResult, coco_class
from thermoscout_core.learning.evaluation.confusion import confusion_matrix
from thermoscout_core.learning.evaluation.evaluation import Evaluation, evaluate_boxes
from thermoscout_core.learning.evaluation.hot_recall import BoxHeat, HotRecall, hot_recall
from thermoscout_core.learning.evaluation.image_sets import ImageSet
from thermoscout_core.learning.evaluation.matching import Floats, Prediction


@dataclass(frozen=True)
class Conditions:
    """What is asked. score_threshold: the deployed one. hot_k: a box is hot from this rise above
    its surroundings on, K. replicates: of the bootstrap. seed: of its draws."""

    score_threshold: float
    hot_k: float = 10.0
    replicates: int = 1000
    seed: int = 0


@dataclass(frozen=True)
class Measures:
    """One model on one set of images; coco and hot in the order of evaluation.classes.

    hot: None when the counts have no scale. confusion: see confusion_matrix. weights: the draws
    of the bootstrap (R, I). replicate_aps: R values per class with boxes; replicate_map (R,).
    """

    images: ImageSet
    predictions: Sequence[Prediction]
    conditions: Conditions
    evaluation: Evaluation
    coco: tuple[CocoResult, ...]
    heat: Sequence[BoxHeat] | None
    hot: tuple[HotRecall, ...] | None
    confusion: NDArray[np.intp]
    calibration: Calibration
    weights: Floats
    replicate_aps: dict[str, Floats]
    replicate_map: Floats


def measure(
    images: ImageSet,
    predictions: Sequence[Prediction],
    heat: Sequence[BoxHeat] | None,
    conditions: Conditions,
) -> Measures:
    """predictions, heat: one per sample of the set, in its order."""
    annotations = images.annotations
    evaluation = evaluate_boxes(images.classes, annotations, predictions)
    weights = draw_weights(images.blocks, conditions.replicates, conditions.seed)
    aps = replicate_aps(evaluation, weights)
    return Measures(
        images=images,
        predictions=predictions,
        conditions=conditions,
        evaluation=evaluation,
        coco=tuple(
            coco_class(name, label, predictions, annotations)
            for label, name in enumerate(images.classes)
        ),
        heat=heat,
        hot=None if heat is None else _hot(images, predictions, heat, evaluation, conditions),
        confusion=confusion_matrix(
            evaluation, annotations, predictions, conditions.score_threshold
        ),
        calibration=calibration_of(evaluation),
        weights=weights,
        replicate_aps=aps,
        replicate_map=replicate_mean_ap(evaluation, aps),
    )


def _hot(
    images: ImageSet,
    predictions: Sequence[Prediction],
    heat: Sequence[BoxHeat],
    evaluation: Evaluation,
    conditions: Conditions,
) -> tuple[HotRecall, ...]:
    threshold = conditions.score_threshold
    return tuple(
        hot_recall(
            label, result.matches, images.samples, predictions, heat, conditions.hot_k, threshold
        )
        for label, result in enumerate(evaluation.classes)
    )
