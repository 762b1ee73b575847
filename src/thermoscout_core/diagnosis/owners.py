"""Which reading a frame's heat belongs to, where boxes overlap and share it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.diagnosis.survey import HOT_REGION
from thermoscout_core.readings import Reading

SAME_PIXEL_PX = 2
"""Two boxes whose hot spots are this near show the same heat."""
SAME_REGION_PX = 30
"""So do two of one height above the frame's other spots that are this near."""

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def owners(readings: Sequence[Reading]) -> list[Reading | None]:
    """The reading of the same frame that each one's hot spot rather belongs to, None where that
    is itself: one of the same class in whose box it lies more centrally, or equipment of another
    class in whose smaller box the same heat is hottest.

    Overlapping boxes share pixels: the heat of one part must not be counted twice, nor lost.
    """
    if len(readings) < 2:
        return [None] * len(readings)
    may_own = _may_own(readings)
    chosen = [int(row.argmax()) if row.any() else None for row in may_own]
    for index in range(len(chosen)):
        _break_ring(index, chosen, readings)
    return [None if number is None else readings[number] for number in chosen]


def _break_ring(start: int, chosen: list[int | None], readings: Sequence[Reading]) -> None:
    """Where each belongs to the next, all around, the hottest keeps the heat, or it is lost."""
    chain = [start]
    while (owner := chosen[chain[-1]]) is not None and owner not in chain:
        chain.append(owner)
    if owner is not None:
        ring = chain[chain.index(owner) :]
        chosen[max(ring, key=lambda i: readings[i].corrected_c)] = None


def _may_own(readings: Sequence[Reading]) -> Mask:
    """(N, N): whether the row's hot spot rather belongs to the column's reading."""
    boxes = np.array([reading.detection.box.as_list() for reading in readings], float)
    spots = np.array([reading.hot_spot_px or (np.nan, np.nan) for reading in readings], float)
    classes = np.array([reading.detection.class_name for reading in readings])
    over_peers_k = np.array([reading.over_peers_k for reading in readings], float)
    has_temperature = np.array([reading.has_temperature for reading in readings])
    off_centre = _off_centre(boxes, spots)
    more_central = off_centre < np.minimum(off_centre.diagonal(), 1.0)[:, None]
    apart_px = np.maximum(*(np.abs(along[:, None] - along) for along in spots.T))
    same_region = (over_peers_k[:, None] == over_peers_k) & (apart_px <= SAME_REGION_PX)
    area_px = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    is_region = classes == HOT_REGION
    smaller = (area_px < area_px[:, None]) | is_region[:, None]
    closer = ((apart_px <= SAME_PIXEL_PX) | same_region) & smaller & ~is_region
    may_own: Mask = np.where(classes[:, None] == classes, more_central, closer) & has_temperature
    np.fill_diagonal(may_own, False)
    return may_own


def _off_centre(boxes: Floats, spots: Floats) -> Floats:
    """(N, N): distance of the row's spot from the middle of the column's box in half box sizes;
    below 1 it lies inside, NaN without a spot."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    half_sizes = np.maximum((boxes[:, 2:] - boxes[:, :2]) / 2, 0.5)
    along_x, along_y = (
        np.abs(spots[:, axis, None] + 0.5 - centres[:, axis]) / half_sizes[:, axis]
        for axis in (0, 1)
    )
    return np.asarray(np.maximum(along_x, along_y), np.float64)
