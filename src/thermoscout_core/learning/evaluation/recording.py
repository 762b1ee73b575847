"""From measures to records."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from thermoscout_core.detection.detector import Detector
from thermoscout_core.learning.evaluation.bootstrap import (
    Interval,
    interval_95,
    mean_over,
    replicate_share,
)
from thermoscout_core.learning.evaluation.calibration import BIN_EDGES
from thermoscout_core.learning.evaluation.coco import CocoResult
from thermoscout_core.learning.evaluation.evaluation import MATCH_IOU, MIN_BOXES
from thermoscout_core.learning.evaluation.hot_recall import HotRecall
from thermoscout_core.learning.evaluation.matching import Floats
from thermoscout_core.learning.evaluation.measures import Measures
from thermoscout_core.learning.evaluation.prediction import SCORE_FLOOR
from thermoscout_core.learning.evaluation.record import (
    CalibrationRecord,
    ClassRecord,
    CocoRecord,
    ComparisonRecord,
    ConfusionRecord,
    DifferenceRecord,
    HotRecord,
    ModelRecord,
    SetRecord,
    SpreadRecord,
)

BACKGROUND = "background"
MAP_OVER = f"classes with at least {MIN_BOXES} boxes that aren't difficult"


@dataclass(frozen=True)
class MeasuredModel:
    """A model's measures on all images together, and on each split where there are several."""

    detector: Detector
    whole: Measures
    splits: tuple[Measures, ...]
    notes: tuple[str, ...] = ()


def set_record(measures: Measures) -> SetRecord:
    """One model on one set of images."""
    evaluation = measures.evaluation
    precision, recall = evaluation.at_threshold(measures.conditions.score_threshold)
    counted = {result.name for result in evaluation.counted}
    return SetRecord(
        split=measures.images.name,
        images=evaluation.images,
        blocks=measures.images.block_count,
        map_50=evaluation.mean_ap,
        map_50_interval=interval_95(measures.replicate_map),
        map_50_11_point=evaluation.mean_ap_11_point,
        map_over=MAP_OVER,
        coco=_coco_record([result for result in measures.coco if result.name in counted]),
        precision=precision,
        recall=recall,
        hot=None if measures.hot is None else _hot_record(measures.hot, measures.weights),
        classes={
            result.name: _class_record(measures, label)
            for label, result in enumerate(evaluation.classes)
        },
        confusion=ConfusionRecord(
            labels=[*measures.images.classes, BACKGROUND], counts=measures.confusion.tolist()
        ),
        calibration=_calibration_record(measures),
    )


def _class_record(measures: Measures, label: int) -> ClassRecord:
    result = measures.evaluation.classes[label]
    hits, found = result.hits_and_found(measures.conditions.score_threshold)
    return ClassRecord(
        boxes=result.boxes,
        ap_50=result.ap,
        ap_50_interval=interval_95(measures.replicate_aps.get(result.name, np.zeros(0))),
        ap_50_11_point=result.ap_11_point,
        coco=_coco_record([measures.coco[label]]),
        detections=found,
        precision=hits / found if found else None,
        recall=hits / result.boxes if result.boxes else None,
        hot=None if measures.hot is None else _hot_record([measures.hot[label]], measures.weights),
    )


def _coco_record(results: Sequence[CocoResult]) -> CocoRecord:
    """Means over the results that have the figure."""

    def mean(values: list[float]) -> float:
        known = [value for value in values if not math.isnan(value)]
        return float(np.mean(known)) if known else math.nan

    return CocoRecord(
        ap=mean([result.ap for result in results]),
        ap_50=mean([result.ap_50 for result in results]),
        ap_75=mean([result.ap_75 for result in results]),
        ap_small=mean([result.of_size("small") for result in results]),
        ap_medium=mean([result.of_size("medium") for result in results]),
        ap_large=mean([result.of_size("large") for result in results]),
    )


def _hot_record(parts: Sequence[HotRecall], weights: Floats) -> HotRecord:
    """The classes of parts together."""
    together = HotRecall(
        np.sum([part.hot for part in parts], axis=0),
        np.sum([part.found for part in parts], axis=0),
        np.sum([part.located for part in parts], axis=0),
        sum(part.unmeasured for part in parts),
    )
    replicates = replicate_share(together.found, together.hot, weights)
    return HotRecord(
        boxes=together.boxes,
        recall=together.recall,
        recall_interval=interval_95(replicates),
        hot_spot_covered=together.located_share,
        unmeasured=together.unmeasured,
    )


def _calibration_record(measures: Measures) -> CalibrationRecord:
    calibration = measures.calibration
    return CalibrationRecord(
        expected_error=calibration.expected_error,
        bin_edges=[round(float(edge), 2) for edge in BIN_EDGES],
        detections=calibration.detections.tolist(),
        mean_score=calibration.mean_score.tolist(),
        precision=calibration.precision.tolist(),
    )


def model_record(model: MeasuredModel, data: Path, block_frames: int) -> ModelRecord:
    """One model on everything it was measured on."""
    conditions, selection = model.whole.conditions, model.detector.selection
    return ModelRecord(
        model=model.detector.model_id,
        data=str(data),
        score_floor=SCORE_FLOOR,
        score_threshold=conditions.score_threshold,
        match_iou=MATCH_IOU,
        nms_iou=selection.iou_threshold,
        max_detections=selection.max_detections,
        hot_k=conditions.hot_k,
        bootstrap=conditions.replicates,
        block_frames=block_frames,
        notes=list(model.notes),
        splits={part.images.name: set_record(part) for part in model.splits},
        **dict(set_record(model.whole)),
    )


def comparison_record(
    models: Sequence[MeasuredModel], records: Sequence[ModelRecord]
) -> ComparisonRecord:
    """Mean and spread over the models, and each one's difference to the first."""
    measures = [model.whole for model in models]
    names = [result.name for result in measures[0].evaluation.classes if result.boxes]
    return ComparisonRecord(
        models=list(records),
        map_50=_spread(
            [m.evaluation.mean_ap for m in measures], [m.replicate_map for m in measures]
        ),
        classes={
            name: _spread(
                [record.classes[name].ap_50 or 0.0 for record in records],
                [m.replicate_aps[name] for m in measures],
            )
            for name in names
        },
        differences=[_difference(model, models[0]) for model in models[1:]],
    )


def _spread(values: list[float], replicates: list[Floats]) -> SpreadRecord:
    return SpreadRecord(
        values=values,
        mean=float(np.mean(values)),
        std=float(np.std(values, ddof=1)),
        mean_interval=interval_95(mean_over(replicates)),
    )


def _difference(model: MeasuredModel, first: MeasuredModel) -> DifferenceRecord:
    gain = model.whole.replicate_map - first.whole.replicate_map
    interval: Interval | None = interval_95(gain)
    return DifferenceRecord(
        model=model.detector.model_id,
        minus=first.detector.model_id,
        map_50=model.whole.evaluation.mean_ap - first.whole.evaluation.mean_ap,
        interval=interval,
        better=float((gain > 0).mean()) if len(gain) else None,
    )
