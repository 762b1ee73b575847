"""Which box of now is which piece of equipment from before: camera motion, then assignment.

Boxes are paired by intersection over union and class, after the motion of the whole picture has
been taken out of them. The motion is the displacement that most pairs of like boxes agree on, as
in a Hough transform; nothing but the boxes is needed for it. The assignment is the Hungarian one
(scipy's linear_sum_assignment), so the outcome depends on the input alone.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.verdicts import Verdict

Floats = NDArray[np.float64]

MIN_AFFINITY = 0.3
"""Below it two boxes are no pair."""

OTHER_CLASS_COSTS = 0.3
"""Taken off the overlap of boxes of different classes: a class that flickers for a frame doesn't
make a new piece of equipment, but a box of the same class is the better partner."""

SAME_SPOT_PX = 5.0
SAME_SPOT_AFFINITY = 0.5
"""Faults whose hot spots lie this close are the same heat, whatever boxes it was found in."""

LIKE_SIZE = 1.5
"""Boxes whose sides differ by more than this factor don't vote on the motion."""

VOTING_CELL_PX = 8.0
STILL_OVERLAP = 0.5
"""Where every box lies this much over one of its class from before, no other motion is sought."""


def load() -> None:
    """Load scipy, which pairing needs only where a box has a choice: it takes a second, and after
    a crash all wait for the verdicts. Returns at once; a thread does it."""
    threading.Thread(target=import_module, args=("scipy.optimize",), name="loading scipy").start()


@dataclass(frozen=True)
class Layout:
    """Some boxes of one picture. boxes: (n, 4) x1, y1, x2, y2 in pixels. classes: one each.
    heat: (n, 2) hot spots of those that are faults, NaN for the others, pixels."""

    boxes: Floats
    classes: tuple[str, ...]
    heat: Floats

    @classmethod
    def of(cls, verdicts: Sequence[Verdict]) -> Layout:
        """The boxes of a frame's verdicts, in their order."""
        boxes = [verdict.reading.detection.box.as_list() for verdict in verdicts]
        heat = [
            verdict.reading.hot_spot_px
            if verdict.severity.is_fault and verdict.reading.hot_spot_px is not None
            else (np.nan, np.nan)
            for verdict in verdicts
        ]
        return cls(
            np.array(boxes, float).reshape(-1, 4),
            tuple(verdict.reading.detection.class_name for verdict in verdicts),
            np.array(heat, float).reshape(-1, 2),
        )

    def only(self, indices: Sequence[int]) -> Layout:
        """Some of the boxes, in that order."""
        rows = list(indices)
        classes = tuple(self.classes[index] for index in rows)
        return Layout(self.boxes[rows], classes, self.heat[rows])

    def __len__(self) -> int:
        return len(self.classes)


@dataclass(frozen=True)
class Association:
    """pairs: (index before, index now), by the former. shift_px: (x, y) that the picture moved,
    (0, 0) where fewer than two boxes say so. agreement: the pairs' affinities (overlap, less what
    another class costs) summed, over the smaller number of boxes; 0..1, 0 where there is none."""

    pairs: tuple[tuple[int, int], ...] = ()
    shift_px: tuple[float, float] = (0.0, 0.0)
    agreement: float = 0.0


def associate(before: Layout, now: Layout, reach_px: float) -> Association:
    """Pair the boxes. reach_px: the farthest that the picture may have moved, 0 for not at all."""
    if not len(before) or not len(now):
        return Association()
    same_class = np.array(before.classes)[:, None] == np.array(now.classes)
    shift = _small_shift(before.boxes, now.boxes, same_class)
    if shift is None:
        shift = _shift(before.boxes, now.boxes, same_class, reach_px)
    affinity = _overlaps(before.boxes + np.tile(shift, 2), now.boxes)
    affinity[~same_class] -= OTHER_CLASS_COSTS
    moved = before.heat + shift
    apart_px = np.hypot(*(moved[:, axis, None] - now.heat[:, axis] for axis in (0, 1)))
    one_heat = apart_px <= SAME_SPOT_PX  # False where either is NaN
    affinity[one_heat] = np.maximum(affinity[one_heat], SAME_SPOT_AFFINITY)
    affinity[affinity < MIN_AFFINITY] = 0.0
    rows, columns = _assigned(affinity)
    return Association(
        tuple(zip(rows.tolist(), columns.tolist(), strict=True)),
        (float(shift[0]), float(shift[1])),
        float(affinity[rows, columns].sum()) / min(len(before), len(now)),
    )


