"""Equipment that a waypoint has shown before: the same class in the same place of the picture.

A robot doesn't park to the pixel, so the displacement of the whole picture is taken out first, as
between two frames (:mod:`thermoscout_core.diagnosis.association`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from thermoscout_core.diagnosis.association import Layout, associate
from thermoscout_core.diagnosis.views import ANOTHER_VIEW, ENOUGH_BOXES, MOST_REACH


@dataclass(frozen=True)
class Known:
    """One row of the table equipment. box: x1, y1, x2, y2 in widths and heights of the frame."""

    id: int
    class_name: str
    box: tuple[float, ...]


def recognise(
    known: Sequence[Known],
    noted: Sequence[int | None],
    now: Layout,
    size_px: tuple[int, int],
) -> list[int | None]:
    """The id of each box of a frame among the waypoint's known equipment, None for a new piece.

    noted: what is known of each box already; kept. No piece is given to two boxes. Where three
    boxes or more agree with the known ones less than a view must, the camera looks elsewhere and
    all of them are new.
    """
    found = list(noted)
    width, height = size_px
    boxes = np.array([k.box for k in known], float).reshape(-1, 4) * [width, height, width, height]
    nothing = np.full((len(known), 2), np.nan)
    before = Layout(boxes, tuple(k.class_name for k in known), nothing)
    match = associate(before, now, MOST_REACH * math.hypot(width, height))
    enough = min(len(before), len(now)) >= ENOUGH_BOXES
    if enough and match.agreement < ANOTHER_VIEW:
        return found
    taken = set(noted)
    for i, j in match.pairs:
        if found[j] is None and known[i].id not in taken:
            found[j] = known[i].id
    return found
