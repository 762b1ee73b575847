"""The papers' prior sizes, made for PASCAL VOC: scales on a line, aspect ratios by number."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from thermoscout_core.detection.priors import PriorLevel
from thermoscout_core.errors import ModelError

ASPECT_RATIOS = {3: (2.0,), 4: (2.0,), 6: (2.0, 3.0)}
"""Priors per cell -> aspect ratios beside 1. With 4 and 6 comes a second square, between this
map's scale and the next one's; the first map of MobileNet-SSD does without (3)."""


def mobilenet_ssd_scales(levels: int) -> list[float]:
    """Scales of the maps and of one beyond the last, as parts of the input's side: 0.2 to 0.95 on
    a line and 1 (min_size 60, 105 … 285 and max_size 300 at 300 px: chuanqi305/MobileNet-SSD)."""
    return [*np.linspace(0.2, 0.95, levels).tolist(), 1.0]


def ssd300_scales(levels: int) -> list[float]:
    """0.1 for the first map, then 0.2 on in whole steps of (0.9 − 0.2)/(levels − 2) percent (30,
    60, 111 … 264 and 315 at 300 px: Liu et al. 2016, ssd_pascal.py)."""
    step = math.floor(70 / max(levels - 2, 1)) / 100
    return [0.1, *(0.2 + step * number for number in range(levels))]


SCALES = {"seed": mobilenet_ssd_scales, "ssd300": ssd300_scales}
"""ModelSection.priors -> its scales."""


def seed_prior_levels(
    layout: str,
    map_sizes: Sequence[tuple[int, int]],
    counts: Sequence[int],
    input_size_px: tuple[int, int],
) -> list[PriorLevel]:
    """map_sizes: (columns, rows) of each map; counts: priors per cell of each, 3, 4 or 6.

    Scales are parts of the input's shorter side. Order in a cell as in Caffe's PriorBox: the
    square, the larger square, then each ratio and its inverse. Priors stand in the middle of their
    map's cells; the Caffe layout of SSD300 has them on a grid of 8, 16, 32 … px instead, 2 px off
    at the far edge. Raises ModelError for an unknown layout and for other counts.
    """
    if layout not in SCALES:
        raise ModelError(f"priors '{layout}' are unknown; there are {', '.join(SCALES)}")
    unknown = sorted(set(counts) - set(ASPECT_RATIOS))
    if unknown:
        raise ModelError(
            f"priors_per_cell {unknown[0]}: the papers' priors come by 3, 4 or 6 a cell; "
            "other numbers need priors: fitted"
        )
    width_px, height_px = input_size_px
    side_px = min(width_px, height_px)
    scales = SCALES[layout](len(map_sizes))
    levels = []
    for (columns, rows), count, scale, following in zip(
        map_sizes, counts, scales, scales[1:], strict=False
    ):
        shapes = [(scale, scale)]
        if count > 3:
            shapes.append((math.sqrt(scale * following),) * 2)
        for ratio in ASPECT_RATIOS[count]:
            longer, shorter = scale * math.sqrt(ratio), scale / math.sqrt(ratio)
            shapes += [(longer, shorter), (shorter, longer)]
        sizes = tuple((w * side_px / width_px, h * side_px / height_px) for w, h in shapes)
        levels.append(PriorLevel(columns, rows, sizes))
    return levels