def _assigned(affinity: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows and columns of the pairs that have the largest sum: each row and column in one at
    most, none where the affinity is 0."""
    possible = affinity > 0
    if (possible.sum(axis=0) <= 1).all() and (possible.sum(axis=1) <= 1).all():
        rows, columns = np.nonzero(possible)
        return rows, columns
    from scipy.optimize import linear_sum_assignment  # see load()

    rows, columns = linear_sum_assignment(affinity, maximize=True)
    paired = possible[rows, columns]
    return rows[paired], columns[paired]


def _overlaps(a: Floats, b: Floats) -> Floats:
    """(len(a), len(b)) intersection over union."""
    width = np.minimum(a[:, 2, None], b[:, 2]) - np.maximum(a[:, 0, None], b[:, 0])
    height = np.minimum(a[:, 3, None], b[:, 3]) - np.maximum(a[:, 1, None], b[:, 1])
    common: Floats = np.maximum(width, 0) * np.maximum(height, 0)
    areas_a, areas_b = (np.prod(np.maximum(c[:, 2:] - c[:, :2], 0), axis=1) for c in (a, b))
    union = areas_a[:, None] + areas_b - common
    overlaps: Floats = np.divide(common, union, out=np.zeros_like(common), where=union > 0)
    return overlaps


def _small_shift(a: Floats, b: Floats, same_class: NDArray[np.bool_]) -> Floats | None:
    """The displacement of a camera that hardly moved; None where boxes have no successor."""
    overlaps = np.where(same_class, _overlaps(a, b), 0.0)
    fewer = overlaps if len(a) <= len(b) else overlaps.T
    rows, columns = np.arange(len(fewer)), fewer.argmax(axis=1)
    if len(fewer) < 2 or not (fewer[rows, columns] >= STILL_OVERLAP).all():
        return None
    if len(a) > len(b):
        rows, columns = columns, rows
    moved = (b[columns, :2] + b[columns, 2:] - a[rows, :2] - a[rows, 2:]) / 2
    return np.asarray(np.median(moved, axis=0), np.float64)


def _shift(a: Floats, b: Floats, same_class: NDArray[np.bool_], reach_px: float) -> Floats:
    """The displacement that most pairs agree on; of equally many, the smallest. (0, 0) where
    fewer than two boxes agree: one box alone may be another one."""
    none = np.zeros(2)
    sizes_a, sizes_b = (np.maximum(c[:, 2:] - c[:, :2], 1e-3) for c in (a, b))
    ratio = sizes_a[:, None] / sizes_b
    like = same_class & (np.maximum(ratio, 1 / ratio) <= LIKE_SIZE).all(axis=2)
    moved = (b[:, :2] + b[:, 2:])[None] / 2 - (a[:, :2] + a[:, 2:])[:, None] / 2
    rows, columns = np.nonzero(like & (np.abs(moved) <= reach_px).all(axis=2))
    if len(rows) < 2:
        return none
    candidates = moved[rows, columns]
    peak = _most_voted(candidates, reach_px)
    near = (np.abs(candidates - peak) <= 1.5 * VOTING_CELL_PX).all(axis=1)
    if min(len(set(rows[near])), len(set(columns[near]))) < 2:
        return none
    return np.asarray(np.median(candidates[near], axis=0))


def _most_voted(candidates: Floats, reach_px: float) -> Floats:
    """Centre of the 3x3 cells that hold the most candidates, the one nearest to no motion."""
    reach = int(np.ceil(reach_px / VOTING_CELL_PX))
    side = 2 * reach + 3
    cells = np.rint(candidates / VOTING_CELL_PX).astype(int) + reach + 1
    votes = np.bincount(cells[:, 1] * side + cells[:, 0], minlength=side * side)
    grid = np.pad(votes.reshape(side, side), 1)
    around = sum(
        grid[dy : dy + side, dx : dx + side].astype(float) for dy in range(3) for dx in range(3)
    )
    steps = np.arange(side) - reach - 1
    distance = np.hypot(steps, steps[:, None])
    y, x = np.unravel_index(int(np.argmax(around - distance / (4 * side))), (side, side))
    return np.array([steps[x], steps[y]]) * VOTING_CELL_PX
