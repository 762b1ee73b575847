"""The weather, and the sky, the ground and the clutter that it makes behind the equipment."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from thermoscout_core.simulation.canvas import Canvas, Map, Material


@dataclass(frozen=True)
class Weather:
    """air_c, relative_humidity 0..1: the air. zenith_c, horizon_c: apparent sky temperature at
    the frame's top and bottom; cloud_c: how much warmer clouds are, cloudiness 0..1 of the sky.
    reflected_c: what surfaces reflect. ground_c: surface of the ground."""

    air_c: float
    relative_humidity: float
    zenith_c: float
    horizon_c: float
    reflected_c: float
    ground_c: float
    cloud_c: float = 0.0
    cloudiness: float = 0.0


def smooth_noise(rng: np.random.Generator, shape: tuple[int, ...], cells: int) -> Map:
    """Unit-variance noise of that shape (rows, columns): about `cells` bumps along its longer
    side."""
    rows = max(2, round(cells * shape[0] / max(shape)))
    columns = max(2, round(cells * shape[1] / max(shape)))
    coarse = rng.standard_normal((rows, columns), dtype=np.float32)
    fine = cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray(fine, np.float32)


@dataclass(frozen=True)
class Backdrop:
    """Sky with clouds and, below `horizon` (scene y at the left and right edge), the ground."""

    weather: Weather
    seed: int
    horizon: tuple[float, float] | None = None
    roughness_c: float = 0.8

    def draw(self, canvas: Canvas) -> None:
        rng = np.random.default_rng(self.seed)
        weather, temperature = self.weather, canvas.temperature_c
        shape = temperature.shape
        share = np.linspace(0, 1, shape[0], dtype=np.float32)[:, None]
        temperature[:] = weather.zenith_c + (weather.horizon_c - weather.zenith_c) * share
        if weather.cloudiness > 0:
            octaves = [smooth_noise(rng, shape, 3 * 2**k) / 1.6**k for k in range(5)]
            clouds = np.sum(octaves, axis=0)
            cover = 1 / (1 + np.exp(-2.5 * (clouds - 2.5 * (0.5 - weather.cloudiness))))
            temperature += (weather.cloud_c * cover).astype(np.float32)
        canvas.material[:] = Material.SKY
        if self.horizon is not None:
            left, right = self.horizon
            wide = canvas.aspect
            ground = [[-wide, 2 * left - right], [2 * wide, 2 * right - left], [2 * wide, 3]]
            canvas.fill(np.array([*ground, [-wide, 3.0]]), weather.ground_c, Material.GROUND)
            rough = smooth_noise(rng, shape, 14) + 0.6 * smooth_noise(rng, shape, 60)
            on = canvas.material == Material.GROUND
            temperature += self.roughness_c * rough * on
