"""How far a figure would move on other frames of the same kind: the block bootstrap.

Neighbouring frames show the same object, so whole blocks of frames are drawn with replacement, as
many as there are, and the figure is made again (Künsch 1989, with fixed blocks). With few blocks
the intervals come out too narrow rather than too wide.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from thermoscout_core.learning.evaluation.average_precision import ClassResult
from thermoscout_core.learning.evaluation.evaluation import Evaluation
from thermoscout_core.learning.evaluation.matching import ClassMatches, Floats, Indices

Interval = tuple[float, float]

MIN_BLOCKS = 3
"""Fewer blocks say nothing of the spread between blocks."""
_CELLS_AT_ONCE = 2_000_000


def draw_weights(blocks: Indices, replicates: int, seed: int = 0) -> Floats:
    """blocks (I,) from 0 -> how often each image is drawn in each replicate, (replicates, I).

    The same blocks and seed give the same draws, so that two models can be compared frame by
    frame. No replicates (0, I) where there are fewer than MIN_BLOCKS blocks.
    """
    count = int(blocks.max()) + 1
    if count < MIN_BLOCKS:
        return np.zeros((0, len(blocks)))
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(count, np.full(count, 1 / count), replicates)
    return np.asarray(drawn[:, blocks], np.float64)


def replicate_ap(matches: ClassMatches, weights: Floats) -> Floats:
    """One class's all-point AP in each replicate (R,); NaN where no box was drawn.

    A frame drawn twice counts as two frames. Scores are sorted once for all replicates.
    """
    result = np.full(len(weights), np.nan)
    boxes = weights @ matches.boxes
    step = max(1, _CELLS_AT_ONCE // max(1, len(matches.scores)))
    for start in range(0, len(weights), step):
        part = slice(start, start + step)
        drawn = weights[part][:, matches.images]
        right = drawn * matches.hits
        precision = np.cumsum(right, axis=1) / np.maximum(np.cumsum(drawn, axis=1), 1)
        envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        area = (right * envelope).sum(axis=1)
        np.divide(area, boxes[part], out=result[part], where=boxes[part] > 0)
    return result


def replicate_aps(evaluation: Evaluation, weights: Floats) -> dict[str, Floats]:
    """The AP of every class with a box, by name, in each replicate."""
    classes: list[ClassResult] = [result for result in evaluation.classes if result.boxes]
    return {result.name: replicate_ap(result.matches, weights) for result in classes}


def replicate_mean_ap(evaluation: Evaluation, aps: dict[str, Floats]) -> Floats:
    """mAP in each replicate (R,): over the counted classes of which a box was drawn."""
    counted = [aps[result.name] for result in evaluation.counted]
    return nan_mean(np.array(counted)) if counted else np.zeros(0)


def nan_mean(values: Floats) -> Floats:
    """Mean over the first axis without the NaNs; NaN where there is nothing else."""
    known = ~np.isnan(values)
    total = np.where(known, values, 0.0).sum(axis=0)
    return np.asarray(
        np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)
    )


def replicate_share(hits: Indices, wanted: Indices, weights: Floats) -> Floats:
    """hits (I,) of wanted (I,) per image -> the share found in each replicate (R,)."""
    total = weights @ wanted
    share = np.full(len(weights), np.nan)
    np.divide(weights @ hits, total, out=share, where=total > 0)
    return share


def interval_95(replicates: Floats) -> Interval | None:
    """The 2.5 and 97.5 % quantiles of the replicates, None without any."""
    known = replicates[~np.isnan(replicates)]
    if not len(known):
        return None
    low, high = np.quantile(known, (0.025, 0.975))
    return float(low), float(high)


def mean_over(models: Sequence[Floats]) -> Floats:
    """The replicates (R,) of the mean of several models' figures."""
    return nan_mean(np.array(models))
