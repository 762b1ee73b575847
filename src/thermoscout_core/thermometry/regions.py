"""What the pixels of a region say: its hot spot, mean, minimum, and the ring around it, in counts.

A hot spot must be supported by its neighbours: optics spread even a point over the next pixels,
so a pixel that stands out alone is a dead one (or a glint) and is passed over. On a wire of one
or two pixels' width the two can't be told apart; such a spot is too small to be graded anyway.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from thermoscout_core.detections import Box, Polygon
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.frames import COUNT_MAX, Counts
from thermoscout_core.thermometry.spot_size import MIN_SPAN_PX

Mask: TypeAlias = NDArray[np.bool_]
Rectangle: TypeAlias = tuple[int, int, int, int]
"""x1, y1, x2, y2 in whole pixels of the frame; x2 and y2 exclusive."""

LONE_PIXEL_K = 1.0
"""A pixel this little hotter than its second-hottest neighbour is never taken for a dead one."""
SUPPORT_SHARE = 0.15
"""Else the neighbours must fall off by this share of what it stands out by: a dead pixel's don't,
while those of a point blurred by σ = 0.5 px (sharper than real optics) fall off by 0.23."""
DISTINCT_K = 2.0
"""A hot spot this much above its region's mean has an extent of its own."""
MIN_RING_PX, MAX_RING_PX = 4, 40
RING_SHARE = 0.25
MAX_RING_SAMPLES = 1024
MAX_PASSED_OVER = 16
_FLANK = np.ones((5, 5), np.uint8)
"""Optics spread what is passed over by two pixels."""


@dataclass(frozen=True)
class HotSpotRule:
    """What counts as a hot spot, beside the support of its neighbours.

    min_pixels: connected pixels above half of its rise over the region's mean; smaller ones are
    passed over, as glints are. 1 passes over none: a small hot spot is read and flagged
    too_small. percentile: hotter pixels than this percentile of the region don't count, 0..100.
    Raises ConfigurationError for values outside.
    """

    min_pixels: int = 1
    percentile: float = 100.0

    def __post_init__(self) -> None:
        if self.min_pixels < 1 or not 0 < self.percentile <= 100:
            raise ConfigurationError(
                "a hot spot needs at least 1 pixel and a percentile above 0 and up to 100, got "
                f"{self.min_pixels} and {self.percentile}"
            )


HOTTEST = HotSpotRule()


@dataclass(frozen=True)
class RegionCounts:
    """One region's statistics, in counts (floats, so that they may be averages).

    hot: the hottest supported pixel; hot_spot_px: (x, y) of it. mean: of the valid pixels. low:
    the coldest of the third-coldest row (two dead pixels can't make it). ring: median of the ring
    around the region without other regions, NaN when none of it is in the frame. side_px: the
    region's shorter side or, if less, the side of a square as large as what is connected to the
    hot spot above half of its rise over the mean; whatever covers 3x3 pixels has 3 or more.
    """

    hot: float
    hot_spot_px: tuple[int, int]
    mean: float
    low: float
    ring: float
    side_px: float

    @property
    def too_small(self) -> bool:
        """Less than 3x3 pixels: the hot spot reads low."""
        return self.side_px < MIN_SPAN_PX


def measure_regions(
    counts: Counts,
    boxes: Sequence[Box | Polygon],
    gain_c_per_count: float,
    invalid: Mask | None = None,
    rule: HotSpotRule = HOTTEST,
) -> list[RegionCounts | None]:
    """The statistics of N boxes or outlines in one pass over a frame; None without a hot spot
    (outside the frame, or no valid pixel that its neighbours support)."""
    around = [region.box if isinstance(region, Polygon) else region for region in boxes]
    rectangles = _clip(around, counts.shape[1], counts.shape[0])
    covered = np.zeros(counts.shape, np.bool_)
    for x1, y1, x2, y2 in rectangles:
        covered[y1:y2, x1:x2] = True
    if invalid is not None:
        counts = counts.copy()
        counts[invalid] = 0
        covered |= invalid
    frame = _Frame(counts, covered, invalid, 1.0 / gain_c_per_count, rule)
    return [
        frame.measure(region, box, rectangle)
        for region, box, rectangle in zip(boxes, around, rectangles, strict=True)
    ]


def _clip(boxes: Sequence[Box], width_px: int, height_px: int) -> list[Rectangle]:
    """The whole pixels that each box covers at least half of, within the frame; an empty
    rectangle where there are none."""
    edges = np.array([(b.x1, b.y1, b.x2, b.y2) for b in boxes], np.float64).reshape(-1, 4)
    edges[~np.isfinite(edges).all(axis=1)] = 0.0
    whole = np.clip(np.rint(edges), 0, (width_px, height_px) * 2).astype(int)
    whole[(whole[:, :2] >= whole[:, 2:]).any(axis=1)] = 0
    return [(x1, y1, x2, y2) for x1, y1, x2, y2 in whole.tolist()]


