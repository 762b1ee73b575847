"""What carries the equipment or stands behind it, and isn't inspected: tanks are in tank.py."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from thermoscout_core.simulation.canvas import Canvas, Material, Points

Place = tuple[float, float]


@dataclass(frozen=True)
class Wire:
    """A conductor: a curve from start to stop, pulled towards (bend) by sag. temperature_c and
    width in scene units; material CONDUCTOR or STEEL."""

    start: Place
    stop: Place
    sag: float
    width: float
    temperature_c: float
    lean: float = 0.0
    material: Material = Material.CONDUCTOR

    def points(self) -> Points:
        t = np.linspace(0, 1, 16)[:, None]
        a, b = np.array(self.start), np.array(self.stop)
        middle = (a + b) / 2 + np.array([2 * self.lean, 2 * self.sag])
        return np.asarray((1 - t) ** 2 * a + 2 * t * (1 - t) * middle + t**2 * b)

    def draw(self, canvas: Canvas) -> None:
        canvas.tube(self.points(), self.width, self.temperature_c, self.material, -0.5)


@dataclass(frozen=True)
class Lattice:
    """A lattice girder or mast between two places: two faces of chords and diagonals."""

    start: Place
    stop: Place
    width: float
    bays: int
    member: float
    temperature_c: float
    depth: Place = (0.0, 0.0)
    stop_width: float = 1.0
    crossed: bool = True

    def draw(self, canvas: Canvas) -> None:
        if self.depth != (0.0, 0.0):
            self._face(canvas, self.depth, self.temperature_c - 0.6)
            for node, other in zip(self._nodes(self.depth), self._nodes((0, 0)), strict=True):
                for k in (0, 1):
                    strut = np.stack([node[k], other[k]])
                    canvas.stroke(
                        strut, 0.6 * self.member, self.temperature_c - 0.4, Material.STEEL
                    )
        self._face(canvas, (0.0, 0.0), self.temperature_c)

    def _nodes(self, offset: Place) -> list[Points]:
        a, b = np.array(self.start) + offset, np.array(self.stop) + offset
        along = (b - a) / max(float(np.hypot(*(b - a))), 1e-9)
        normal = np.array([-along[1], along[0]])
        nodes = []
        for share in np.linspace(0, 1, self.bays + 1):
            half = self.width / 2 * (1 + (self.stop_width - 1) * share)
            middle = a + (b - a) * share
            nodes.append(np.stack([middle - half * normal, middle + half * normal]))
        return nodes

    def _face(self, canvas: Canvas, offset: Place, temperature_c: float) -> None:
        nodes = self._nodes(offset)
        thin = 0.62 * self.member
        for k, (here, there) in enumerate(pairwise(nodes)):
            warm = temperature_c - 0.3 + 0.2 * (k % 2)
            first = k % 2 if not self.crossed else 0
            canvas.stroke(np.stack([here[first], there[1 - first]]), thin, warm, Material.STEEL)
            if self.crossed:
                canvas.stroke(np.stack([here[1], there[0]]), thin, warm, Material.STEEL)
        for side in (0, 1):
            chord = np.stack([nodes[0][side], nodes[-1][side]])
            canvas.stroke(chord, self.member, temperature_c, Material.STEEL)


@dataclass(frozen=True)
class Post:
    """A straight support from foot to head, with a warmer and a cooler side."""

    foot: Place
    head: Place
    width: float
    temperature_c: float
    head_width: float = 1.0
    material: Material = Material.STEEL

    def draw(self, canvas: Canvas) -> None:
        a, b = np.array(self.foot), np.array(self.head)
        along = (b - a) / max(float(np.hypot(*(b - a))), 1e-9)
        half = np.array([-along[1], along[0]]) * self.width / 2
        top = half * self.head_width
        whole = np.stack([a - half, b - top, b + top, a + half])
        canvas.fill(whole, self.temperature_c - 0.3, self.material)
        core = np.stack([a - 0.6 * half, b - 0.6 * top, b + 0.3 * top, a + 0.3 * half])
        canvas.fill(core, self.temperature_c + 0.2, self.material)


@dataclass(frozen=True)
class Wall:
    """A building's front or another large flat thing, with a few doors or windows."""

    corners: tuple[Place, ...]
    temperature_c: float
    panels: tuple[tuple[Place, ...], ...] = ()
    panel_c: float = 0.0

    def draw(self, canvas: Canvas) -> None:
        canvas.fill(np.array(self.corners), self.temperature_c, Material.PAINT)
        for panel in self.panels:
            canvas.fill(np.array(panel), self.panel_c, Material.PAINT)


@dataclass(frozen=True)
class Tree:
    """A crown of leaves: overlapping blobs."""

    middle: Place
    size: float
    temperature_c: float
    seed: int

    def draw(self, canvas: Canvas) -> None:
        rng = np.random.default_rng(self.seed)
        turn = np.linspace(0, 2 * np.pi, 18, endpoint=False)
        circle = np.stack([np.cos(turn), np.sin(turn)], -1)
        for _ in range(16):
            place = np.array(self.middle) + self.size * rng.normal(0, [0.5, 0.28])
            radius = self.size * rng.uniform(0.12, 0.35) * rng.uniform(0.75, 1.2, (18, 1))
            warm = self.temperature_c + rng.normal(0, 0.5)
            canvas.fill(place + circle * radius, float(warm), Material.PLANT)
