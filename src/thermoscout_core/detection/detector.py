"""The detector: counts in, equipment out. Holds the pre- and postprocessing around a backend."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from thermoscout_core.detection.backends import DEFAULT_RUNTIME, load_first
from thermoscout_core.detection.backends.base import Backend
from thermoscout_core.detection.consensus import agree, of_a_look
from thermoscout_core.detection.contract import Contract
from thermoscout_core.detection.looks import LOOKS, THRESHOLD_SHARE
from thermoscout_core.detection.postprocess import Selection
from thermoscout_core.detections import Box, Detection
from thermoscout_core.errors import ConfigurationError, ModelError
from thermoscout_core.frames import Counts
from thermoscout_core.resources import resource_path, sha256_of

FLOAT32_MODEL = "models/mobilenet_v1_ssd512.onnx"
DEFAULT_MODEL = "models/mobilenet_v1_ssd512_int8.onnx"
SHIPPED_MODELS = {
    "float32": FLOAT32_MODEL,
    "int8": DEFAULT_MODEL,
    "small": "models/mobilenet_v1_ssd512_small.onnx",
}
"""Names that stand for a shipped file wherever a model is asked for. The default is made for CPUs;
TensorRT, which doesn't take it, makes its engine of the float32 file."""

ROBOT_MODEL = "small"
"""What the detector node takes on a CPU: as accurate as int8 on val at one look, and quicker."""


def model_file(model: str | Path | None) -> Path:
    """The file of a name of SHIPPED_MODELS, of a path, or of None, the default. It need not be
    there. Raises ConfigurationError when the installation lacks a shipped one."""
    if model is None:
        return resource_path(DEFAULT_MODEL)
    shipped = SHIPPED_MODELS.get(str(model))
    return Path(model) if shipped is None else resource_path(shipped)


@dataclass(frozen=True)
class StageTimes:
    """Seconds that the latest frame took, per stage."""

    preprocess_s: float = 0.0
    network_s: float = 0.0
    postprocess_s: float = 0.0


class Detector:
    """Finds equipment in thermal frames.

    classes: names in the order of the model. model_id: file stem and the start of its SHA-256,
    and what is added where each frame is looked at several times. looks: see load().
    times: of the latest frame. fallback_reasons: why each runtime that was preferred doesn't run
    it, () where the first one does. Not thread-safe: one thread at a time.
    """

    def __init__(
        self, backend: Backend, selection: Selection, model_id: str = "", looks: int | None = 1
    ) -> None:
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
        self.fallback_reasons: tuple[str, ...] = ()
        try:
            self._contract = Contract(backend)
        except ModelError as error:
            raise ModelError(f"{model_id}: {error}") from error
        most = self._contract.most_looks
        self.looks = most if looks is None else looks
        if self.looks not in LOOKS or self.looks > most:
            possible = " or ".join(str(number) for number in LOOKS if number <= most)
            raise ConfigurationError(
                f"looks: {model_id} can look at a frame {possible} times, not {looks}"
                + ("" if most == max(LOOKS) else "; a file without preprocessing inside can more")
            )
        if self.looks > 1:
            self.model_id += f"+{self.looks}looks"

    @classmethod
    def load(
        cls,
        path: str | Path | None = None,
        *,
        score_threshold: float | None = None,
        iou_threshold: float | None = None,
        max_detections: int = 100,
        threads: int = 2,
        runtime: str = DEFAULT_RUNTIME,
        fallbacks: Sequence[str] = (),
        looks: int | None = 1,
    ) -> Detector:
        """Load a model file; thresholds None are the model's own, of which several looks take a
        share (looks.THRESHOLD_SHARE).

        path: as in model_file; None with TensorRT is the float32 file. looks: how many times each
        frame is looked at, one of LOOKS; it takes the network's time as often, and finds more
        (docs/models.md). None: as often as the file can.
        runtime: one of detection.backends.BACKENDS. fallbacks: others, taken in turn where it
        isn't there or has no engine; fallback_reasons then says why. Raises ModelError for a
        missing or foreign file, ConfigurationError for a threshold outside 0..1, for a number of
        looks that the file can't, or when none of the runtimes is there.
        """
        if path is None and "tensorrt" in (runtime, *fallbacks):
            path = "float32"
        model_path = model_file(path)
        backend, reasons = load_first((runtime, *fallbacks), model_path, threads)
        defaults = backend.metadata
        selection = Selection(
            score_threshold=_fraction("score_threshold", score_threshold, defaults, 0.3),
            iou_threshold=_fraction("iou_threshold", iou_threshold, defaults, 0.45),
            max_detections=max_detections,
        )
        model_id = f"{model_path.stem}@{sha256_of(model_path)[:12]}"
        detector = cls(backend, selection, model_id, looks)
        if score_threshold is None:
            threshold = selection.score_threshold * THRESHOLD_SHARE[detector.looks]
            detector.selection = replace(selection, score_threshold=threshold)
        detector.fallback_reasons = reasons
        return detector

    def close(self) -> None:
        """Let the runtime's devices and threads go; the last call."""
        self.backend.close()

    @property
    def score_threshold(self) -> float:
        return self.selection.score_threshold

    @property
    def input_size_px(self) -> tuple[int, int]:
        return self._contract.input_size_px

    def detect(
        self, counts: Counts, network_begins: Callable[[], None] = lambda: None
    ) -> list[Detection]:
        """Counts (H, W) uint16 -> detections, best first, boxes in pixels of that frame.

        network_begins: called between preprocessing and the network. Raises FrameError for another
        shape or dtype.
        """
        started = time.perf_counter()
        looks = LOOKS[self.looks]
        tensors = self._contract.prepare_looks(counts, looks)
        prepared = time.perf_counter()
        network_begins()
        if self.looks == 1:
            outputs = self._contract.run(tensors[0], self.selection)
            inferred = time.perf_counter()
            fractions, scores, classes = self._contract.read(outputs, self.selection)
        else:
            each = of_a_look(self.selection)
            said = []
            for seen in tensors:  # read at once: a runtime may use its outputs' memory again
                said.append(self._contract.read(self._contract.run(seen, each), each))
            inferred = time.perf_counter()
            fractions, scores, classes = agree(looks, said, self.selection)
        height, width = counts.shape
        boxes = fractions * np.array([width, height, width, height], np.float32)
        detections = [
            Detection(self.classes[index], float(score), Box(*(float(edge) for edge in box)))
            for box, score, index in zip(boxes, scores, classes, strict=True)
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
