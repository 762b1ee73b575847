"""The detector: counts in, equipment out. Holds the pre- and postprocessing around a backend."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from thermoscout_core.detection.backends.base import Backend
from thermoscout_core.detection.backends.onnxruntime import OnnxRuntimeBackend
from thermoscout_core.detection.postprocess import Selection, select
from thermoscout_core.detection.view import to_8bit_view
from thermoscout_core.detections import Box, Detection
from thermoscout_core.errors import ConfigurationError, ModelError
from thermoscout_core.frames import Counts
from thermoscout_core.resources import resource_path

DEFAULT_MODEL = "models/mobilenet_v1_ssd300.onnx"


@dataclass(frozen=True)
class StageTimes:
    """Seconds that the latest frame took, per stage."""

    preprocess_s: float = 0.0
    network_s: float = 0.0
    postprocess_s: float = 0.0


def network_input(view: NDArray[np.uint8], size_px: tuple[int, int]) -> NDArray[np.float32]:
    """8-bit view (H, W) -> network input (1, 3, h, w) float32 in −1..1, warped to size (w, h).

    The grey picture goes to all three channels of the ImageNet-trained stem (x/127.5 − 1).
    """
    shrinks = view.shape[1] > size_px[0]
    resized = cv2.resize(
        view, size_px, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )
    grey = resized.astype(np.float32)
    grey *= 1 / 127.5
    grey -= 1.0
    return np.ascontiguousarray(np.broadcast_to(grey, (1, 3, *grey.shape)))


class Detector:
    """Finds equipment in thermal frames.

    classes: names in the order of the model. model_id: file stem and the start of its SHA-256.
    times: of the latest frame. Not thread-safe: one thread at a time.
    """

    def __init__(self, backend: Backend, selection: Selection, model_id: str = "") -> None:
        self.backend = backend
        self.selection = selection
        self.model_id = model_id
        try:
            self.classes: tuple[str, ...] = tuple(backend.metadata["classes"])
        except KeyError as error:
            raise ModelError(
                f"{model_id}: the model's metadata lacks {error}; "
                "export it with 'thermoscout export'"
            ) from error
        self.times = StageTimes()

    @classmethod
    def load(
        cls,
        path: str | Path | None = None,
        *,
        score_threshold: float | None = None,
        iou_threshold: float | None = None,
        max_detections: int = 100,
        threads: int = 2,
    ) -> Detector:
        """Load a model file; None is the shipped one, thresholds None are the model's own.

        Raises ModelError for a missing or foreign file, ConfigurationError for a threshold
        outside 0..1.
        """
        model_path = Path(path) if path is not None else resource_path(DEFAULT_MODEL)
        backend = OnnxRuntimeBackend(model_path, threads)
        defaults = backend.metadata
        selection = Selection(
            score_threshold=_fraction("score_threshold", score_threshold, defaults, 0.3),
            iou_threshold=_fraction("iou_threshold", iou_threshold, defaults, 0.45),
            max_detections=max_detections,
        )
        digest = hashlib.sha256(model_path.read_bytes()).hexdigest()
        return cls(backend, selection, f"{model_path.stem}@{digest[:12]}")

    @property
    def score_threshold(self) -> float:
        return self.selection.score_threshold

    @property
    def input_size_px(self) -> tuple[int, int]:
        return self.backend.input_size_px

    def detect(self, counts: Counts) -> list[Detection]:
        """Counts (H, W) uint16 -> detections, best first, boxes in pixels of that frame.

        Raises FrameError for another shape or dtype.
        """
        started = time.perf_counter()
        images = network_input(to_8bit_view(counts), self.input_size_px)
        prepared = time.perf_counter()
        boxes, scores = self.backend.infer(images)
        inferred = time.perf_counter()
        height, width = counts.shape
        kept_boxes, kept_scores, kept_classes = select(boxes[0], scores[0, :, 1:], self.selection)
        kept_boxes = kept_boxes * np.array([width, height, width, height], np.float32)
        detections = [
            Detection(self.classes[index], float(score), Box(*(float(edge) for edge in box)))
            for box, score, index in zip(kept_boxes, kept_scores, kept_classes, strict=True)
        ]
        done = time.perf_counter()
        self.times = StageTimes(prepared - started, inferred - prepared, done - inferred)
        return detections


def _fraction(
    name: str, asked: float | None, defaults: dict[str, object], fallback: float
) -> float:
    value = asked if asked is not None else defaults.get(name, fallback)
    if not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise ConfigurationError(f"{name} must lie between 0 and 1, got {value}")
    return float(value)
