"""The transformer: tank, radiator fins, conservator and turrets."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from thermoscout_core.simulation.canvas import Canvas, Material, Points

_FRONT = np.array([-1.0, 1.0, 1.0, -1.0])


def _rectangle(x1: float, y1: float, x2: float, y2: float) -> Points:
    return np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]], np.float64)


@dataclass(frozen=True)
class Tank:
    """A tank from (left, top) to (right, bottom); warmer at the top, radiators in front.

    fins: radiator fins over the whole width (0: none). top_c, bottom_c: oil temperature at the
    surface. conservator: (x, y, half-length, radius) of the expansion vessel, or None. turrets:
    (x, half-width, height) of the bushings' turrets.
    """

    name: str
    left: float
    top: float
    right: float
    bottom: float
    top_c: float
    bottom_c: float
    fins: int = 24
    fin_top: float = 0.15
    turrets: tuple[tuple[float, float, float], ...] = ()
    conservator: tuple[float, float, float, float] | None = None
    seed: int = 0
    class_name: str = "transformer"

    def draw(self, canvas: Canvas) -> None:
        rng = np.random.default_rng(self.seed)
        if self.conservator is not None:
            self._conservator(canvas, *self.conservator)
        canvas.begin(self.class_name, self.name)
        width, height = self.right - self.left, self.bottom - self.top
        canvas.fill(_rectangle(self.left, self.top, self.right, self.bottom), 0.0, Material.PAINT)
        lip = _rectangle(
            self.left - 0.015 * width, self.top, self.right + 0.015 * width, self.top + 0.02
        )
        canvas.fill(lip, 0.6, Material.PAINT)
        for share in np.linspace(0.02, 0.98, 17):
            x = self.left + share * width
            bolt = _rectangle(x, self.top - 0.006, x + 0.008, self.top + 0.004)
            canvas.fill(bolt, 0.2, Material.PAINT)
        self._radiators(canvas, rng, width, height)
        canvas.grade(self.top_c, self.bottom_c)
        canvas.end()
        for x, half, tall in self.turrets:
            side = np.stack([x + half * _FRONT, self.top - tall * np.array([0, 0, 1, 1])], -1)
            canvas.fill(side, self.top_c - 0.5, Material.PAINT)
            canvas.fill(
                np.stack([x + 0.6 * half * _FRONT, side[:, 1]], -1), self.top_c, Material.PAINT
            )
            rim = _rectangle(
                x - 1.12 * half, self.top - tall, x + 1.12 * half, self.top - tall + 0.014
            )
            canvas.fill(rim, self.top_c - 1.0, Material.PAINT)

    def _radiators(
        self, canvas: Canvas, rng: np.random.Generator, width: float, height: float
    ) -> None:
        if self.fins == 0:
            return
        groups = int(rng.integers(1, 5))
        top = self.top + self.fin_top * height
        for group in range(groups):
            x1 = self.left + width * (group + 0.04) / groups
            x2 = self.left + width * (group + 0.92) / groups
            high = top + rng.uniform(-0.03, 0.05) * height
            low = self.bottom - rng.uniform(0.0, 0.12) * height
            canvas.fill(_rectangle(x1, high, x2, low), -2.0, Material.PAINT)
            count = max(3, self.fins // groups)
            edges = np.linspace(x1, x2, count + 1)
            for a, b in pairwise(edges):
                wide = b - a
                fin = _rectangle(a + 0.15 * wide, high, a + 0.6 * wide, low)
                canvas.fill(fin, 0.6 + rng.normal(0, 0.15), Material.PAINT)
            canvas.fill(_rectangle(x1, high, x2, high + 0.03 * height), 1.2, Material.PAINT)

    def _conservator(self, canvas: Canvas, x: float, y: float, half: float, radius: float) -> None:
        warm = 0.5 * (self.top_c + self.bottom_c) - 2.0
        line = np.array([[x - half, y], [x + half, y]])
        canvas.tube(line, 2 * radius, warm, Material.PAINT, -0.5)
        for foot in (-0.6, 0.6):
            leg = np.array([[x + foot * half, y], [x + foot * half, self.top + 0.02]])
            canvas.stroke(leg, 0.25 * radius, warm - 1.0, Material.STEEL)
