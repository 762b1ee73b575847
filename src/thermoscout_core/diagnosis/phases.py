"""Which boxes are the three phases of one set: same class, alike in size, in line, evenly spaced.

Current flows in all three alike, so the other two are the closest comparison that there is (DL/T
664, comparison of phases). Perspective shrinks the farther ones, hence the wide tolerances.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.detections import Detection

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
        for phase_set in _sets_of_a_class(indices, detections):
            if not any(member in found for member in phase_set.members):
                found.update(dict.fromkeys(phase_set.members, phase_set))
    return found


def _sets_of_a_class(indices: Sequence[int], detections: Sequence[Detection]) -> list[PhaseSet]:
    """All sets among N boxes of one class, the most regular first."""
    if len(indices) < 3:
        return []
    boxes = [detections[i].box for i in indices]
    centers = np.array([box.center_px for box in boxes])
    sizes = np.array([(box.width_px, box.height_px) for box in boxes])
    along, off, length = _places(centers)
    size = np.sqrt(sizes.prod(axis=1)).clip(1e-6)
    spacing = length[:, :, None] / 2 / size
    low, high = MIDDLE_SHARE
    fits = (along > low) & (along < high) & (off < MAX_OFF_LINE) & _alike(sizes)
    fits &= (spacing > MIN_SPACING) & (spacing < MAX_SPACING)
    fits &= np.triu(np.ones(length.shape, np.bool_), 1)[:, :, None]
    first, last, middle = np.nonzero(fits)
    # nearest neighbours first: of six in a row the next ones belong together
    irregularity = np.abs(along - 0.5) + off + 0.05 * spacing
    order = np.argsort(irregularity[first, last, middle], kind="stable")
    return [
        PhaseSet(
            (indices[first[i]], indices[middle[i]], indices[last[i]]),
            float(length[first[i], last[i]] / 2),
        )
        for i in order
    ]


Array = NDArray[np.float64]


def _places(centers: Array) -> tuple[Array, Array, Array]:
    """(N, 2) -> where box k lies between i and j: share of the way (N, N, N), distance from the
    line as a share of its length (N, N, N), and the lengths (N, N)."""
    line = centers[None] - centers[:, None]
    length = np.hypot(line[..., 0], line[..., 1])
    safe = np.maximum(length, 1e-6)[:, :, None]
    line_x, line_y = line[:, :, None, 0], line[:, :, None, 1]
    to_x, to_y = line[:, None, :, 0], line[:, None, :, 1]
    along = (to_x * line_x + to_y * line_y) / safe**2
    across = np.abs(to_x * line_y - to_y * line_x) / safe**2
    return along, across, length


def _alike(sizes: Array) -> NDArray[np.bool_]:
    """(N, 2) widths and heights -> whether three boxes are of one size (N, N, N)."""
    widths, heights = np.log(sizes.clip(1e-6)).T
    ratio = np.maximum(*(np.abs(logs[:, None] - logs) for logs in (widths, heights)))
    pair = ratio < np.log(MAX_SIZE_RATIO)
    alike: NDArray[np.bool_] = pair[:, :, None] & pair[:, None, :] & pair[None]
    return alike
