"""What a model file takes and gives: the same detections, with more or less of the way inside.

A file is known by the names of its inputs and outputs:

========================  =====================================================================
input ``images``          (N, 3, H, W) float32 in −1..1, made by :func:`network_input`: the same
                          grey three times, of which a file may read the first alone
input ``counts``          (N, H, W, 2) uint8, frames of that size as the camera sends them: the
                          bytes of uint16 counts, the low one first
outputs offsets, logits   raw: (N, P, 4) and (N, P, 1 + C), background first
outputs boxes, scores     decoded: (N, P, 4) corners as fractions, (N, P, 1 + C) summing to 1
… and classes             suppressed: (N, K, 4), (N, K), (N, K) index of the class; K candidates,
                          best first, 0 the score of what a better one suppresses
… and classes, frames     detections: (D, 4), (D,), (D,) index of the class, (D,) index in the
                          batch; best first within a frame; thresholds are optional inputs
========================  =====================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from thermoscout_core.detection.backends.base import Backend, Tensor
from thermoscout_core.detection.looks import LOOKS, Look
from thermoscout_core.detection.postprocess import Selected, Selection, select_foreground
from thermoscout_core.detection.priors import PriorLevel, decode, make_priors
from thermoscout_core.detection.view import to_8bit_view
from thermoscout_core.errors import FrameError, ModelError
from thermoscout_core.frames import Counts

Floats = NDArray[np.float32]

RAW = ("offsets", "logits")
DECODED = ("boxes", "scores")
SUPPRESSED = ("boxes", "scores", "classes")
DETECTIONS = ("boxes", "scores", "classes", "frames")
OUTPUTS = {"raw": RAW, "decoded": DECODED, "suppressed": SUPPRESSED, "detections": DETECTIONS}
SETTINGS = ("score_threshold", "iou_threshold", "max_detections")
"""Optional inputs of a file that gives detections; they have Selection's names and meanings."""


def network_input(view: NDArray[np.uint8], size_px: tuple[int, int]) -> Floats:
    """8-bit view (H, W) -> network input (1, 3, h, w) float32 in −1..1, warped to size (w, h).

    The grey picture goes to all three channels of the ImageNet-trained stem (x/127.5 − 1). It is
    warped in float32: what OpenCV does to bytes differs between processors.
    """
    flag = interpolation(view.shape[1], size_px[0])
    made = np.empty((1, 3, size_px[1], size_px[0]), np.float32)
    grey: Floats = made[0, 0]
    cv2.resize(view.astype(np.float32), size_px, dst=grey, interpolation=flag)
    grey *= 1 / 127.5
    grey -= 1.0
    made[0, 1:] = grey
    return made


def frame_bytes(counts: Counts) -> NDArray[np.uint8]:
    """Counts (H, W) uint16 -> the same memory as (1, H, W, 2) uint8, low bytes first."""
    little_endian = np.ascontiguousarray(counts, "<u2")
    return little_endian.view(np.uint8).reshape(1, *counts.shape, 2)


def interpolation(width_px: int, target_px: int) -> int:
    """OpenCV's flag for warping a view of that width: linear, which up to half of the width leaves
    no pixel out, and below that area, which takes longer."""
    return cv2.INTER_AREA if width_px > 2 * target_px else cv2.INTER_LINEAR


