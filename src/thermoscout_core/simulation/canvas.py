"""Where a scene is drawn: supersampled maps of surface temperature, material and owner.

Scene coordinates are in frame heights: (0, 0) is the top-left corner, (aspect, 1) the bottom-right
one, y downwards. So a scene doesn't depend on the resolution that it is rendered at.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from thermoscout_core.detections import Box

Points = NDArray[np.float64]
Map = NDArray[np.float32]

_SHIFT = 4  # fractional bits of cv2's polygon coordinates
_TEMPERATURE, _MATERIAL, _OWNER = 0, 1, 2


class Material(IntEnum):
    """What a pixel shows; the renderer has an emissivity for each."""

    SKY = 0
    GROUND = 1
    PLANT = 2
    STEEL = 3
    CONDUCTOR = 4
    FITTING = 5
    PORCELAIN = 6
    PAINT = 7


@dataclass(frozen=True)
class Pose:
    """A place and a direction in the scene: origin (x, y) and the angle of "up" (0 = image up,
    positive clockwise), radians."""

    x: float
    y: float
    angle_rad: float = 0.0

    def at(self, across: object, along: object) -> Points:
        """Local coordinates (across to the right, along "up") -> (N, 2) scene points."""
        a = np.atleast_1d(np.asarray(across, np.float64))
        u = np.atleast_1d(np.asarray(along, np.float64))
        a, u = np.broadcast_arrays(a, u)
        sin, cos = math.sin(self.angle_rad), math.cos(self.angle_rad)
        return np.stack([self.x + a * cos + u * sin, self.y + a * sin - u * cos], axis=-1)

    def moved(self, across: float, along: float, turn_rad: float = 0.0) -> Pose:
        """The pose at that local point, turned."""
        x, y = self.at(across, along)[0]
        return Pose(float(x), float(y), self.angle_rad + turn_rad)


@dataclass(frozen=True)
class Item:
    """A piece of equipment that has been drawn. owner: its number in the owner map."""

    owner: int
    class_name: str
    name: str


@dataclass(frozen=True)
class Drawn:
    """An item as it shows in the finished picture.

    box: of its visible pixels, in output pixels. visible: share of it that nothing nearer covers,
    inside: share of it that the frame doesn't cut off. surface_c: its hottest visible surface.
    """

    item: Item
    box: Box
    visible: float
    inside: float
    surface_c: float


class Canvas:
    """Supersampled layers of a frame, painted from far to near.

    width_px, height_px: the output frame. margin_px: extra border on all sides, in output pixels,
    so that the frame may sway. roll_rad: the camera's roll, about the middle of the frame.
    """

    def __init__(
        self,
        width_px: int,
        height_px: int,
        *,
        supersampling: int = 2,
        margin_px: int = 0,
        roll_rad: float = 0.0,
    ) -> None:
        self.width_px = width_px
        self.height_px = height_px
        self.supersampling = supersampling
        self.margin_px = margin_px
        self.aspect = width_px / height_px
        rows = (height_px + 2 * margin_px) * supersampling
        columns = (width_px + 2 * margin_px) * supersampling
        self._layers = np.zeros((rows, columns, 3), np.float32)
        self._unit = float(height_px * supersampling)
        self._roll = math.cos(roll_rad), math.sin(roll_rad)
        self._items: list[Item] = []
        self._current = 0
        self._touched: Points | None = None
        self._drawn: list[tuple[Item, tuple[int, int, int, int], float, NDArray[np.bool_]]] = []

    @property
    def temperature_c(self) -> Map:
        """(rows, columns) float32 view of the surface temperatures."""
        return self._layers[..., _TEMPERATURE]

    @property
    def material(self) -> Map:
        """(rows, columns) float32 view of the material numbers."""
        return self._layers[..., _MATERIAL]

    @property
    def owner(self) -> Map:
        """(rows, columns) float32 view of the owner numbers, 0 where nobody's."""
        return self._layers[..., _OWNER]

    def to_pixels(self, points: Points) -> Points:
        """Scene points (N, 2) -> supersampled pixel coordinates (N, 2)."""
        cos, sin = self._roll
        middle = np.array([self.aspect / 2, 0.5])
        p = np.asarray(points, np.float64) - middle
        turned = np.stack([p[:, 0] * cos - p[:, 1] * sin, p[:, 0] * sin + p[:, 1] * cos], -1)
        pixels: Points = (turned + middle) * self._unit + self.margin_px * self.supersampling
        return pixels

    def fill(self, points: Points, temperature_c: float, material: Material) -> None:
        """Paint a polygon (scene points) of one temperature."""
        pixels = self.to_pixels(points)
        self._touch(pixels)
        # cv2 takes pixel centres as whole numbers, we take pixel corners
        fixed = np.rint((pixels - 0.5) * (1 << _SHIFT)).astype(np.int32)
        color = (float(temperature_c), float(material), float(self._current))
        cv2.fillPoly(self._layers, [fixed], color, cv2.LINE_8, _SHIFT)

    def ellipse(
        self,
        pose: Pose,
        half_across: float,
        half_along: float,
        temperature_c: float,
        material: Material,
    ) -> None:
        """Paint an ellipse in the pose's own axes."""
        points = pose.at(half_across * _CIRCLE[0], half_along * _CIRCLE[1])
        self.fill(points, temperature_c, material)

    def stroke(
        self, points: Points, width: float, temperature_c: float, material: Material
    ) -> None:
        """Paint a line of that width (scene units), round at its ends, at least one subpixel."""
        pixels = self.to_pixels(points)
        half = max(width * self._unit, 1.0) / 2
        self._touch(np.concatenate([pixels - half, pixels + half]))
        fixed = np.rint((pixels - 0.5) * (1 << _SHIFT)).astype(np.int32)
        color = (float(temperature_c), float(material), float(self._current))
        thickness = max(1, round(width * self._unit))
        cv2.polylines(self._layers, [fixed], False, color, thickness, cv2.LINE_8, _SHIFT)

    def tube(
        self, points: Points, width: float, temperature_c: float, material: Material, rim_c: float
    ) -> None:
        """A round bar: a stroke with rims that differ by rim_c from its middle."""
        self.stroke(points, width, temperature_c + rim_c, material)
        if width * self._unit >= 4:
            self.stroke(points, 0.55 * width, temperature_c, material)

    def begin(self, class_name: str, name: str) -> Item:
        """What is painted from here to end() belongs to one piece of equipment."""
        item = Item(len(self._items) + 1, class_name, name)
        self._items.append(item)
        self._current = item.owner
        self._touched = None
        return item

    def end(self) -> None:
        """Close the current item and remember how much of it was drawn."""
        item = self._items[self._current - 1]
        self._current = 0
        if self._touched is None:
            return
        low = np.floor(self._touched[0]).astype(int)
        high = np.ceil(self._touched[1]).astype(int) + 1
        rows, columns = self._layers.shape[:2]
        full = max(1, int(np.prod(high - low)))
        x1, y1 = np.clip(low, 0, [columns, rows])
        x2, y2 = np.clip(high, 0, [columns, rows])
        if x2 <= x1 or y2 <= y1:
            return
        painted = self.owner[y1:y2, x1:x2] == item.owner
        self._drawn.append((item, (x1, y1, x2, y2), float(full), painted))

    def grade(self, top_c: float, bottom_c: float) -> None:
        """Add a vertical temperature gradient to what was painted of the current item so far."""
        if self._touched is None:
            return
        rows, columns = self._layers.shape[:2]
        x1, y1 = np.clip(np.floor(self._touched[0]).astype(int), 0, [columns, rows])
        x2, y2 = np.clip(np.ceil(self._touched[1]).astype(int) + 1, 0, [columns, rows])
        if x2 <= x1 or y2 <= y1:
            return
        low, high = self._touched[:, 1]
        share = (np.arange(y1, y2) + 0.5 - low) / max(high - low, 1.0)
        gradient = (top_c + (bottom_c - top_c) * np.clip(share, 0, 1)).astype(np.float32)
        mine = self.owner[y1:y2, x1:x2] == self._current
        self.temperature_c[y1:y2, x1:x2] += gradient[:, None] * mine

    def heat(
        self, pose: Pose, radius: float, rise_c: float, materials: tuple[Material, ...]
    ) -> None:
        """Add a Gaussian warm spot (rise_c at its middle, radius = one sigma, scene units) to
        what is already painted there: on those materials, and on no other item's surface."""
        middle = self.to_pixels(np.array([[pose.x, pose.y]]))[0]
        sigma = max(radius * self._unit, 0.5)
        rows, columns = self._layers.shape[:2]
        x1, y1 = np.clip(np.floor(middle - 3 * sigma).astype(int), 0, [columns, rows])
        x2, y2 = np.clip(np.ceil(middle + 3 * sigma).astype(int) + 1, 0, [columns, rows])
        if x2 <= x1 or y2 <= y1:
            return
        gx = np.exp(-0.5 * ((np.arange(x1, x2) + 0.5 - middle[0]) / sigma) ** 2)
        gy = np.exp(-0.5 * ((np.arange(y1, y2) + 0.5 - middle[1]) / sigma) ** 2)
        owner = self.owner[y1:y2, x1:x2]
        on = np.isin(self.material[y1:y2, x1:x2], materials)
        on &= (owner == 0) | (owner == self._current)
        self.temperature_c[y1:y2, x1:x2] += (rise_c * np.outer(gy, gx) * on).astype(np.float32)

    def drawn(self) -> list[Drawn]:
        """The items that can be seen in the frame (without the margin), in drawing order."""
        scale, margin = self.supersampling, self.margin_px * self.supersampling
        rows, columns = self._layers.shape[:2]
        found = []
        for item, (left, top, right, bottom), full, painted in self._drawn:
            x1, x2 = max(left, margin), min(right, columns - margin)
            y1, y2 = max(top, margin), min(bottom, rows - margin)
            if x2 <= x1 or y2 <= y1:
                continue
            in_frame = painted[y1 - top : y2 - top, x1 - left : x2 - left]
            mine = self.owner[y1:y2, x1:x2] == item.owner
            in_column = np.flatnonzero(mine.any(axis=0))
            in_row = np.flatnonzero(mine.any(axis=1))
            if in_column.size == 0:
                continue
            box = Box(
                (x1 + in_column[0] - margin) / scale,
                (y1 + in_row[0] - margin) / scale,
                (x1 + in_column[-1] + 1 - margin) / scale,
                (y1 + in_row[-1] + 1 - margin) / scale,
            )
            visible = np.count_nonzero(mine) / np.count_nonzero(in_frame)
            inside = min(1.0, (x2 - x1) * (y2 - y1) / full)
            hottest = float(self.temperature_c[y1:y2, x1:x2][mine].max())
            found.append(Drawn(item, box, visible, inside, hottest))
        return found

    def _touch(self, pixels: Points) -> None:
        if self._current == 0:
            return
        low, high = pixels.min(axis=0), pixels.max(axis=0)
        if self._touched is not None:
            low = np.minimum(low, self._touched[0])
            high = np.maximum(high, self._touched[1])
        self._touched = np.stack([low, high])


_ANGLES = np.linspace(0.0, 2 * math.pi, 22, endpoint=False)
_CIRCLE = np.cos(_ANGLES), np.sin(_ANGLES)
