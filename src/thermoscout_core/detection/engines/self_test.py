"""The self-test of an engine: what the ONNX file finds in ONNX Runtime on the CPU."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.detection.backends.base import Backend
from thermoscout_core.detection.backends.onnxruntime import OnnxRuntimeBackend
from thermoscout_core.detection.contract import Contract
from thermoscout_core.detection.engines.cache import Outcome
from thermoscout_core.detection.postprocess import Selected, Selection
from thermoscout_core.errors import EngineError
from thermoscout_core.frames import Counts
from thermoscout_core.simulation.dataset import example_frames

TOLERANCES = {
    "float32": (0.01, 1.0),
    "float16": (0.02, 2.0),
    "int8": (0.05, 4.0),
    "int8_float16": (0.05, 4.0),
    "int8_calibrated": (0.3, 16.0),
}
"""Precision -> how far a score may be off, and an edge of a box, in pixels of the input. What is
expected comes from the same file, so the rounding to int8 or float16 is in it; the file of
int8_calibrated is float32."""

SIMULATED_FRAMES = 8


@dataclass(frozen=True)
class SelfTest:
    """counts: (H, W) the frame. selection: how detections are read. boxes (D, 4) corners as
    fractions, scores (D,), classes (D,): what must be found."""

    counts: Counts
    selection: Selection
    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    classes: NDArray[np.intp]

    def to_bytes(self) -> bytes:
        """As npz."""
        stream = io.BytesIO()
        thresholds = np.array([self.selection.score_threshold, self.selection.iou_threshold])
        np.savez_compressed(
            stream,
            counts=self.counts,
            thresholds=thresholds,
            boxes=self.boxes,
            scores=self.scores,
            classes=self.classes,
        )
        return stream.getvalue()

    @classmethod
    def read(cls, path: Path) -> SelfTest:
        """Raises EngineError when the file is gone or damaged."""
        try:
            with np.load(path, allow_pickle=False) as stored:
                score_threshold, iou_threshold = (float(x) for x in stored["thresholds"])
                return cls(
                    stored["counts"],
                    Selection(score_threshold, iou_threshold),
                    stored["boxes"],
                    stored["scores"],
                    stored["classes"],
                )
        except (OSError, KeyError, ValueError) as error:
            raise EngineError(
                f"{path}: the engine's self-test can't be read: {error}; build it again: "
                "thermoscout engine build --force"
            ) from error


def make_self_test(model: Path, frames: Sequence[Counts]) -> SelfTest:
    """The first of frames in which the ONNX file finds something, and what it finds.

    A file with the preprocessing inside takes frames of one size; where none of frames has it,
    simulated ones test it. Raises EngineError when it finds nothing in any: such a test would
    prove nothing.
    """
    backend = OnnxRuntimeBackend(model)
    contract = Contract(backend)
    if contract.input == "counts":
        size_px = contract.input_size_px
        fitting = [counts for counts in frames if counts.shape == size_px[::-1]]
        frames = fitting or example_frames(SIMULATED_FRAMES, size_px)
    thresholds = [backend.metadata.get(name) for name in ("score_threshold", "iou_threshold")]
    score_threshold, iou_threshold = (
        float(value) if isinstance(value, (int, float)) else fallback
        for value, fallback in zip(thresholds, (0.3, 0.45), strict=True)
    )
    selection = Selection(score_threshold, iou_threshold)
    for counts in frames:
        boxes, scores, classes = _detections(backend, counts, selection)
        if len(scores):
            return SelfTest(counts, selection, boxes, scores, classes)
    raise EngineError(
        f"{model}: it finds nothing in {len(frames)} frames, so that an engine of it can't be "
        "tested; give frames in which it does with --data"
    )


def run_self_test(backend: Backend, test: SelfTest, precision: str) -> Outcome:
    """Compare an engine behind a backend with what must be found.

    Raises EngineError when a detection is missing, new, or further off than the precision allows.
    """
    contract = Contract(backend)
    width_px, height_px = (
        contract.input_size_px if contract.input == "images" else test.counts.shape[::-1]
    )
    size_px = np.array([width_px, height_px] * 2, np.float32)
    found = _detections(backend, test.counts, test.selection)
    score_tolerance, box_tolerance_px = TOLERANCES[precision]
    if not all(np.isfinite(values).all() for values in found[:2]):
        raise EngineError(f"{backend.name}: self-test failed: the engine gives no numbers (NaN)")
    expected = (test.boxes, test.scores, test.classes)
    score, box_px = _differences(expected, found, size_px)
    # Near the threshold either side may leave a detection out.
    sure = test.selection.score_threshold + score_tolerance
    lost = int(((score > score_tolerance) & (test.scores >= sure)).sum())
    _, extra_px = _differences(found, expected, size_px)
    new = int((np.isinf(extra_px) & (found[1] >= sure)).sum())
    kept = np.isfinite(box_px)
    worst_score, worst_px = (float(values[kept].max(initial=0.0)) for values in (score, box_px))
    moved = worst_px > box_tolerance_px
    if lost or new or moved or not kept.any():
        raise EngineError(
            f"{backend.name}: self-test failed: of {len(test.scores)} detections {lost} are lost "
            f"or differ in score, {new} are new; scores differ by up to {worst_score:.3f} "
            f"(at most {score_tolerance:g}), boxes by {worst_px:.2f} px "
            f"(at most {box_tolerance_px:g}). The engine isn't served; build it again "
            "(--force), and if it fails again, in another precision"
        )
    return Outcome(
        when=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        detections=len(test.scores),
        score=round(worst_score, 5),
        box_px=round(worst_px, 3),
    )


def _detections(backend: Backend, counts: Counts, selection: Selection) -> Selected:
    contract = Contract(backend)
    return contract.read(contract.run(contract.prepare(counts), selection), selection)


def _differences(
    wanted: Selected, found: Selected, size_px: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """For each wanted detection, how far score and box of the nearest of its class are off;
    infinite where there is none within a tenth of the picture."""
    boxes, scores, classes = found
    score = np.full(len(wanted[1]), np.inf, np.float32)
    box_px = np.full(len(wanted[1]), np.inf, np.float32)
    for index, (box, wanted_score, label) in enumerate(zip(*wanted, strict=True)):
        distance_px = np.abs((boxes - box) * size_px).max(axis=1, initial=0.0)
        distance_px = np.where(classes == label, distance_px, np.inf)
        if len(distance_px) and distance_px.min() <= size_px.max() / 10:
            nearest = int(distance_px.argmin())
            box_px[index] = distance_px[nearest]
            score[index] = abs(scores[nearest] - wanted_score)
    return score, box_px