@dataclass(frozen=True)
class Contract:
    """A loaded file with its way in and its way out.

    Raises ModelError, naming the file's inputs and outputs, for a file that isn't a detector.
    """

    backend: Backend

    def __post_init__(self) -> None:
        known_input = len(self.backend.inputs) == 1 and self.input in ("images", "counts")
        if not known_input or self.backend.outputs not in OUTPUTS.values():
            raise ModelError(
                "a detector has the input 'images' or 'counts' and the outputs "
                f"{' or '.join(', '.join(names) for names in OUTPUTS.values())}; this file has "
                f"{', '.join(self.backend.inputs)} and {', '.join(self.backend.outputs)}. "
                "Export it with 'thermoscout export'"
            )
        if self.backend.inputs[self.input][0] not in (None, 1):
            raise ModelError(
                f"the file takes batches of {self.backend.inputs[self.input][0]} frames, a "
                "detector one; export it with --batch 1 or --batch dynamic"
            )
        if self.backend.outputs == DETECTIONS and not self.backend.settings.issuperset(SETTINGS):
            raise ModelError(
                f"{self.backend.name} can't set the thresholds of a file with suppression "
                "inside; take onnxruntime, or export with --outputs decoded"
            )

    @property
    def input(self) -> str:
        """images or counts."""
        return next(iter(self.backend.inputs))

    @property
    def input_size_px(self) -> tuple[int, int]:
        """(width, height) of what the file takes."""
        shape = self.backend.inputs[self.input]
        height, width = shape[-2:] if self.input == "images" else shape[1:3]
        if width is None or height is None:
            raise ModelError("the file's input has no fixed width and height; export it again")
        return width, height

    @property
    def most_looks(self) -> int:
        """At one frame: a file that takes counts takes them whole."""
        return max(LOOKS) if self.input == "images" else 2

    def prepare(self, counts: Counts) -> dict[str, Tensor]:
        """A frame (H, W) -> the file's input. Raises FrameError when it doesn't fit."""
        return self.prepare_looks(counts, LOOKS[1])[0]

    def prepare_looks(self, counts: Counts, looks: Sequence[Look]) -> list[dict[str, Tensor]]:
        """A frame (H, W) -> the file's input for each look. Raises FrameError likewise."""
        if self.input == "images":
            view = to_8bit_view(counts)
            size_px = self.input_size_px
            return [{"images": network_input(look.picture(view), size_px)} for look in looks]
        width_px, height_px = self.input_size_px
        if counts.shape != (height_px, width_px) or counts.dtype != np.uint16:
            raise FrameError(
                f"this model takes frames of {width_px}×{height_px} uint16 counts only, got shape "
                f"{counts.shape} of {counts.dtype}; export one without --with-preprocessing, or "
                "for this size"
            )
        return [{"counts": frame_bytes(look.picture(counts))} for look in looks]

    def run(self, tensors: dict[str, Tensor], selection: Selection) -> dict[str, Any]:
        """The file's outputs; selection counts where it is the file that suppresses."""
        if self.backend.outputs == DETECTIONS:
            tensors = {
                **tensors,
                "score_threshold": np.array([selection.score_threshold], np.float32),
                "iou_threshold": np.array([selection.iou_threshold], np.float32),
                "max_detections": np.array([selection.max_detections], np.int64),
            }
        return self.backend.run(tensors)

    def read(self, outputs: dict[str, Any], selection: Selection) -> Selected:
        """The detections of the first frame: boxes as fractions, scores, class indices."""
        if self.backend.outputs == DETECTIONS:
            first = outputs["frames"] == 0
            boxes, scores, classes = (outputs[name][first] for name in DETECTIONS[:3])
            return boxes, scores, classes.astype(np.intp)
        if self.backend.outputs == SUPPRESSED:
            self._require_threshold(selection)
            scores = outputs["scores"][0]
            kept = np.flatnonzero(scores >= selection.score_threshold)[: selection.max_detections]
            classes = outputs["classes"][0][kept].astype(np.intp)
            return outputs["boxes"][0][kept], scores[kept], classes
        return select_foreground(*self._candidates(outputs), selection)

    def _candidates(self, outputs: dict[str, Any]) -> tuple[Floats, Floats]:
        """Boxes (P, 4) and scores (P, 1 + C) of the first frame."""
        if self.backend.outputs == DECODED:
            return outputs["boxes"][0], outputs["scores"][0]
        logits = outputs["logits"][0]
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        scores: Floats = odds / odds.sum(axis=1, keepdims=True)
        return decode(outputs["offsets"][0], self._priors), scores

    def _require_threshold(self, selection: Selection) -> None:
        inside = self.backend.metadata.get("iou_threshold")
        if inside != selection.iou_threshold:
            raise ModelError(
                f"the file suppresses inside, at an IoU threshold of {inside}, and "
                f"{selection.iou_threshold} is asked for; leave iou_threshold at the file's, or "
                "build the file again with suppression outside"
            )

    @cached_property
    def _priors(self) -> Floats:
        try:
            levels = self.backend.metadata["architecture"]["levels"]
        except KeyError as error:
            raise ModelError(f"the file's metadata lacks {error}; export it again") from error
        return make_priors([PriorLevel(*level) for level in levels])
