"""Which prior learns which box (Liu et al. 2016, §2.2): numpy only, for the data workers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.detection.priors import CENTER_VARIANCE, SIZE_VARIANCE, corners
from thermoscout_core.learning.data import Annotation

Floats = NDArray[np.float32]

BACKGROUND, IGNORED = 0, -1
MATCH_IOU = 0.5
IGNORE_IOU = 0.4
FAVOURITES = 3
FAVOURITE_IOU = 0.35


@dataclass(frozen=True)
class Targets:
    """What the P priors of a frame should say.

    labels: (P,) int64, 0 background, 1.. classes, −1 ignored. offsets: (P, 4) float32, of meaning
    where labels > 0.
    """

    labels: NDArray[np.int64]
    offsets: Floats


class Matcher:
    """Matches boxes to one set of priors, (P, 4) center form as fractions."""

    def __init__(self, priors: Floats) -> None:
        self.priors = priors
        self._edges = np.ascontiguousarray(corners(priors).T)
        self._areas = priors[:, 2] * priors[:, 3]

    def __call__(self, annotation: Annotation) -> Targets:
        """Boxes as fractions -> targets.

        A prior takes the box that it overlaps best, if by MATCH_IOU or more. Every box takes its
        best prior in any case, and its next best ones down to FAVOURITE_IOU: small equipment would
        get too few positives else. Priors on a difficult box, and those that overlap a box by
        IGNORE_IOU to MATCH_IOU, are ignored.
        """
        boxes, difficult = annotation.boxes, annotation.difficult
        count = len(self.priors)
        best, index = np.zeros(count, np.float32), np.zeros(count, np.intp)
        favourites = []
        for number, box in enumerate(boxes):
            overlap = self._iou(box)
            better = overlap > best
            best[better], index[better] = overlap[better], number
            favourites.append(_favourites(overlap))
        easy = [number for number in range(len(boxes)) if not difficult[number]]
        for rank in reversed(range(FAVOURITES)):  # best priors last: nobody's second choice
            for number in easy:
                chosen = favourites[number][rank : rank + 1]
                best[chosen], index[chosen] = 1.0, number
        return self._targets(annotation, best, index)

    def _iou(self, box: Floats) -> Floats:
        """Of one box with every prior (P,): a box at a time stays in the processor's cache."""
        left, top, right, bottom = self._edges
        x1, y1, x2, y2 = box
        overlap = np.minimum(right, x2) - np.maximum(left, x1)
        np.maximum(overlap, 0, out=overlap)
        height = np.minimum(bottom, y2) - np.maximum(top, y1)
        np.maximum(height, 0, out=height)
        overlap *= height
        union = self._areas + max((x2 - x1) * (y2 - y1), 1e-12) - overlap
        return np.asarray(overlap / union, np.float32)

    def _targets(self, annotation: Annotation, best: Floats, index: NDArray[np.intp]) -> Targets:
        labels = np.zeros(len(best), np.int64)
        offsets = np.zeros((len(best), 4), np.float32)
        near = np.nonzero(best >= IGNORE_IOU)[0]
        taken = index[near]
        sure = (best[near] >= MATCH_IOU) & ~annotation.difficult[taken]
        labels[near] = np.where(sure, annotation.labels[taken] + 1, IGNORED)
        offsets[near[sure]] = encode(annotation.boxes[taken[sure]], self.priors[near[sure]])
        return Targets(labels, offsets)


def _favourites(overlap: Floats) -> NDArray[np.intp]:
    """A box's best prior, and after it the next best ones that overlap it enough."""
    enough = np.nonzero(overlap >= FAVOURITE_IOU)[0]
    if len(enough) == 0:
        return np.array([overlap.argmax()])
    return enough[np.argsort(-overlap[enough], kind="stable")[:FAVOURITES]]


def encode(boxes: Floats, priors: Floats) -> Floats:
    """Corners (N, 4) -> offsets from priors (N, 4) in center form; detection.priors.decode's
    inverse."""
    center = (boxes[:, :2] + boxes[:, 2:]) / 2
    size = np.maximum(boxes[:, 2:] - boxes[:, :2], 1e-4)
    shift = (center - priors[:, :2]) / (priors[:, 2:] * CENTER_VARIANCE)
    return np.concatenate([shift, np.log(size / priors[:, 2:]) / SIZE_VARIANCE], 1)
