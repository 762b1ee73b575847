"""Fits the scorecard of hot regions to labelled hot spots.

A positive is the hottest region in each label, a negative every region of a frame without labels;
other regions of labelled frames are left out. The equipment is the annotated one, with 35 % of
the boxes left out at random, three times over: a detector misses some, and which ones changes
with each training. So the fit asks for no detector.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hot_spot_data import LabelledFrame
from numpy.typing import NDArray

from thermoscout_core.diagnosis.hot_regions import find_hot_regions
from thermoscout_core.diagnosis.scorecard import FACTS, Scorecard, facts

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
COPIES, DROPPED = 3, 0.35
POSITIVE_SHARE = 0.1
"""All positives together weigh this share of the negatives."""
RIDGE = 3.0
FOLDS, SHUFFLES = 8, 4


class Regions:
    """R regions of F frames: facts (copies, R, facts), frame (R,) index, positive and negative
    (R,), and for each frame its number of labels (F,) and its block (F,)."""

    def __init__(self, frames: Sequence[LabelledFrame], seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        rows: list[list[tuple[float, ...]]] = []
        label, level, frame = [], [], []
        for number, item in enumerate(frames):
            kept = [
                [d for d in item.equipment if random.random() >= DROPPED] for _ in range(COPIES)
            ]
            celsius = item.frame.radiometry.scale.to_celsius(item.frame.counts)
            for region in find_hot_regions(celsius):
                rows.append([facts(region, boxes) for boxes in kept])
                hit = item.hit(region.spot_px)
                label.append(-1 if hit is None else hit)
                level.append(region.peak_c)
                frame.append(number)
        self.facts = np.asarray(rows).transpose(1, 0, 2)
        self.frame = np.asarray(frame)
        self.labels = np.array([len(item.hot_spots) for item in frames])
        self.blocks = np.array([item.block for item in frames])
        self.negative = self.labels[self.frame] == 0
        self.positive = self._hottest(np.asarray(label), np.asarray(level))

    def _hottest(self, label: NDArray[np.intp], level: Array) -> Mask:
        """The hottest region in each label."""
        positive = np.zeros(len(label), np.bool_)
        for number in np.nonzero(self.labels)[0]:
            for index in range(self.labels[number]):
                inside = np.nonzero((self.frame == number) & (label == index))[0]
                if inside.size:
                    positive[inside[np.argmax(level[inside])]] = True
        return positive

    def folds(self, shuffle: int) -> NDArray[np.intp]:
        """(F,) the fold of each frame; neighbouring frames are in one."""
        blocks, of_frame = np.unique(self.blocks, return_inverse=True)
        order = np.random.default_rng(shuffle).permutation(len(blocks))
        fold: NDArray[np.intp] = order[of_frame] % FOLDS
        return fold

    def fit(self, frames: Mask) -> Scorecard:
        """The scorecard of some of the frames (F,), with no point of operation yet."""
        use = frames[self.frame] & (self.positive | self.negative)
        answer = _logistic(
            self.facts[:, use].reshape(-1, len(FACTS)), np.tile(self.positive[use], COPIES)
        )
        weights = {name: round(float(w), 3) for name, w in zip(FACTS, answer[1:], strict=True)}
        return Scorecard.model_validate(
            {"id": "hot_regions", "intercept": round(float(answer[0]), 3), "weights": weights}
        )

    def operating_logit(self, alarms: float) -> float:
        """The logit above which there are so many false alarms per frame without labels, in
        frames that the scorecard wasn't fitted to; the mean of the shuffles."""
        wanted = round(alarms * int((self.labels == 0).sum()))
        found = []
        for shuffle in range(SHUFFLES):
            folds = self.folds(shuffle)
            logits = np.zeros(len(self.frame))
            for fold in range(FOLDS):
                card, there = self.fit(folds != fold), folds[self.frame] == fold
                weights = [getattr(card.weights, name) for name in FACTS]
                logits[there] = card.intercept + self.facts[0, there] @ weights
            found.append(np.sort(logits[self.negative])[::-1][wanted])
        return float(np.mean(found))


def _logistic(values: Array, positive: Mask) -> Array:
    """(R, N) facts -> intercept and weights (N + 1,): ridge logistic regression by Newton's
    method."""
    center, spread = values.mean(axis=0), values.std(axis=0)
    design = np.column_stack([np.ones(len(values)), (values - center) / spread])
    weight = np.where(positive, POSITIVE_SHARE * (~positive).sum() / positive.sum(), 1.0)
    ridge = RIDGE * np.diag([0.0, *np.ones(values.shape[1])])
    answer = np.zeros(design.shape[1])
    for _ in range(30):
        guess = 1 / (1 + np.exp(-design @ answer))
        slope = design.T @ (weight * (positive - guess)) - ridge @ answer
        curvature = (design * (weight * guess * (1 - guess))[:, None]).T @ design + ridge
        answer = answer + np.linalg.solve(curvature, slope)
    weights = answer[1:] / spread
    return np.concatenate([[answer[0] - weights @ center], weights])


def at_operating_point(card: Scorecard, logit: float) -> Scorecard:
    """The same scorecard, with 0.5 at this logit."""
    return card.model_copy(update={"intercept": round(card.intercept - logit, 3)})
