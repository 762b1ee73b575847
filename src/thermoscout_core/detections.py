"""What the detector says of a frame: classes, scores and boxes in pixels of that frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.errors import FrameError


@dataclass(frozen=True)
class Box:
    """An axis-aligned box, continuous pixel coordinates: (0, 0) is the frame's top-left corner,
    (W, H) its bottom-right one; x2 and y2 are exclusive edges."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def width_px(self) -> float:
        return self.x2 - self.x1

    @property
    def height_px(self) -> float:
        return self.y2 - self.y1

    @property
    def area_px(self) -> float:
        return max(0.0, self.width_px) * max(0.0, self.height_px)

    @property
    def center_px(self) -> tuple[float, float]:
        return (self.x1 + self.x2) / 2, (self.y1 + self.y2) / 2

    def as_list(self) -> list[float]:
        return [self.x1, self.y1, self.x2, self.y2]

    def iou(self, other: Box) -> float:
        """Intersection over union, 0..1."""
        width = min(self.x2, other.x2) - max(self.x1, other.x1)
        height = min(self.y2, other.y2) - max(self.y1, other.y1)
        if width <= 0 or height <= 0:
            return 0.0
        intersection = width * height
        return intersection / (self.area_px + other.area_px - intersection)


@dataclass(frozen=True)
class Polygon:
    """An outline in continuous pixel coordinates, as :class:`Box`; the last corner joins the
    first.

    corners: (x, y) pairs. Raises FrameError for fewer than three, or one that isn't finite.
    """

    corners: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        if len(self.corners) < 3 or not np.isfinite(self.corners).all():
            raise FrameError(f"an outline needs three finite corners or more, got {self.corners}")

    @property
    def box(self) -> Box:
        """The smallest box around it."""
        x, y = zip(*self.corners, strict=True)
        return Box(min(x), min(y), max(x), max(y))

    def mask(self, rectangle: tuple[int, int, int, int]) -> NDArray[np.bool_]:
        """(y2 − y1, x2 − x1) the pixels of x1, y1, x2, y2 whose centres lie inside."""
        x1, y1, x2, y2 = rectangle
        x, y = np.arange(x1, x2) + 0.5, (np.arange(y1, y2) + 0.5)[:, None]
        inside = np.zeros((y2 - y1, x2 - x1), np.bool_)
        ends = (*self.corners[1:], self.corners[0])
        for (ax, ay), (bx, by) in zip(self.corners, ends, strict=True):
            if ay != by:
                crosses = ((ay <= y) != (by <= y)) & (x < ax + (y - ay) * (bx - ax) / (by - ay))
                inside ^= crosses
        return inside


@dataclass(frozen=True)
class Detection:
    """One piece of equipment. class_name: from the model's own list. score: 0..1. outline: where
    it is known better than by its box, and measured within."""

    class_name: str
    score: float
    box: Box
    outline: Polygon | None = None