@dataclass(frozen=True)
class _Frame:
    """A frame made ready: invalid counts are 0; covered: pixels that belong to no ring."""

    counts: Counts
    covered: Mask
    invalid: Mask | None
    counts_per_k: float
    rule: HotSpotRule

    def measure(
        self, region: Box | Polygon, box: Box, rectangle: Rectangle
    ) -> RegionCounts | None:
        x1, y1, x2, y2 = rectangle
        if x1 == x2:
            return None
        window = self.counts[y1:y2, x1:x2]
        valid = self._valid(region, rectangle)
        if valid is not None:
            if not valid.any():
                return None
            window = np.where(valid, window, np.uint16(0))
        mean, low = _mean_and_low(window, valid)
        hot = self._hot_spot(window, valid, mean, x1, y1)
        if hot is None:
            return None
        x, y = hot
        level = int(self.counts[y, x])
        return RegionCounts(
            hot=float(level),
            hot_spot_px=hot,
            mean=mean,
            low=low,
            ring=self._ring(rectangle),
            side_px=min(box.width_px, box.height_px, self._side_px(x, y, level, mean)),
        )

    def _valid(self, region: Box | Polygon, rectangle: Rectangle) -> Mask | None:
        """(h, w) the pixels of the window that count; None when all do."""
        x1, y1, x2, y2 = rectangle
        valid = None if self.invalid is None else ~self.invalid[y1:y2, x1:x2]
        if isinstance(region, Polygon):
            inside = region.mask(rectangle)
            valid = inside if valid is None else valid & inside
        return valid

    def _hot_spot(
        self, window: Counts, valid: Mask | None, mean: float, x1: int, y1: int
    ) -> tuple[int, int] | None:
        """(x, y) in the frame of the hottest supported valid pixel that keeps the rule."""
        if self.rule == HOTTEST:
            _, peak, _, (column, row) = cv2.minMaxLoc(window)
            x, y = x1 + column, y1 + row
            near = self.counts[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].ravel().tolist()
            near.remove(int(peak))
            near.sort(reverse=True)
            is_valid = valid is None or bool(valid[row, column])
            if is_valid and len(near) == 8 and self._is_supported(int(peak), near[1], near[4]):
                return x, y
        allowed = self._supported(window.shape, x1, y1)
        if valid is not None:
            allowed &= valid
        if self.rule.percentile < 100:
            values = window if valid is None else window[valid]
            allowed &= window <= np.percentile(values, self.rule.percentile)
        for _ in range(MAX_PASSED_OVER):
            if not allowed.any():
                break
            row, column = divmod(int(np.where(allowed, window, 0).argmax()), window.shape[1])
            if not allowed[row, column]:
                break
            blob = _connected(window >= (int(window[row, column]) + mean) / 2, row, column)
            if self.rule.min_pixels == 1 or np.count_nonzero(blob) >= self.rule.min_pixels:
                return x1 + column, y1 + row
            allowed &= cv2.dilate(blob.astype(np.uint8), _FLANK) == 0
        return None

    def _is_supported(self, peak: int, second: int, fifth: int) -> bool:
        alone = peak - second
        return alone <= LONE_PIXEL_K * self.counts_per_k or second - fifth >= SUPPORT_SHARE * alone

    def _supported(self, shape: tuple[int, ...], x1: int, y1: int) -> Mask:
        """(h, w): which pixels of the window at (x1, y1) their neighbours support."""
        height, width = shape
        padded = np.pad(self.counts, 1, mode="reflect" if min(self.counts.shape) > 1 else "edge")
        block = padded[y1 : y1 + height + 2, x1 : x1 + width + 2].astype(np.int32)
        steps = [(dy, dx) for dy in range(3) for dx in range(3) if (dy, dx) != (1, 1)]
        around = np.stack([block[dy : dy + height, dx : dx + width] for dy, dx in steps])
        around.sort(axis=0)
        peak, second, fifth = block[1:-1, 1:-1], around[-2], around[-5]
        alone = peak - second
        supported = alone <= LONE_PIXEL_K * self.counts_per_k
        return np.asarray(supported | (second - fifth >= SUPPORT_SHARE * alone))

    def _side_px(self, x: int, y: int, level: int, mean: float) -> float:
        """The side of a square of the pixels connected to the hot spot above half its rise;
        infinite for one that doesn't stand out."""
        if level - mean <= DISTINCT_K * self.counts_per_k:
            return math.inf
        left, top = max(0, x - MIN_SPAN_PX), max(0, y - MIN_SPAN_PX)
        near = self.counts[top : y + MIN_SPAN_PX + 1, left : x + MIN_SPAN_PX + 1]
        above, row, column = near >= (level + mean) / 2, y - top, x - left
        middle = above[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
        if np.count_nonzero(middle) == MIN_SPAN_PX**2:
            return float(MIN_SPAN_PX)
        return math.sqrt(np.count_nonzero(_connected(above, row, column)))

    def _ring(self, rectangle: Rectangle) -> float:
        x1, y1, x2, y2 = rectangle
        span = RING_SHARE * max(x2 - x1, y2 - y1)
        width = round(min(max(span, MIN_RING_PX), MAX_RING_PX))
        left, top = max(0, x1 - width), max(0, y1 - width)
        area = (y2 + width - top) * (x2 + width - left)
        step = 1 + math.isqrt(area // MAX_RING_SAMPLES)
        outer = np.s_[top : y2 + width : step, left : x2 + width : step]
        values = self.counts[outer][~self.covered[outer]]
        if values.size < MIN_SPAN_PX**2:
            return math.nan
        return float(np.partition(values, values.size // 2)[values.size // 2])


def _mean_and_low(window: Counts, valid: Mask | None) -> tuple[float, float]:
    """Of the valid pixels; low: the third-coldest row's coldest."""
    if valid is None:
        means, rows = cv2.mean(window), window.min(axis=1)
    else:
        means = cv2.mean(window, valid.astype(np.uint8))
        rows = np.where(valid, window, COUNT_MAX).min(axis=1)[valid.any(axis=1)]
    rows.sort()
    return float(np.ravel(means)[0]), float(rows[min(2, len(rows) - 1)])


def _connected(mask: Mask, row: int, column: int) -> Mask:
    """The pixels of the mask that are connected to one of them, by sides or corners."""
    _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    return np.asarray(labels == labels[row, column])
