"""The 8-bit view of a thermal frame: the picture that the network and the people see.

Training, the robot and the reports all call :func:`to_8bit_view`; a network never sees another
picture than the one it was trained on.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from thermoscout_core.errors import FrameError
from thermoscout_core.frames import Counts

EXACT_IN_FLOAT32 = 2**24
"""Whole numbers up to this one: OpenCV counts in float32."""


@dataclass(frozen=True)
class GainControl:
    """Automatic gain control by plateau equalisation, the trade's usual compromise.

    tail: fraction of the pixels clipped at each end. plateau: no grey level of the input may
    weigh more than this many times the mean, so that a large sky can't take all the contrast
    (1 is a linear stretch, large values are plain histogram equalisation). levels: resolution
    of the histogram; coarse enough to make 0.1 K and 0.01 K counts look alike.
    """

    tail: float = 0.001
    plateau: float = 3.0
    levels: int = 256


DEFAULT_GAIN_CONTROL = GainControl()


def to_8bit_view(counts: Counts, control: GainControl = DEFAULT_GAIN_CONTROL) -> NDArray[np.uint8]:
    """Counts (H, W) uint16 -> grey picture (H, W) uint8, hotter is brighter.

    Monotone in the counts and independent of their gain and offset (up to rounding).
    Raises FrameError for another shape or dtype.
    """
    if counts.ndim != 2 or counts.dtype != np.uint16 or counts.size == 0:
        raise FrameError(
            f"a view is made of (H, W) uint16 counts, got shape {counts.shape} of {counts.dtype}"
        )
    coldest, hottest, _, _ = cv2.minMaxLoc(counts)
    first, last = int(coldest), int(hottest)
    # the rest of the 65,536 counts is none of this frame's, and costs as much
    table = _tone_table(_histogram(counts, first, last), first, control)
    return np.take(table, counts, mode="wrap")  # the quickest; no count is outside the table


def _histogram(counts: Counts, first: int, last: int) -> NDArray[np.int64]:
    """How many pixels have each of the counts first to last."""
    if counts.size > EXACT_IN_FLOAT32:
        return np.bincount(counts.ravel())[first:].astype(np.int64)
    bins = cv2.calcHist([counts], [0], None, [last - first + 1], [first, last + 1])
    return bins.ravel().astype(np.int64)


def _tone_table(
    histogram: NDArray[np.int64], first: int, control: GainControl
) -> NDArray[np.uint8]:
    """Histogram of the counts from first on -> grey value (uint8) of each count from 0 on.

    In whole numbers throughout, so that every machine and every runtime gets the same greys.
    """
    cumulative = np.cumsum(histogram)
    clipped = int(control.tail * cumulative[-1])
    low = int(np.searchsorted(cumulative, clipped, side="right"))
    high = max(int(np.searchsorted(cumulative, cumulative[-1] - clipped, side="left")), low)
    table = np.zeros(first + len(histogram), np.uint8)
    tones = table[first:]
    tones[high + 1 :] = 255
    if high == low:
        tones[low] = 128
        return table
    distance = high - low
    levels = min(control.levels, distance + 1)
    steps = np.arange(distance + 1) * levels
    inside = histogram[low : high + 1]
    weights = np.bincount(steps // (distance + 1), inside, levels).astype(np.int64)
    # The cap is plateau times the mean weight; both sides times levels, it needs no fractions.
    cap = int(control.plateau * int(weights.sum()))
    rises = np.append(np.minimum(weights * levels, cap), 0)
    edges = np.cumsum(rises) - rises
    level, rest = np.divmod(steps, distance)
    heights = edges[level] * distance + rises[level] * rest
    tones[low : high + 1] = 255 * heights // (edges[-1] * distance)
    return table
