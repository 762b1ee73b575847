"""What the pixels of a box say: its hot spot, mean, minimum, and the ring around it, in counts.

A hot spot must be supported by its neighbours: optics spread even a point over the next pixels,
so a pixel that stands out alone is a dead one (or a glint) and is passed over. On a wire of one
or two pixels' width the two can't be told apart; such a spot is too small to be graded anyway.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from thermoscout_core.detections import Box
from thermoscout_core.frames import Counts

Mask = NDArray[np.bool_]

LONE_PIXEL_K = 1.0
"""A pixel this little hotter than its second-hottest neighbour is never taken for a dead one."""
SUPPORT_SHARE = 0.15
"""Else the neighbours must fall off by this share of what it stands out by: a dead pixel's don't,
while those of a point blurred by σ = 0.5 px (sharper than real optics) fall off by 0.23."""
DISTINCT_K = 2.0
"""A hot spot this much above its box's mean has an extent of its own."""
MIN_SPAN_PX = 3
"""Target and hot spot must cover 3x3 pixels to read true (facts: spot size)."""
MIN_RING_PX, MAX_RING_PX = 4, 40
RING_SHARE = 0.25
MAX_RING_SAMPLES = 2048


@dataclass(frozen=True)
class RegionCounts:
    """One box's statistics, in counts (floats, so that they may be averages).

    hot: the hottest supported pixel; hot_spot_px: (x, y) of it. mean: of the valid pixels. low:
    the third-coldest one (two dead pixels can't make it). ring: median of the ring around the
    box without other boxes, NaN when none of it is in the frame. too_small: the box, or what is
    above half of the hot spot's rise over the box's mean, covers less than 3x3 pixels.
    """

    hot: float
    hot_spot_px: tuple[int, int]
    mean: float
    low: float
    ring: float
    too_small: bool


def measure_boxes(
    counts: Counts,
    boxes: Sequence[Box],
    gain_c_per_count: float,
    invalid: Mask | None = None,
) -> list[RegionCounts | None]:
    """The statistics of N boxes in one pass over a frame; None for a box without a hot spot
    (outside the frame, or no valid pixel that its neighbours support)."""
    rectangles = [_clip(box, counts.shape[1], counts.shape[0]) for box in boxes]
    covered = np.zeros(counts.shape, np.bool_)
    for rectangle in rectangles:
        if rectangle is not None:
            x1, y1, x2, y2 = rectangle
            covered[y1:y2, x1:x2] = True
    if invalid is not None:
        counts = counts.copy()
        counts[invalid] = 0
        covered |= invalid
    regions = _Regions(counts, covered, invalid, 1.0 / gain_c_per_count)
    return [
        None if rectangle is None else regions.measure(box, rectangle)
        for box, rectangle in zip(boxes, rectangles, strict=True)
    ]


Rectangle = tuple[int, int, int, int]


def _clip(box: Box, width_px: int, height_px: int) -> Rectangle | None:
    """The whole pixels that the box covers at least half of, within the frame."""
    if not all(math.isfinite(edge) for edge in box.as_list()):
        return None
    x1, y1 = max(0, round(box.x1)), max(0, round(box.y1))
    x2, y2 = min(width_px, round(box.x2)), min(height_px, round(box.y2))
    return (x1, y1, x2, y2) if x1 < x2 and y1 < y2 else None


