"""Does a score of 0.8 mean that four in five are right? Reliability of the scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thermoscout_core.learning.evaluation.evaluation import Evaluation
from thermoscout_core.learning.evaluation.matching import Floats, Indices

LOWEST_SCORE = 0.05
"""Below it detections are legion and all but always wrong; they would drown the rest."""
BIN_EDGES = np.array([LOWEST_SCORE, *np.arange(0.1, 1.01, 0.1)])


@dataclass(frozen=True)
class Calibration:
    """Detections of all classes in bins of their score, between BIN_EDGES.

    detections (B,): how many. mean_score, precision (B,): NaN in empty bins.
    """

    detections: Indices
    mean_score: Floats
    precision: Floats

    @property
    def expected_error(self) -> float:
        """Mean |precision − score| over the detections (expected calibration error)."""
        known = self.detections > 0
        if not known.any():
            return float("nan")
        gap = np.abs(self.precision[known] - self.mean_score[known])
        return float(np.average(gap, weights=self.detections[known]))


def calibration_of(evaluation: Evaluation) -> Calibration:
    """The scores of an evaluation against what turned out right at its IoU threshold."""
    scores = np.concatenate([np.zeros(0), *(result.scores for result in evaluation.classes)])
    hits = np.concatenate([np.zeros(0), *(r.matches.hits for r in evaluation.classes)])
    bins = np.clip(np.searchsorted(BIN_EDGES, scores, side="right") - 1, -1, len(BIN_EDGES) - 2)
    kept = bins >= 0
    size = len(BIN_EDGES) - 1
    count = np.bincount(bins[kept], minlength=size)
    with np.errstate(invalid="ignore"):
        mean_score = np.bincount(bins[kept], scores[kept], size) / count
        precision = np.bincount(bins[kept], hits[kept], size) / count
    return Calibration(count, mean_score, precision)
