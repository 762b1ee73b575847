"""Random cases, the independent evaluator, and the founders' data where there are any."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from thermoscout_core.learning.data import Annotation
from thermoscout_core.learning.evaluation.matching import Prediction

WIDTH_PX, HEIGHT_PX = 384, 288


@pytest.fixture
def random_case() -> Callable[..., tuple[list[Annotation], list[Prediction]]]:
    return _random_case


@pytest.fixture
def coco_precision() -> Callable[..., np.ndarray]:
    pytest.importorskip("faster_coco_eval")
    return _coco_precision


@pytest.fixture
def substation() -> Path:
    """The founders' substation thermograms; THERMOSCOUT_DATA or ../shared/data beside the repo."""
    beside = Path(__file__).resolve().parents[4] / "shared" / "data"
    folder = Path(os.environ.get("THERMOSCOUT_DATA", beside)) / "substation"
    if not folder.is_dir():
        pytest.skip("no data folder; set THERMOSCOUT_DATA")
    return folder


def _random_case(
    seed: int, images: int = 20, classes: int = 3, difficult: float = 0.2, apart: bool = False
) -> tuple[list[Annotation], list[Prediction]]:
    """Boxes that crowd each other, detections shaken off them, doubled, of the wrong class, or on
    nothing; scores of two decimals, so that many are equal. apart: boxes that don't overlap."""
    generator = np.random.default_rng(seed)
    annotations, predictions = [], []
    for _ in range(images):
        truth = _random_boxes(generator, int(generator.integers(0, 12)))
        if apart:
            truth = _without_overlap(truth)
        count = len(truth)
        labels = generator.integers(0, classes, count)
        annotations.append(Annotation(truth, labels, generator.random(count) < difficult))
        copied = generator.integers(0, max(count, 1), 2 * count)
        size = np.tile(truth[copied, 2:] - truth[copied, :2], 2)
        shaken = truth[copied] + generator.normal(0, 0.12, (2 * count, 4)) * size
        boxes = np.concatenate([shaken, _random_boxes(generator, 6)]).astype(np.float32)
        boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2] + 1)
        guessed = np.concatenate([labels[copied], generator.integers(0, classes, 6)])
        wrong = generator.random(len(guessed)) < 0.15
        guessed[wrong] = generator.integers(0, classes, int(wrong.sum()))
        scores = np.round(generator.random(len(boxes)), 2).astype(np.float32)
        predictions.append(Prediction(boxes, scores, guessed.astype(np.intp)))
    return annotations, predictions


def _random_boxes(generator: np.random.Generator, count: int) -> np.ndarray:
    """(count, 4) float32, from specks to half the frame."""
    size = np.exp(generator.uniform(np.log(6), np.log(180), (count, 2)))
    corner = generator.uniform(0, 1, (count, 2)) * (np.array([WIDTH_PX, HEIGHT_PX]) - size)
    return np.concatenate([corner, corner + size], axis=1).astype(np.float32)


def _without_overlap(boxes: np.ndarray) -> np.ndarray:
    kept: list[np.ndarray] = []
    for box in boxes:
        if all((box[2:] <= other[:2]).any() or (other[2:] <= box[:2]).any() for other in kept):
            kept.append(box)
    return np.array(kept, np.float32).reshape(-1, 4)


def _coco_precision(
    annotations: Sequence[Annotation],
    predictions: Sequence[Prediction],
    classes: int,
    recall_points: np.ndarray | None = None,
) -> np.ndarray:
    """faster-coco-eval's precision (IoU thresholds, recall points, classes, sizes); −1 where a
    class has no box. Difficult boxes are given as crowd regions."""
    from faster_coco_eval import COCO, COCOeval_faster

    truth = [
        _entry(image, box, label) | {"iscrowd": int(difficult)}
        for image, annotation in enumerate(annotations)
        for box, label, difficult in zip(
            annotation.boxes, annotation.labels, annotation.difficult, strict=True
        )
    ]
    found = [
        _entry(image, box, label) | {"score": float(score)}
        for image, prediction in enumerate(predictions)
        for box, score, label in zip(
            prediction.boxes, prediction.scores, prediction.labels, strict=True
        )
    ]
    dataset = COCO()
    dataset.dataset = {
        "images": [{"id": image} for image in range(len(annotations))],
        "categories": [{"id": label, "name": str(label)} for label in range(classes)],
        "annotations": [entry | {"id": number} for number, entry in enumerate(truth, 1)],
    }
    dataset.createIndex()
    evaluator = COCOeval_faster(dataset, dataset.loadRes(found), "bbox", print_function=_quiet)
    if recall_points is not None:
        evaluator.params.recThrs = recall_points
    evaluator.evaluate()
    evaluator.accumulate()
    return np.asarray(evaluator.eval["precision"])[..., -1]


def _entry(image: int, box: np.ndarray, label: int) -> dict[str, object]:
    x1, y1, x2, y2 = (float(edge) for edge in box)
    width, height = x2 - x1, y2 - y1
    return {
        "image_id": image,
        "category_id": int(label),
        "bbox": [x1, y1, width, height],
        "area": width * height,
    }


def _quiet(*_: object) -> None:
    return None