@dataclass(frozen=True)
class _Regions:
    """A frame made ready: invalid counts are 0; covered: pixels that belong to no ring."""

    counts: Counts
    covered: Mask
    invalid: Mask | None
    counts_per_k: float

    def measure(self, box: Box, rectangle: Rectangle) -> RegionCounts | None:
        x1, y1, x2, y2 = rectangle
        window = np.ascontiguousarray(self.counts[y1:y2, x1:x2])
        hot = self._hot_spot(window, x1, y1)
        if hot is None:
            return None
        x, y = hot
        level = int(self.counts[y, x])
        values: NDArray[np.uint16] = window.ravel()
        if self.invalid is not None:
            values = values[~self.invalid[y1:y2, x1:x2].ravel()]
        mean = float(values.mean())
        third = min(2, values.size - 1)
        return RegionCounts(
            hot=float(level),
            hot_spot_px=hot,
            mean=mean,
            low=float(np.partition(values, third)[third]),
            ring=self._ring(rectangle),
            too_small=min(box.width_px, box.height_px) < MIN_SPAN_PX
            or self._is_small(x, y, level, mean),
        )

    def _hot_spot(self, window: Counts, x1: int, y1: int) -> tuple[int, int] | None:
        """(x, y) in the frame of the hottest supported valid pixel."""
        row, column = divmod(int(window.argmax()), window.shape[1])
        x, y = x1 + column, y1 + row
        peak = int(window[row, column])
        around = self.counts[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].ravel().tolist()
        around.remove(peak)
        around.sort(reverse=True)
        is_valid = self.invalid is None or not self.invalid[y, x]
        if is_valid and len(around) == 8 and self._is_supported(peak, around[1], around[4]):
            return x, y
        supported = self._supported(window.shape, x1, y1)
        if not supported.any():
            return None
        row, column = divmod(int(np.where(supported, window, 0).argmax()), window.shape[1])
        return (x1 + column, y1 + row) if supported[row, column] else None

    def _is_supported(self, peak: int, second: int, fifth: int) -> bool:
        alone = peak - second
        return alone <= LONE_PIXEL_K * self.counts_per_k or second - fifth >= SUPPORT_SHARE * alone

    def _supported(self, shape: tuple[int, ...], x1: int, y1: int) -> Mask:
        """(h, w): which pixels of the window at (x1, y1) are valid and supported."""
        height, width = shape
        padded = np.pad(self.counts, 1, mode="reflect" if min(self.counts.shape) > 1 else "edge")
        block = padded[y1 : y1 + height + 2, x1 : x1 + width + 2].astype(np.int32)
        steps = [(dy, dx) for dy in range(3) for dx in range(3) if (dy, dx) != (1, 1)]
        around = np.stack([block[dy : dy + height, dx : dx + width] for dy, dx in steps])
        around.sort(axis=0)
        peak, second, fifth = block[1:-1, 1:-1], around[-2], around[-5]
        alone = peak - second
        supported = alone <= LONE_PIXEL_K * self.counts_per_k
        supported |= second - fifth >= SUPPORT_SHARE * alone
        if self.invalid is not None:
            supported &= ~self.invalid[y1 : y1 + height, x1 : x1 + width]
        return np.asarray(supported)

    def _is_small(self, x: int, y: int, level: int, mean: float) -> bool:
        """Whether what is connected above half the rise has fewer than 3x3 pixels."""
        if level - mean <= DISTINCT_K * self.counts_per_k:
            return False
        left, top = max(0, x - MIN_SPAN_PX), max(0, y - MIN_SPAN_PX)
        near = self.counts[top : y + MIN_SPAN_PX + 1, left : x + MIN_SPAN_PX + 1]
        above = (near >= (level + mean) / 2).astype(np.uint8)
        if cv2.countNonZero(above) < MIN_SPAN_PX**2:
            return True
        _, labels = cv2.connectedComponents(above, connectivity=8)
        return int((labels == labels[y - top, x - left]).sum()) < MIN_SPAN_PX**2

    def _ring(self, rectangle: Rectangle) -> float:
        x1, y1, x2, y2 = rectangle
        span = RING_SHARE * max(x2 - x1, y2 - y1)
        width = round(min(max(span, MIN_RING_PX), MAX_RING_PX))
        left, top = max(0, x1 - width), max(0, y1 - width)
        outer = np.s_[top : y2 + width, left : x2 + width]
        values = self.counts[outer][~self.covered[outer]]
        if values.size < MIN_SPAN_PX**2:
            return math.nan
        values = values[:: 1 + values.size // MAX_RING_SAMPLES]
        return float(np.partition(values, values.size // 2)[values.size // 2])
