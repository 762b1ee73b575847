"""From the network's boxes and scores to the few that count: threshold, top-k, NMS per class, and
what the suppressed ones say of where the others lie (``voting``)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from thermoscout_core.detection.voting import VOTER_SCORE, vote

Floats = NDArray[np.float32]
Selected = tuple[Floats, Floats, NDArray[np.intp]]
"""Boxes (N, 4), scores (N,) and class indices (N,), best first."""


@dataclass(frozen=True)
class Selection:
    """What is kept of a frame.

    score_threshold: lowest score kept. iou_threshold: a box that overlaps a better one of its
    class by more is suppressed. max_detections: kept per frame. candidates: considered per frame
    before suppression (SSD's top_k).
    """

    score_threshold: float
    iou_threshold: float = 0.45
    max_detections: int = 100
    candidates: int = 1000


def select(boxes: Floats, scores: Floats, selection: Selection) -> Selected:
    """Boxes (P, 4) corners as fractions, scores (P, C) without background.

    Returns boxes (N, 4) clipped to 0..1, scores (N,) and class indices (N,), best first.
    A prior may yield several classes, as in SSD.
    """
    prior_index, class_index = np.nonzero(scores >= _least_score(selection))
    kept_scores = scores[prior_index, class_index]
    return _suppress(boxes, prior_index, class_index, kept_scores, selection)


def select_foreground(boxes: Floats, scores: Floats, selection: Selection) -> Selected:
    """The same of scores (P, 1 + C) as a network gives them, background first. Several times as
    fast: what is left out of an array costs numpy more than what is looked at in vain."""
    enough = scores >= _least_score(selection)
    enough[:, 0] = False
    prior_index, column = np.divmod(np.flatnonzero(enough), scores.shape[1])
    kept_scores = scores[prior_index, column]
    return _suppress(boxes, prior_index, column - 1, kept_scores, selection)


def _suppress(
    boxes: Floats,
    prior_index: NDArray[np.intp],
    class_index: NDArray[np.intp],
    scores: Floats,
    selection: Selection,
) -> Selected:
    """Of the candidates: (M,) each, and the boxes of all priors."""
    if scores.size > selection.candidates:
        best = np.argpartition(-scores, selection.candidates)[: selection.candidates]
        prior_index, class_index, scores = prior_index[best], class_index[best], scores[best]
    candidates = np.clip(boxes[prior_index], 0.0, 1.0)
    sure = np.flatnonzero(scores >= selection.score_threshold)
    order = sure[
        suppress(candidates[sure], scores[sure], class_index[sure], selection.iou_threshold)
    ][: selection.max_detections]
    voted = vote(order, candidates, scores, class_index)
    return voted, scores[order], class_index[order]


def suppress(
    boxes: Floats, scores: Floats, classes: NDArray[np.intp], iou_threshold: float
) -> NDArray[np.intp]:
    """Non-maximum suppression per class: which of the boxes (M, 4) stay, best first. Empty boxes
    don't."""
    sizes = boxes[:, 2:] - boxes[:, :2]
    apart = boxes[:, :2] + 2.0 * classes[:, None]
    kept = np.asarray(
        cv2.dnn.NMSBoxes(
            np.concatenate([apart, sizes], axis=1).astype(np.float64).tolist(),
            scores.astype(np.float32).tolist(),
            0.0,
            iou_threshold,
        ),
        dtype=np.intp,
    ).reshape(-1)
    return kept[(sizes[kept] > 0).all(axis=1)]


def _least_score(selection: Selection) -> float:
    """Of a candidate: the less sure ones only vote."""
    return min(selection.score_threshold, VOTER_SCORE)
