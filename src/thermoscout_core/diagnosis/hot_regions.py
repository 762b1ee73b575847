"""Hot regions of a frame: where heat stands out, and by how much, with or without equipment boxes.

Everything here is a difference within one frame, so neither the camera's absolute accuracy nor
the emissivity decides. A frame is looked at in a picture of 384 pixels' width, so that lengths
mean the same for every camera. The steps: peaks of the 3x3 mean; how isolated each is, by circles
around it; its peers, the other peaks of the frame; the level of the scene's solid parts (what
isn't sky) by Otsu's threshold (Otsu 1979); the region around a peak above half of its rise, and
how far one has to come down from it to reach anything hotter.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from thermoscout_core.detections import Box

Picture = NDArray[np.float32]
Floats = NDArray[np.floating]
Pixels = NDArray[np.intp]

WORK_WIDTH_PX = 384
"""Lengths below are pixels of a picture this wide."""
PEAK_WINDOW_PX = 9
CIRCLES_PX = (4, 6, 9, 13, 19, 28, 42)
CIRCLE_POINTS = 32
MAX_PEAKS = 60
PEER_DISTANCE_PX = 20
"""Two peaks nearer than this are one spot when spots are compared with each other."""
PEER_RANK = 8
"""The eighth-hottest other spot is what the hot ones of a frame are held against: in a sound frame
there are as many alike (clamps, caps, fins), in a faulty one there aren't. On the training frames
ranks 6 to 10 do equally well, 1 to 4 and 16 worse."""
NO_PEER_K = 20.0
"""What a spot stands above its peers when the frame has no other."""
SPOT_DISTANCE_PX = 25
"""Of peaks nearer than this the hotter one speaks for the place."""
MAX_REGIONS = 12
OUTLIER_QUANTILE = 0.98
"""Hotter than this doesn't count for the level of the solid parts: hot spots would raise it."""
MIN_HALF_RISE_K = 1.0
MAX_REACH_PX = 15
"""A region's box ends this far from its spot."""
DESCENTS = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Shares of a spot's rise: so far one comes down from it to see what it hangs together with."""
HALF = 0.5
FLANK = HALF


@dataclass(frozen=True)
class HotRegion:
    """A place hotter than what surrounds it. Temperatures as the camera states them.

    spot_px: (x, y) of its peak. box: around what is above half of its rise over the solid parts,
    within 15 pixels; within 4 where that would reach something hotter. peak_c: 3x3 mean at the
    spot. peers_c: the eighth-hottest other spot of the frame. own_rise: 0.1 to 1, the share of
    its rise over the solid parts that one has to come down from it to reach anything hotter: 1
    stands alone, 0.1 is part of something hotter. edge_px: distance to the frame's edge in pixels
    of a 384 pixels wide picture (what is cut off can't be compared). scene_contrast_k: median of
    the solid parts over the sky or background.
    """

    spot_px: tuple[int, int]
    box: Box
    peak_c: float
    peers_c: float
    own_rise: float
    edge_px: float
    scene_contrast_k: float

    @property
    def over_peers_k(self) -> float:
        return self.peak_c - self.peers_c

    @property
    def is_flank(self) -> bool:
        """Whether half-way down from it something hotter is reached."""
        return self.own_rise <= FLANK


def find_hot_regions(celsius: Picture) -> list[HotRegion]:
    """The most conspicuous places of a frame, at most 12, the most conspicuous first.

    celsius: (H, W) float32, no NaN. Most of them are no fault; the scorecard tells.
    """
    scale = celsius.shape[1] / WORK_WIDTH_PX
    size_px = WORK_WIDTH_PX, max(PEAK_WINDOW_PX, round(celsius.shape[0] / scale))
    picture = celsius
    if size_px != celsius.shape[::-1]:
        how = cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR
        picture = np.asarray(cv2.resize(celsius, size_px, interpolation=how), np.float32)
    smooth = np.asarray(cv2.blur(picture, (3, 3)), np.float32)
    peaks = _Peaks.of(smooth)
    scene = _Scene.of(smooth)
    slopes = _Slopes(smooth)
    return [peaks.region(index, slopes, scene, scale) for index in peaks.chosen()]


