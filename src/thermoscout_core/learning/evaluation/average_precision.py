"""Average precision as PASCAL VOC defines it, from the matches of one class."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from thermoscout_core.learning.evaluation.matching import ClassMatches, Floats


@dataclass(frozen=True)
class ClassResult:
    """One class at one IoU threshold. boxes: annotated ones that aren't difficult.

    scores (N,), precision (N,), recall (N,): along falling score thresholds. ap: area under the
    interpolated curve (VOC 2010 and later); ap_11_point: VOC 2007's; both NaN without boxes.
    """

    name: str
    matches: ClassMatches

    @property
    def boxes(self) -> int:
        return int(self.matches.boxes.sum())

    @property
    def scores(self) -> Floats:
        return self.matches.scores

    @cached_property
    def _hits_so_far(self) -> Floats:
        return np.cumsum(self.matches.hits, dtype=np.float64)

    @property
    def precision(self) -> Floats:
        return np.asarray(self._hits_so_far / np.arange(1, len(self.scores) + 1))

    @property
    def recall(self) -> Floats:
        return np.asarray(self._hits_so_far / max(self.boxes, 1))

    @cached_property
    def ap(self) -> float:
        return average_precision(self.precision, self.recall) if self.boxes else float("nan")

    @cached_property
    def ap_11_point(self) -> float:
        return average_precision_11(self.precision, self.recall) if self.boxes else float("nan")

    def hits_and_found(self, score_threshold: float) -> tuple[int, int]:
        """How many detections with at least that score are right, and how many there are."""
        found = int((self.scores >= score_threshold).sum())
        return (int(self._hits_so_far[found - 1]) if found else 0), found


def average_precision(precision: Floats, recall: Floats) -> float:
    """Area under the curve, precision made monotone from the right (VOC 2010 and later)."""
    envelope = np.maximum.accumulate(np.concatenate(([0.0], precision, [0.0]))[::-1])[::-1]
    ends = np.concatenate(([0.0], recall, [1.0]))
    return float(np.sum(np.diff(ends) * envelope[1:]))


def average_precision_11(precision: Floats, recall: Floats) -> float:
    """Mean of the best precision at recall ≥ 0, 0.1 … 1 (VOC 2007)."""
    points = [precision[recall >= threshold] for threshold in np.linspace(0, 1, 11)]
    return float(np.mean([values.max() if len(values) else 0.0 for values in points]))
