"""From a scene to counts: surface temperature -> signal -> optics -> noise -> counts.

The radiometry is thermometry.atmosphere's; the optics mix signals, not temperatures, so a small
hot spot reads low, as it does in life.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from thermoscout_core.frames import Counts, LinearScale, ObjectParameters, PlanckConstants
from thermoscout_core.simulation.canvas import Canvas, Drawn, Map, Material
from thermoscout_core.simulation.scene import Scene
from thermoscout_core.simulation.weather import Weather, smooth_noise
from thermoscout_core.thermometry.atmosphere import (
    apparent_of_object_c,
    celsius_of_signal,
    signal_of_celsius,
)

EMISSIVITY = {
    Material.GROUND: 0.95,
    Material.PLANT: 0.96,
    Material.STEEL: 0.85,
    Material.CONDUCTOR: 0.80,
    Material.FITTING: 0.90,
    Material.PORCELAIN: 0.92,
    Material.PAINT: 0.94,
}
"""Oxidised joints, glazed porcelain and paint as DL/T 664 advises; the rest as handbooks give.
The sky has none: its temperature is an apparent one already."""

PLANCK = PlanckConstants()


@dataclass(frozen=True)
class CameraModel:
    """An uncooled camera. blur_px: standard deviation of the optics' Gaussian point spread.
    noise_c: NETD. row_c, column_c: what's left of the rows' and columns' pattern. uneven_c: slow
    drift over the frame (narcissus). scale: of the counts."""

    blur_px: float = 0.7
    noise_c: float = 0.05
    row_c: float = 0.01
    column_c: float = 0.02
    uneven_c: float = 0.03
    scale: LinearScale = LinearScale(0.01, -273.15)


@dataclass(frozen=True)
class Rendering:
    """signal: (H + 2·margin, W + 2·margin) float32, after the optics, without noise. owners: whose
    the pixels are, same shape. drawn: the items in sight, boxes in pixels of the frame (margin
    not counted)."""

    signal: Map
    owners: Map
    margin_px: int
    drawn: tuple[Drawn, ...]

    def celsius(self) -> NDArray[np.float64]:
        """Noiseless apparent °C of the frame itself, (H, W)."""
        margin = self.margin_px
        rows, columns = self.signal.shape
        inner = self.signal[margin : rows - margin, margin : columns - margin]
        return celsius_of_signal(inner, PLANCK)

    def hottest_px(self, drawn: Drawn) -> tuple[float, float]:
        """Centre (x, y) of an item's pixel that shows hottest, in pixels of the frame."""
        margin, box = self.margin_px, drawn.box
        x1, y1 = math.floor(box.x1) + margin, math.floor(box.y1) + margin
        x2, y2 = math.ceil(box.x2) + margin, math.ceil(box.y2) + margin
        mine = self.owners[y1:y2, x1:x2] == drawn.item.owner
        if not mine.any():
            return box.center_px
        signal = np.where(mine, self.signal[y1:y2, x1:x2], -np.inf)
        row, column = np.unravel_index(int(signal.argmax()), signal.shape)
        return x1 + column - margin + 0.5, y1 + row - margin + 0.5


def parameters_of(weather: Weather, emissivity: float, distance_m: float) -> ObjectParameters:
    """What lies between a surface of that emissivity and the lens."""
    return ObjectParameters(
        emissivity, weather.reflected_c, weather.air_c, weather.relative_humidity, distance_m
    )


def draw(scene: Scene, canvas: Canvas) -> None:
    """Paint the scene's elements, far to near, then the fine texture of the surfaces."""
    for element in scene.elements:
        element.draw(canvas)
    rng = np.random.default_rng(scene.seed)
    shape = canvas.temperature_c.shape
    texture = smooth_noise(rng, shape, 9) + 0.7 * smooth_noise(rng, shape, 45)
    solid = canvas.material != Material.SKY
    canvas.temperature_c[:] += scene.texture_c * texture * solid


def signal_of_canvas(canvas: Canvas, weather: Weather, distance_m: float) -> Map:
    """The camera signal of every subpixel, (rows, columns) float32."""
    gains, offsets = np.ones(len(Material)), np.zeros(len(Material))
    probe_c = np.array([0.0, 100.0])
    pure = signal_of_celsius(probe_c, PLANCK)
    for material, emissivity in EMISSIVITY.items():
        parameters = parameters_of(weather, emissivity, distance_m)
        seen = signal_of_celsius(apparent_of_object_c(probe_c, parameters, PLANCK), PLANCK)
        gains[material] = (seen[1] - seen[0]) / (pure[1] - pure[0])  # the equation is linear in S
        offsets[material] = seen[0] - gains[material] * pure[0]
    which = canvas.material.astype(np.intp)
    surface = signal_of_celsius(canvas.temperature_c, PLANCK)
    return (gains[which] * surface + offsets[which]).astype(np.float32)


def through_optics(signal: Map, supersampling: int, blur_px: float) -> Map:
    """Subpixel signals -> pixel signals: the pixels' areas, then the point spread."""
    rows, columns = signal.shape[0] // supersampling, signal.shape[1] // supersampling
    pixels = cv2.resize(signal, (columns, rows), interpolation=cv2.INTER_AREA)
    if blur_px > 0:
        pixels = cv2.GaussianBlur(pixels, (0, 0), blur_px)
    return np.asarray(pixels, np.float32)


def render(
    scene: Scene,
    width_px: int,
    height_px: int,
    *,
    blur_px: float = 0.7,
    margin_px: int = 0,
    supersampling: int = 2,
) -> Rendering:
    """Draw the scene and bring it through the air and the optics; no noise yet."""
    canvas = Canvas(
        width_px,
        height_px,
        supersampling=supersampling,
        margin_px=margin_px,
        roll_rad=scene.roll_rad,
    )
    draw(scene, canvas)
    signal = signal_of_canvas(canvas, scene.weather, scene.distance_m)
    pixels = through_optics(signal, supersampling, blur_px)
    middle = supersampling // 2
    owners = canvas.owner[middle::supersampling, middle::supersampling].copy()
    return Rendering(pixels, owners, margin_px, tuple(canvas.drawn()))


def fixed_pattern(
    rng: np.random.Generator, width_px: int, height_px: int, camera: CameraModel
) -> Map:
    """The camera's own pattern, °C, (H, W) float32: rows, columns, slow drift."""
    rows = rng.normal(0, camera.row_c, (height_px, 1))
    columns = rng.normal(0, camera.column_c, (1, width_px))
    slow = camera.uneven_c * smooth_noise(rng, (height_px, width_px), 3)
    return (rows + columns + slow).astype(np.float32)


def to_counts(apparent_c: NDArray[np.floating], noise_c: Map, scale: LinearScale) -> Counts:
    """Apparent °C plus noise °C -> counts."""
    counts: Counts = scale.to_counts(apparent_c + noise_c)
    return counts


def is_inspectable(drawn: Drawn, width_px: int, height_px: int) -> bool:
    """Whether a person would mark it: enough of it in sight, and not just a few pixels."""
    size = math.sqrt(width_px * height_px)
    side = min(drawn.box.width_px, drawn.box.height_px)
    whole_enough = drawn.inside >= 0.25 or side >= 0.08 * size
    return drawn.visible >= 0.35 and whole_enough and side >= max(5.0, 0.018 * size)
