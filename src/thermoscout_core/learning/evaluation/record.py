"""evaluation.json: what an evaluation found, for other programs; docs/evaluation.md explains it.

The models below are the interface; config/schema/evaluation.schema.json is made of them, and a
test holds the two equal. A figure that doesn't exist (AP of a class without boxes, an interval
from too few blocks) is null; nothing is left out.
"""

from __future__ import annotations

import json
import math
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

from thermoscout_core import __version__

DIGITS = 6


def _rounded(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return round(value, DIGITS) if math.isfinite(value) else None


Figure = Annotated[float | None, BeforeValidator(_rounded)]
Interval = tuple[Figure, Figure] | None
INTERVAL = "95 % interval of the block bootstrap."


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CocoRecord(_Record):
    """COCO's AP, 101-point, over IoU 0.5 … 0.95 unless named otherwise."""

    ap: Figure = Field(description="AP@[.5:.95].")
    ap_50: Figure
    ap_75: Figure
    ap_small: Figure = Field(description="Boxes up to 32² px of the thermal frame.")
    ap_medium: Figure = Field(description="Boxes from 32² to 96² px.")
    ap_large: Figure = Field(description="Boxes from 96² px.")


class HotRecord(_Record):
    """Boxes hotter than their surroundings by at least hot_k, at the deployed threshold."""

    boxes: int
    recall: Figure = Field(description="Found by a detection of their class, IoU ≥ 0.5.")
    recall_interval: Interval = Field(description=INTERVAL)
    hot_spot_covered: Figure = Field(
        description="Share whose hot spot lies in a detection of any class."
    )
    unmeasured: int = Field(description="Boxes without free surroundings: not counted.")


class ClassRecord(_Record):
    """One class."""

    boxes: int = Field(description="Annotated boxes that aren't difficult.")
    ap_50: Figure = Field(description="VOC AP at IoU 0.5, area under the interpolated curve.")
    ap_50_interval: Interval = Field(description=INTERVAL)
    ap_50_11_point: Figure = Field(description="VOC 2007's AP at IoU 0.5.")
    coco: CocoRecord
    detections: int = Field(description="At the deployed threshold, difficult ones left out.")
    precision: Figure = Field(description="At the deployed threshold; null without detections.")
    recall: Figure = Field(description="At the deployed threshold; null without boxes.")
    hot: HotRecord | None = Field(description="Null when the counts have no scale.")


class CalibrationRecord(_Record):
    """Scores against the share that is right, detections of all classes from score 0.05 on."""

    expected_error: Figure = Field(description="Mean |precision − score| over the detections.")
    bin_edges: list[float]
    detections: list[int]
    mean_score: list[Figure]
    precision: list[Figure]


class ConfusionRecord(_Record):
    """At the deployed threshold and IoU 0.5."""

    labels: list[str] = Field(description="Of rows and columns; the last is background.")
    counts: list[list[int]] = Field(description="Row: annotated class; column: detected class.")


class SetRecord(_Record):
    """One model on one set of images."""

    split: str = Field(description="Name of the split, of several joined by commas.")
    images: int
    blocks: int = Field(description="Blocks of neighbouring frames, drawn by the bootstrap.")
    map_50: Figure = Field(description="Mean of ap_50 over the classes of map_over.")
    map_50_interval: Interval = Field(description=INTERVAL)
    map_50_11_point: Figure
    map_over: str
    coco: CocoRecord = Field(description="Means over those classes that have a box of the size.")
    precision: Figure = Field(description="All classes, at the deployed threshold.")
    recall: Figure = Field(description="All classes, at the deployed threshold.")
    hot: HotRecord | None = Field(description="All classes; null when the counts have no scale.")
    classes: dict[str, ClassRecord]
    confusion: ConfusionRecord
    calibration: CalibrationRecord


class ModelRecord(SetRecord):
    """One model: the conditions, the figures on all images, and on each split of several."""

    thermoscout: str = Field(default=__version__, description="Version that wrote the file.")
    model: str = Field(description="File stem and start of its SHA-256.")
    data: str
    score_floor: float = Field(description="Detections below it don't enter the curves.")
    score_threshold: float = Field(description="The deployed one, of precision and recall.")
    match_iou: float = Field(description="A detection has found a box from this IoU on.")
    nms_iou: float = Field(description="The detector's suppression threshold.")
    max_detections: int = Field(description="Kept per image, all classes together.")
    hot_k: float = Field(description="A box is hot from this rise above its surroundings on, K.")
    bootstrap: int = Field(description="Replicates.")
    block_frames: int = Field(description="Most frames in a block.")
    notes: list[str] = Field(description="What a reader of the figures should know.")
    splits: dict[str, SetRecord] = Field(description="Each split, when there are several.")


class SpreadRecord(_Record):
    """A figure of several models (seeds of one recipe, for instance)."""

    values: list[Figure] = Field(description="In the order of models.")
    mean: Figure
    std: Figure = Field(description="Sample standard deviation (n − 1).")
    mean_interval: Interval = Field(description="95 % interval of the mean, same models.")


class DifferenceRecord(_Record):
    """mAP@0.5 of a model less that of the first one, on the same replicates."""

    model: str
    minus: str
    map_50: Figure
    interval: Interval = Field(description="95 % interval of the paired block bootstrap.")
    better: Figure = Field(description="Share of the replicates in which model is the better.")


class ComparisonRecord(_Record):
    """Several models on the same images."""

    models: list[ModelRecord]
    map_50: SpreadRecord
    classes: dict[str, SpreadRecord] = Field(description="ap_50 of each class with boxes.")
    differences: list[DifferenceRecord]


EvaluationRecord = ModelRecord | ComparisonRecord


def evaluation_schema() -> str:
    """The JSON schema of evaluation.json: one model's record, or the comparison of several."""
    schema: dict[str, Any] = TypeAdapter(EvaluationRecord).json_schema(mode="serialization")
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(evaluation_schema(), end="")