@dataclass(frozen=True)
class _Scene:
    """The levels of a frame: its solid parts and its sky or background (medians)."""

    solid_c: float
    background_c: float
    median_c: float

    @classmethod
    def of(cls, smooth: Picture) -> _Scene:
        # every other pixel: a level needs no more
        values: Floats = smooth[::2, ::2].ravel()
        last = int(OUTLIER_QUANTILE * (len(values) - 1))
        values = np.partition(values, last)
        clipped = np.minimum(values, values[last])
        low, high = float(clipped.min()), float(values[last])
        step = max(high - low, 1e-3) / 255
        bytes_ = np.rint((clipped - low) / step).astype(np.uint8)
        cut, _ = cv2.threshold(bytes_, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
        first_solid = int(np.count_nonzero(bytes_ <= int(cut)))
        whole = 0, len(values)
        solid = (first_solid, len(values)) if first_solid < len(values) else whole
        return cls(*_middles(values, (solid, (0, first_solid), whole)))

    @property
    def reference_c(self) -> float:
        """From here a spot's rise is measured for its extent."""
        return max(self.solid_c, self.median_c)


def _middles(values: Floats, parts: Sequence[tuple[int, int]]) -> list[float]:
    """The medians of parts (from, to) of what the values would be in ascending order."""
    middles = [((low + high - 1) // 2, (low + high) // 2) for low, high in parts]
    in_place = np.partition(values, sorted({place for pair in middles for place in pair}))
    return [float(in_place[low : high + 1].mean()) for low, high in middles]


@dataclass(frozen=True)
class _Peaks:
    """N local maxima: x, y (N,) pixels, level_c (N,), isolation_k (N,): what it stands above the
    hottest point of the best of the circles around it."""

    x: Pixels
    y: Pixels
    level_c: Floats
    isolation_k: Floats

    @classmethod
    def of(cls, smooth: Picture) -> _Peaks:
        around = cv2.dilate(smooth, np.ones((PEAK_WINDOW_PX, PEAK_WINDOW_PX), np.uint8))
        y, x = np.divmod(np.flatnonzero(smooth >= around), smooth.shape[1])
        level = smooth[y, x]
        isolation = level - _coolest_circles(smooth, x, y)
        first = np.argsort(-(level + isolation), kind="stable")[:MAX_PEAKS]
        return cls(x[first], y[first], level[first], isolation[first])

    def chosen(self) -> list[int]:
        """Indices of the peaks that speak for their place, the most conspicuous first."""
        by_level = self.apart(self.level_c, SPOT_DISTANCE_PX)
        conspicuous = self.level_c[by_level] + self.isolation_k[by_level]
        return [by_level[i] for i in np.argsort(-conspicuous, kind="stable")[:MAX_REGIONS]]

    def apart(self, height: Floats, distance_px: int) -> list[int]:
        """Indices of the peaks without a higher one within distance_px, the highest first."""
        left = np.ones(len(self.x), np.bool_)
        kept = []
        for index in np.argsort(-height, kind="stable"):
            if left[index]:
                kept.append(int(index))
                left &= self._distances_px[index] > distance_px
        return kept

    @cached_property
    def _distances_px(self) -> Pixels:
        """(N, N) the chessboard distances between them."""
        across, down = (np.abs(along[:, None] - along) for along in (self.x, self.y))
        farther: Pixels = np.maximum(across, down)
        return farther

    def region(self, index: int, slopes: _Slopes, scene: _Scene, scale: float) -> HotRegion:
        level = float(self.level_c[index])
        x, y = int(self.x[index]), int(self.y[index])
        height, width = slopes.smooth.shape
        half_k = max(MIN_HALF_RISE_K, (level - scene.reference_c) / 2)
        own_rise, (left, top, columns, rows) = slopes.descend((x, y), 2 * half_k)
        # beyond the window in which it is the highest, a flank leads to what is hotter
        reach = MAX_REACH_PX if own_rise > FLANK else PEAK_WINDOW_PX // 2
        edges = (
            max(left, x - reach),
            max(top, y - reach),
            min(left + columns, x + reach + 1),
            min(top + rows, y + reach + 1),
        )
        return HotRegion(
            spot_px=(int((x + 0.5) * scale), int((y + 0.5) * scale)),
            box=Box(*(edge * scale for edge in edges)),
            peak_c=level,
            peers_c=self._peers_c(index),
            own_rise=own_rise,
            edge_px=float(min(x, y, width - 1 - x, height - 1 - y)),
            scene_contrast_k=scene.solid_c - scene.background_c,
        )

    @cached_property
    def _peers(self) -> list[int]:
        return self.apart(self.level_c, PEER_DISTANCE_PX)

    def _peers_c(self, index: int) -> float:
        away_px = self._distances_px[index].tolist()
        others = [i for i in self._peers if away_px[i] > PEER_DISTANCE_PX]
        if not others:
            return float(self.level_c[index]) - NO_PEER_K
        return float(self.level_c[others[min(PEER_RANK, len(others)) - 1]])


def _coolest_circles(smooth: Picture, x: Pixels, y: Pixels) -> Floats:
    """(N,) the hottest point of the coolest of the circles around each spot; beyond the edge its
    pixels go on."""
    reach = CIRCLES_PX[-1]
    wide = cv2.copyMakeBorder(smooth, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    angles = np.arange(CIRCLE_POINTS) * (2 * np.pi / CIRCLE_POINTS)
    columns = np.rint(np.outer(np.cos(angles), CIRCLES_PX)).astype(np.intp)
    rows = np.rint(np.outer(np.sin(angles), CIRCLES_PX)).astype(np.intp)
    offsets = rows * wide.shape[1] + columns
    spots = (y + reach) * wide.shape[1] + x + reach
    # circle by circle: all at once would be arrays that the system hands out page by page
    circles = [np.take(wide, spots + offset[:, None]).max(axis=0) for offset in offsets.T]
    return np.asarray(np.min(circles, axis=0))


class _Slopes:
    """What one reaches from a spot by coming down from it."""

    def __init__(self, smooth: Picture) -> None:
        self.smooth = smooth
        height, width = smooth.shape
        self._mask = np.zeros((height + 2, width + 2), np.uint8)

    def descend(self, spot_px: tuple[int, int], rise_k: float) -> tuple[float, Sequence[int]]:
        """The share of its rise that one has to come down to reach anything hotter (see
        HotRegion): the topographic prominence of a summit over its height. And (left, top, width,
        height) around what hangs together with it above half of its rise."""
        level_c = self.smooth[spot_px[1], spot_px[0]]
        around: dict[float, Sequence[int]] = {}

        def leads_up(share: float) -> bool:
            hottest_c, around[share] = self._reach(spot_px, share * rise_k)
            return bool(hottest_c > level_c)

        # who comes down farther reaches all that and more; the middle one, half, is asked first
        least = bisect_left(DESCENTS, True, key=leads_up)
        return (*DESCENTS, 1.0)[least], around[HALF]

    def _reach(self, spot_px: tuple[int, int], down_k: float) -> tuple[float, Sequence[int]]:
        """What hangs together with a spot without coming down from it by more than down_k: the
        hottest of it, and (left, top, width, height) around it."""
        flags = 4 | cv2.FLOODFILL_FIXED_RANGE | cv2.FLOODFILL_MASK_ONLY
        *_, around = cv2.floodFill(
            self.smooth, self._mask, spot_px, 0, loDiff=down_k, upDiff=1e4, flags=flags
        )
        left, top, columns, rows = around
        inside = np.s_[top : top + rows, left : left + columns]
        reached = self._mask[1:-1, 1:-1][inside]
        _, hottest_c, _, _ = cv2.minMaxLoc(self.smooth[inside], reached)
        reached[:] = 0  # for the next
        return hottest_c, around
