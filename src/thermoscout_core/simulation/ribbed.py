"""The equipment made of sheds: columns, bushings, insulator strings, cable terminations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thermoscout_core.simulation.canvas import Canvas, Material, Pose


@dataclass(frozen=True)
class Sheds:
    """A stack of sheds on a core.

    count: sheds. core: core radius over shed radius. tilt: how open the sheds' ellipses are to
    the viewer (0 edge-on; positive seen from below, negative from above). contrast_c: how much a
    shed's rim differs from its middle. alternate: every other shed is smaller.
    """

    count: int
    core: float = 0.7
    tilt: float = 0.15
    contrast_c: float = 0.4
    alternate: bool = False

    def draw(
        self,
        canvas: Canvas,
        pose: Pose,
        length: float,
        radii: tuple[float, float],
        temperatures_c: tuple[float, float],
        material: Material = Material.PORCELAIN,
    ) -> None:
        """Paint the stack upwards from the pose; radii and temperatures: at bottom, at top."""
        bottom, top = radii
        pitch = length / self.count
        shape = np.array([-1.0, 1.0, 1.0, -1.0])
        order = range(self.count) if self.tilt < 0 else range(self.count - 1, -1, -1)
        for index in order:
            share = (index + 0.5) / self.count
            radius = bottom + (top - bottom) * share
            warm = temperatures_c[0] + (temperatures_c[1] - temperatures_c[0]) * share
            middle = pitch * (index + 0.5)
            ends = middle + pitch * np.array([-0.56, -0.56, 0.56, 0.56])
            core = radius * self.core
            canvas.fill(pose.at(core * shape, ends), warm - self.contrast_c, material)
            canvas.fill(pose.at(0.6 * core * shape, ends), warm - 0.4 * self.contrast_c, material)
            small = 0.86 if self.alternate and index % 2 else 1.0
            half = max(abs(self.tilt) * radius, 0.26 * pitch)
            place = pose.moved(0.0, middle)
            rim = warm + self.contrast_c
            canvas.ellipse(place, small * radius, half, rim, material)
            raised = pose.moved(0.0, middle + np.sign(self.tilt) * 0.28 * half)
            canvas.ellipse(raised, 0.88 * small * radius, 0.68 * half, warm, material)


def _disc(canvas: Canvas, pose: Pose, radius: float, height: float, tilt: float, c: float) -> None:
    """A flange: a short cylinder seen under the same tilt as the sheds."""
    half = abs(tilt) * radius
    box = pose.at(radius * np.array([-1, 1, 1, -1]), height * np.array([0, 0, 1, 1]))
    canvas.ellipse(pose, radius, half, c, Material.PAINT)
    canvas.fill(box, c, Material.PAINT)
    canvas.ellipse(pose.moved(0, height), radius, half, c + 0.2, Material.PAINT)


@dataclass(frozen=True)
class Column:
    """Any upright ribbed column: post insulator, instrument transformer, arrester, breaker pole.

    pose: middle of its foot. style: "post", "head" (a housing on top) or "stages" (a flange in
    the middle). temperature_c: of the porcelain; head_c: of flanges and housing.
    """

    name: str
    pose: Pose
    length: float
    radius: float
    sheds: Sheds
    temperature_c: float
    head_c: float
    style: str = "post"
    taper: float = 1.0
    class_name: str = "insulator_column"

    def draw(self, canvas: Canvas) -> None:
        canvas.begin(self.class_name, self.name)
        tilt, pose = self.sheds.tilt, self.pose
        flange = 0.04 * self.length
        ribbed = {"post": 0.9, "head": 0.68, "stages": 0.44}[self.style] * self.length
        _disc(canvas, pose, 0.8 * self.radius, flange, tilt, self.head_c)
        radii = (self.radius, self.radius * self.taper)
        both = (self.temperature_c, self.temperature_c)
        if self.style == "stages":
            middle = pose.moved(0, flange + ribbed)
            upper = middle.moved(0, 0.05 * self.length)
            self.sheds.draw(canvas, upper, ribbed, (radii[1], radii[1]), both)
            _disc(canvas, middle, 0.95 * radii[1], 0.05 * self.length, tilt, self.head_c)
        self.sheds.draw(canvas, pose.moved(0, flange), ribbed, radii, both)
        top = self.length if self.style == "stages" else flange + ribbed
        if self.style == "head":
            self._housing(canvas, pose.moved(0, top), radii[1], self.length - top)
        else:
            cap = pose.moved(0, min(top, 0.95 * self.length))
            _disc(canvas, cap, 0.72 * radii[1], flange, tilt, self.head_c)
        canvas.end()

    def _housing(self, canvas: Canvas, pose: Pose, radius: float, height: float) -> None:
        r, h = radius, height
        _disc(canvas, pose, 0.85 * r, 0.12 * h, self.sheds.tilt, self.head_c)
        across = r * np.array([-0.75, -1.0, -1.0, -0.55, 0.55, 1.0, 1.0, 0.75])
        along = h * np.array([0.1, 0.28, 0.72, 1.0, 1.0, 0.72, 0.28, 0.1])
        canvas.fill(pose.at(across, along), self.head_c - 0.3, Material.PAINT)
        canvas.fill(pose.at(0.7 * across, along), self.head_c, Material.PAINT)
        plate = pose.at(r * np.array([-0.3, 0.3, 0.3, -0.3]), h * np.array([0.4, 0.4, 0.6, 0.6]))
        canvas.fill(plate, self.head_c + 0.5, Material.PAINT)


@dataclass(frozen=True)
class Bushing:
    """A transformer or wall bushing: tapered sheds, a cap, a stud. hot_spot_c: an overheated
    column head, or None."""

    name: str
    pose: Pose
    length: float
    radius: float
    sheds: Sheds
    temperature_c: float
    top_c: float
    cap_c: float
    taper: float = 0.65
    hot_spot_c: float | None = None
    class_name: str = "bushing"

    def draw(self, canvas: Canvas) -> None:
        canvas.begin(self.class_name, self.name)
        pose, length = self.pose, self.length
        flange, ribbed = 0.05 * length, 0.75 * length
        top = self.radius * self.taper
        _disc(canvas, pose, 0.95 * self.radius, flange, self.sheds.tilt, self.temperature_c + 0.4)
        self.sheds.draw(
            canvas,
            pose.moved(0, flange),
            ribbed,
            (self.radius, top),
            (self.temperature_c, self.top_c),
        )
        head = pose.moved(0, flange + ribbed)
        h = length - flange - ribbed
        across = top * np.array([-0.6, -0.75, -0.7, -0.3, 0.3, 0.7, 0.75, 0.6])
        along = h * np.array([0.0, 0.15, 0.6, 1.0, 1.0, 0.6, 0.15, 0.0])
        cap = self.cap_c
        if self.hot_spot_c is not None:
            rise = 0.35 * (self.hot_spot_c - self.cap_c)
            canvas.heat(head, 0.3 * length, rise, (Material.PORCELAIN, Material.CONDUCTOR))
            cap = self.hot_spot_c - 0.2 * (self.hot_spot_c - self.cap_c)
        canvas.fill(head.at(across, along), cap - 0.2, Material.FITTING)
        canvas.fill(head.at(0.65 * across, along), cap, Material.FITTING)
        if self.hot_spot_c is not None:
            inner = head.at(0.8 * across, 0.1 * h + 0.75 * along)
            canvas.fill(inner, self.hot_spot_c, Material.FITTING)
        canvas.end()


@dataclass(frozen=True)
class InsulatorString:
    """A suspension or tension string of discs along the pose's "up"."""

    name: str
    pose: Pose
    length: float
    radius: float
    discs: int
    tilt: float
    temperature_c: float
    cap_c: float
    class_name: str = "insulator_string"

    def draw(self, canvas: Canvas) -> None:
        pin = 0.16 * self.radius
        line = self.pose.at([0, 0], [-0.16 * self.length, 1.16 * self.length])
        canvas.stroke(line, pin, self.cap_c, Material.STEEL)
        canvas.begin(self.class_name, self.name)
        pitch = self.length / self.discs
        for index in range(self.discs - 1, -1, -1):
            place = self.pose.moved(0, pitch * (index + 0.5))
            cap = place.at(
                self.radius * np.array([-0.32, 0.32, 0.3, -0.3]),
                pitch * np.array([0.0, 0.0, 0.55, 0.55]),
            )
            bell_across = self.radius * np.array([-1.0, 1.0, 0.75, 0.3, -0.3, -0.75])
            bell = place.at(bell_across, pitch * np.array([-0.2, -0.2, 0.1, 0.25, 0.25, 0.1]))
            half = max(self.tilt * self.radius, 0.15 * pitch)
            canvas.fill(cap, self.cap_c, Material.STEEL)
            canvas.fill(bell, self.temperature_c, Material.PORCELAIN)
            below = place.moved(0, -0.2 * pitch)
            canvas.ellipse(below, self.radius, half, self.temperature_c + 0.25, Material.PORCELAIN)
            canvas.ellipse(
                below, 0.7 * self.radius, 0.66 * half, self.temperature_c - 0.3, Material.PORCELAIN
            )
        canvas.end()


