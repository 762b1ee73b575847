"""A whole evaluation: models on a dataset folder, from the files to the record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from thermoscout_core.detection.detector import Detector
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.learning.data import Sample
from thermoscout_core.learning.evaluation.bootstrap import MIN_BLOCKS
from thermoscout_core.learning.evaluation.hot_recall import measure_heat
from thermoscout_core.learning.evaluation.image_sets import (
    BLOCK_FRAMES,
    ImageSet,
    pooled,
    read_image_sets,
    scale_of,
)
from thermoscout_core.learning.evaluation.measures import Conditions, Measures, measure
from thermoscout_core.learning.evaluation.prediction import (
    SCORE_FLOOR,
    joint_classes,
    predict_samples,
)
from thermoscout_core.learning.evaluation.record import ComparisonRecord, ModelRecord
from thermoscout_core.learning.evaluation.recording import (
    MeasuredModel,
    comparison_record,
    model_record,
)

Item = TypeVar("Item")
Watch = Callable[[Sequence[Item], str], Iterable[Item]]
"""(work, its name) -> the work, item by item, while somebody watches."""


@dataclass(frozen=True)
class Request:
    """What to measure. splits None: val if there is one, else the whole folder. score_threshold
    None: each model's own. hot_k: K. replicates: of the bootstrap. block_frames: of a block.
    looks: as in Detector.load."""

    data: Path
    splits: Sequence[str] | None = None
    score_threshold: float | None = None
    hot_k: float = 10.0
    replicates: int = 1000
    block_frames: int = BLOCK_FRAMES
    looks: int | None = None


def unwatched(work: Sequence[Item], name: str) -> Iterable[Item]:
    """A Watch that nobody looks at."""
    return work


def measure_models(
    request: Request,
    paths: Sequence[Path | None],
    threads: int = 2,
    watch: Watch[Sample] = unwatched,
) -> list[MeasuredModel]:
    """Measure each model file (None: the shipped one) on the same images.

    Raises ModelError, DatasetError or ConfigurationError before the first image is looked at when
    a file is missing, foreign or doesn't fit; DatasetError for a broken image or annotation.
    """
    deployed = [Detector.load(path, threads=threads, looks=request.looks) for path in paths]
    ids = [detector.model_id for detector in deployed]
    if len(set(ids)) < len(ids):
        raise ConfigurationError(f"the same model twice: {', '.join(ids)}; name each once")
    sets = read_image_sets(request.data, request.splits, request.block_frames)
    return [
        _measure_model(request, sets, path, detector, threads, watch)
        for path, detector in zip(paths, deployed, strict=True)
    ]


def record_of(models: Sequence[MeasuredModel], request: Request) -> ModelRecord | ComparisonRecord:
    """One model's record, or the comparison of several."""
    records = [model_record(model, request.data, request.block_frames) for model in models]
    return records[0] if len(records) == 1 else comparison_record(models, records)


def _measure_model(
    request: Request,
    sets: Sequence[ImageSet],
    path: Path | None,
    deployed: Detector,
    threads: int,
    watch: Watch[Sample],
) -> MeasuredModel:
    classes = joint_classes(deployed, sets[0].classes, request.data)
    known = sets[0].classes
    sets = [replace(images, classes=classes) for images in sets]
    whole = pooled(sets) if len(sets) > 1 else sets[0]
    detector = Detector.load(
        path, score_threshold=SCORE_FLOOR, threads=threads, looks=request.looks
    )
    samples = watch(whole.samples, f"detecting with {deployed.model_id}")
    predictions = predict_samples(detector, whole.classes, samples)
    scale = scale_of(request.data)
    heat = None if scale is None else measure_heat(whole.samples, scale)
    threshold = request.score_threshold
    conditions = Conditions(
        deployed.score_threshold if threshold is None else threshold,
        request.hot_k,
        request.replicates,
    )
    parts: list[Measures] = []
    start = 0
    for images in sets if len(sets) > 1 else ():
        part = slice(start, start + len(images.samples))
        warm = None if heat is None else heat[part]
        parts.append(measure(images, predictions[part], warm, conditions))
        start = part.stop
    together = measure(whole, predictions, heat, conditions)
    notes = tuple(_notes(together, deployed, known))
    return MeasuredModel(detector, together, tuple(parts), notes)


def _notes(measures: Measures, detector: Detector, known: Sequence[str]) -> Iterator[str]:
    """What a reader of the figures should know."""
    strange = [name for name in detector.classes if name not in known]
    if strange:
        yield f"the data have no class {', '.join(strange)}: detections of it count as false"
    unseen = [name for name in known if name not in detector.classes]
    if unseen:
        yield f"the model doesn't know {', '.join(unseen)}: all such boxes count as missed"
    blocks = measures.images.block_count
    if measures.conditions.replicates and blocks < MIN_BLOCKS:
        yield f"{blocks} block(s) of neighbouring frames: too few for intervals"
    if measures.heat is None:
        yield "no counts/ with a scale.yaml: what is hot isn't known"
