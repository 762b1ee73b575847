"""Prior sizes fitted to the boxes of a training split: k-means under IoU, level by level.

The seeds' prior sizes are PASCAL VOC's; connectors of 15 px in a 300 px input fit none of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.detection.priors import PriorLevel

Floats = NDArray[np.float64]

CELLS_PER_BOX = 1.25
"""A level takes over where boxes, by √(width·height), reach so many of its cells' sides …"""
OVERLAP = 1.2
"""… and hands over to the next a little later."""
SCALE_JITTER = (0.75, 1.0, 1.33)
"""Augmentation shows every box at other scales too."""
RESTARTS = 10
"""k-means ends in a local optimum: the best of so many starts is taken."""
FALLBACK_ASPECTS = (1.0, 2.0, 0.5, 3.0, 1 / 3, 1.0)


def fit_prior_levels(
    box_sizes: Floats, map_sizes: Sequence[tuple[int, int]], counts: Sequence[int]
) -> list[PriorLevel]:
    """box_sizes (N, 2) widths and heights as fractions of the image -> a PriorLevel per map.

    counts: priors per cell of each level. Levels with too few boxes take the usual aspect ratios.
    The same boxes give the same priors, so that runs with several seeds can be averaged.
    """
    rng = np.random.default_rng(0)
    jittered = np.concatenate([box_sizes * factor for factor in SCALE_JITTER])
    jittered = jittered[(jittered <= 1).all(axis=1)]
    scale = np.sqrt(jittered.prod(axis=1))
    levels = []
    for (columns, rows), count, (low, high) in zip(
        map_sizes, counts, _scale_ranges(map_sizes), strict=True
    ):
        inside = jittered[(scale >= low) & (scale < high)]
        if len(inside) >= 10 * count:
            sizes = _cluster(inside, count, rng)
        else:
            sizes = _by_aspect((low + high) / 2, count)
        pairs = tuple((round(float(w), 4), round(float(h), 4)) for w, h in sizes)
        levels.append(PriorLevel(columns, rows, pairs))
    return levels


def _scale_ranges(map_sizes: Sequence[tuple[int, int]]) -> list[tuple[float, float]]:
    """Which boxes each level is fitted to, by √(width·height) as a fraction of the input."""
    lows = [min(CELLS_PER_BOX / float(np.sqrt(c * r)), 0.7) for c, r in map_sizes]
    highs = [min(low * OVERLAP, 1.01) for low in lows[1:]] + [1.01]
    return list(zip([0.0, *lows[1:]], highs, strict=True))


def _by_aspect(scale: float, count: int) -> Floats:
    aspects = np.array([FALLBACK_ASPECTS[index % len(FALLBACK_ASPECTS)] for index in range(count)])
    scales = scale * np.where(np.arange(count) >= 5, 1.2, 1.0)
    sizes = np.stack([scales * np.sqrt(aspects), scales / np.sqrt(aspects)], axis=1)
    return np.asarray(np.minimum(sizes, 1.0), np.float64)


def _cluster(sizes: Floats, count: int, rng: np.random.Generator) -> Floats:
    """The centers (count, 2), smallest first, with the largest mean IoU to their boxes."""
    found = [_k_means(sizes, count, rng) for _ in range(RESTARTS)]
    best = max(found, key=lambda centers: size_iou(sizes, centers).max(axis=1).mean())
    return np.asarray(best[np.argsort(best.prod(axis=1))], np.float64)


def _k_means(sizes: Floats, count: int, rng: np.random.Generator) -> Floats:
    centers = sizes[rng.choice(len(sizes), count, replace=False)]
    for _ in range(100):
        nearest = size_iou(sizes, centers).argmax(axis=1)
        updated = np.array(
            [
                np.median(sizes[nearest == index], axis=0) if (nearest == index).any() else center
                for index, center in enumerate(centers)
            ]
        )
        if np.allclose(updated, centers):
            break
        centers = updated
    return np.asarray(centers, np.float64)


def size_iou(first: Floats, second: Floats) -> Floats:
    """IoU of boxes of sizes (N, 2) and (M, 2) laid on one centre -> (N, M)."""
    overlap = np.minimum(first[:, None], second[None]).prod(axis=2)
    total = first.prod(axis=1)[:, None] + second.prod(axis=1)[None] - overlap
    return np.asarray(overlap / total, np.float64)