@dataclass(frozen=True)
class CableTermination:
    """A cable's sealing end: stress-cone sheath, a few rain sheds, the cable below it."""

    name: str
    pose: Pose
    length: float
    radius: float
    sheds: int
    temperature_c: float
    cable_c: float
    cable_length: float = 0.3
    class_name: str = "cable_termination"

    def draw(self, canvas: Canvas) -> None:
        tail = self.pose.at([0, 0], [0.1 * self.length, -self.cable_length])
        canvas.tube(tail, 1.3 * self.radius, self.cable_c, Material.PAINT, -0.4)
        canvas.begin(self.class_name, self.name)
        r, warm = self.radius, self.temperature_c
        across = r * np.array([-0.7, -1.0, -1.0, -0.6, -0.5, 0.5, 0.6, 1.0, 1.0, 0.7])
        up = np.array([0.0, 0.06, 0.45, 0.6, 1.0])
        along = self.length * np.concatenate([up, up[::-1]])
        canvas.fill(self.pose.at(across, along), warm - 0.5, Material.PAINT)
        canvas.fill(self.pose.at(0.65 * across, along), warm, Material.PAINT)
        for index in range(self.sheds):
            place = self.pose.moved(0, self.length * (0.25 + 0.6 * (index + 0.5) / self.sheds))
            canvas.ellipse(place, 1.7 * r, 0.4 * r, warm - 0.4, Material.PAINT)
            canvas.ellipse(place.moved(0, 0.12 * r), 1.3 * r, 0.26 * r, warm, Material.PAINT)
        canvas.end()
