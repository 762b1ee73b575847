"""The equipment that carries current in the open: connectors and disconnectors."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from thermoscout_core.simulation.canvas import Canvas, Material, Points, Pose

_WARMED = (Material.CONDUCTOR, Material.FITTING)


def _block(
    canvas: Canvas, pose: Pose, across: float, low: float, high: float, temperature_c: float
) -> None:
    points = pose.at(across * np.array([-1, 1, 1, -1]), np.array([low, low, high, high]))
    canvas.fill(points, temperature_c, Material.FITTING)


@dataclass(frozen=True)
class Connector:
    """A clamp, lug, tee or sleeve. size: its length along "up"; width: half-width over length.

    hot_spot_c: the surface of an overheated joint's middle, or None; the metal around it and the
    conductor that leaves it are warmed accordingly.
    """

    name: str
    pose: Pose
    size: float
    temperature_c: float
    style: str = "clamp"
    width: float = 0.35
    hot_spot_c: float | None = None
    class_name: str = "connector"

    def draw(self, canvas: Canvas) -> None:
        middle = self.pose.moved(0, 0.5 * self.size)
        body = self.temperature_c
        canvas.begin(self.class_name, self.name)
        if self.hot_spot_c is not None:
            rise = self.hot_spot_c - self.temperature_c
            canvas.heat(middle, 1.3 * self.size, 0.4 * rise, _WARMED)
            body = self.temperature_c + 0.7 * rise
        size, half = self.size, self.width * self.size
        if self.style == "clamp":
            self._clamp(canvas, size, half, body)
        elif self.style == "lug":
            self._lug(canvas, size, half, body)
        elif self.style == "tee":
            _block(canvas, self.pose, 0.35 * half, 0.0, size, body)
            _block(canvas, self.pose, half, 0.55 * size, 0.85 * size, body)
            _block(canvas, self.pose, 0.7 * half, 0.0, 0.16 * size, body - 0.2)
        else:
            _block(canvas, self.pose, 0.45 * half, 0.0, size, body - 0.2)
            _block(canvas, self.pose, half, 0.25 * size, 0.75 * size, body)
        if self.hot_spot_c is not None:
            near = self.hot_spot_c - 0.08 * (self.hot_spot_c - self.temperature_c)
            canvas.ellipse(middle, 0.75 * half, 0.36 * size, near, Material.FITTING)
            canvas.ellipse(middle, 0.45 * half, 0.2 * size, self.hot_spot_c, Material.FITTING)
        canvas.end()

    def _clamp(self, canvas: Canvas, size: float, half: float, body: float) -> None:
        _block(canvas, self.pose, 0.4 * half, 0.0, size, body - 0.2)
        _block(canvas, self.pose, 0.8 * half, 0.15 * size, 0.9 * size, body)
        for along in (0.25, 0.52, 0.8):
            for side in (-1, 1):
                bolt = self.pose.moved(side * 0.78 * half, along * size)
                canvas.ellipse(bolt, 0.16 * half, 0.08 * size, body + 0.3, Material.FITTING)

    def _lug(self, canvas: Canvas, size: float, half: float, body: float) -> None:
        _block(canvas, self.pose, half, 0.0, 0.55 * size, body)
        _block(canvas, self.pose, 0.55 * half, 0.5 * size, size, body + 0.1)
        hole = self.pose.moved(0, 0.28 * size)
        canvas.ellipse(hole, 0.5 * half, 0.16 * size, body - 0.7, Material.FITTING)
        canvas.ellipse(hole, 0.28 * half, 0.09 * size, body + 0.5, Material.FITTING)


@dataclass(frozen=True)
class Disconnector:
    """One pole's current path: a tube or a pair of blades from start to stop, or a fuse cutout.

    style: "tube", "blades" or "cutout". hot_spot_c, hot_at: an overheated contact and where it
    is, as a share of the length (0.5 is the jaw in the middle of a centre-break pole).
    """

    name: str
    start: tuple[float, float]
    stop: tuple[float, float]
    width: float
    temperature_c: float
    style: str = "tube"
    hot_spot_c: float | None = None
    hot_at: float = 0.5
    class_name: str = "disconnector"

    def draw(self, canvas: Canvas) -> None:
        canvas.begin(self.class_name, self.name)
        warm = self.temperature_c
        if self.style == "tube":
            canvas.tube(self._line(0, 1), self.width, warm, Material.FITTING, -0.3)
            for low, high, wide in ((0.0, 0.07, 1.5), (0.42, 0.58, 1.45), (0.93, 1.0, 1.5)):
                thick = wide * self.width
                canvas.tube(self._line(low, high), thick, warm + 0.2, Material.FITTING, -0.2)
        elif self.style == "blades":
            for side in (-0.5, 0.5):
                canvas.stroke(
                    self._line(0, 1, side * self.width),
                    0.3 * self.width,
                    warm,
                    Material.FITTING,
                )
            for low, high in ((0.0, 0.1), (0.88, 1.0), (0.3, 0.33), (0.62, 0.65)):
                canvas.stroke(self._line(low, high), self.width, warm - 0.2, Material.FITTING)
        else:
            self._cutout(canvas, warm)
        if self.hot_spot_c is not None:
            self._hot_contact(canvas, self.hot_spot_c)
        canvas.end()

    def _cutout(self, canvas: Canvas, warm: float) -> None:
        canvas.stroke(self._line(0, 1), 0.9 * self.width, warm, Material.PORCELAIN)
        for share in (0.2, 0.35, 0.5, 0.65, 0.8):
            thin = self._line(share - 0.015, share + 0.015)
            canvas.stroke(thin, 1.3 * self.width, warm, Material.PORCELAIN)
        tube = self._line(0.06, 0.92, 1.2 * self.width)
        canvas.stroke(tube, 0.4 * self.width, warm + 0.3, Material.FITTING)
        for share in (0.06, 0.92):
            arm = np.concatenate([self._line(share, share), self._line(share, share, self.width)])
            canvas.stroke(arm[[0, 2]], 0.5 * self.width, warm + 0.2, Material.FITTING)

    def _hot_contact(self, canvas: Canvas, hot_spot_c: float) -> None:
        angle, _ = self._direction()
        x, y = self._line(self.hot_at, self.hot_at)[0]
        place = Pose(float(x), float(y), angle)
        rise = hot_spot_c - self.temperature_c
        canvas.heat(place, 3.0 * self.width, 0.4 * rise, _WARMED)
        canvas.ellipse(
            place, 0.62 * self.width, 1.1 * self.width, hot_spot_c - 0.15 * rise, Material.FITTING
        )
        canvas.ellipse(place, 0.5 * self.width, 0.8 * self.width, hot_spot_c, Material.FITTING)

    def _direction(self) -> tuple[float, float]:
        dx, dy = self.stop[0] - self.start[0], self.stop[1] - self.start[1]
        return math.atan2(dx, -dy), math.hypot(dx, dy)

    def _line(self, low: float, high: float, across: float = 0.0) -> Points:
        angle, length = self._direction()
        return Pose(*self.start, angle).at([across, across], [low * length, high * length])
