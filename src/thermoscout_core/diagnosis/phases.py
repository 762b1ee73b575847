"""Which boxes are the three phases of one set: same class, alike in size, in line, evenly spaced.

Current flows in all three alike, so the other two are the closest comparison that there is (DL/T
664, comparison of phases). Perspective shrinks the farther ones, hence the wide tolerances.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.detections import Box, Detection

MAX_SIZE_RATIO = 1.6
"""Of the largest to the smallest box, by width and by height."""
MIDDLE_SHARE = (0.36, 0.64)
"""Where along the line between the outer two the middle one may lie."""
MAX_OFF_LINE = 0.15
"""How far from that line, as a share of its length."""
MAX_SPACING = 8.0
"""Between neighbours, in sizes (square root of the area) of the middle box."""
MIN_SPACING = 0.5


@dataclass(frozen=True)
class PhaseSet:
    """Indices of the three boxes, the middle one in the middle; spacing_px: between neighbours."""

    members: tuple[int, int, int]
    spacing_px: float

    def others(self, index: int) -> tuple[int, int]:
        first, second = (member for member in self.members if member != index)
        return first, second


def find_phase_sets(detections: Sequence[Detection]) -> dict[int, PhaseSet]:
    """Index of a detection -> the set that it belongs to; a detection is in one set at most, the
    most regular one first."""
    found: dict[int, PhaseSet] = {}
    for name in dict.fromkeys(detection.class_name for detection in detections):
        indices = [i for i, d in enumerate(detections) if d.class_name == name]
        for places, spacing_px in _sets_of_a_class([detections[i].box for i in indices]):
            first, middle, last = (indices[place] for place in places)
            if not (first in found or middle in found or last in found):
                phase_set = PhaseSet((first, middle, last), spacing_px)
                found.update(dict.fromkeys(phase_set.members, phase_set))
    return found


def _sets_of_a_class(boxes: Sequence[Box]) -> list[tuple[tuple[int, int, int], float]]:
    """First, middle, last of all sets among N boxes, and the spacing; the most regular first."""
    if len(boxes) < 3:
        return []
    centers = np.array([box.center_px for box in boxes])
    sizes = np.array([(box.width_px, box.height_px) for box in boxes])
    ends = _pairs(len(boxes))
    alike = _alike(sizes, ends)
    if np.count_nonzero(alike, axis=1).max() < 3:
        return []
    along, off, length = _places(centers, ends)
    spacing = length[:, None] / 2 / np.sqrt(sizes[:, 0] * sizes[:, 1]).clip(1e-6)
    low, high = MIDDLE_SHARE
    fits = (along > low) & (along < high) & (off < MAX_OFF_LINE)
    fits &= (spacing > MIN_SPACING) & (spacing < MAX_SPACING)
    fits &= alike
    if not fits.any():
        return []
    pair, middle = np.nonzero(fits)
    first, last = ends[0][pair], ends[1][pair]
    # nearest neighbours first: of six in a row the next ones belong together
    irregularity = np.abs(along[fits] - 0.5) + off[fits] + 0.05 * spacing[fits]
    order = np.argsort(irregularity, kind="stable")
    members = np.stack([first, middle, last], axis=1)[order].tolist()
    spacings_px = (length[pair] / 2)[order].tolist()
    return [((i, k, j), px) for (i, k, j), px in zip(members, spacings_px, strict=True)]


Array = NDArray[np.float64]
Pairs = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Indices (P,) of the first and of the last box."""


@lru_cache(maxsize=64)
def _pairs(count: int) -> Pairs:
    """Of all boxes among so many."""
    first, last = np.triu_indices(count, 1)
    return first, last


def _places(centers: Array, ends: Pairs) -> tuple[Array, Array, Array]:
    """Where each of N boxes lies between the two of P pairs: share of the way (P, N), distance
    from the line as a share of its length (P, N); and the lengths (P,)."""
    (line_x, line_y), start = (centers[ends[1]] - centers[ends[0]]).T, centers[ends[0]]
    length = np.hypot(line_x, line_y)
    squared = np.maximum(length, 1e-6)[:, None] ** 2
    to_x = centers[:, 0] - start[:, 0, None]
    to_y = centers[:, 1] - start[:, 1, None]
    along = (to_x * line_x[:, None] + to_y * line_y[:, None]) / squared
    across = np.abs(to_x * line_y[:, None] - to_y * line_x[:, None]) / squared
    return along, across, length


def _alike(sizes: Array, ends: Pairs) -> NDArray[np.bool_]:
    """(N, 2) widths and heights -> whether the two of a pair and a third are of one size, (P, N)
    for P pairs."""
    widths, heights = np.log(sizes.clip(1e-6)).T
    ratio = np.maximum(*(np.abs(logs[:, None] - logs) for logs in (widths, heights)))
    alike = ratio < np.log(MAX_SIZE_RATIO)
    first, last = ends
    every: NDArray[np.bool_] = alike[first, last][:, None] & alike[first] & alike[last]
    return every
