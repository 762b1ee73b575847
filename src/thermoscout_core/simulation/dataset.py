"""Simulated training pictures: every kind of scene, weather, camera and fault."""

from __future__ import annotations

import numpy as np

from thermoscout_core.detections import Box
from thermoscout_core.frames import Counts, LinearScale
from thermoscout_core.simulation.render import (
    CameraModel,
    fixed_pattern,
    is_inspectable,
    render,
    to_counts,
)
from thermoscout_core.simulation.scene import random_scene

_SCALES = (LinearScale(0.1, -1000.0), LinearScale(0.01, -273.15), LinearScale(0.04, -273.15))


def random_camera(rng: np.random.Generator, width_px: int = 384) -> CameraModel:
    """Any camera between a sharp quiet one and a blurred noisy one."""
    return CameraModel(
        blur_px=float(np.exp(rng.uniform(np.log(0.45), np.log(2.4))) * width_px / 384),
        noise_c=float(rng.uniform(0.03, 0.12)),
        row_c=float(rng.uniform(0.0, 0.05)),
        column_c=float(rng.uniform(0.0, 0.08)),
        uneven_c=float(rng.uniform(0.0, 0.15)),
        scale=_SCALES[int(rng.integers(len(_SCALES)))],
    )


def random_frame(
    rng: np.random.Generator, width_px: int = 384, height_px: int = 288
) -> tuple[Counts, list[tuple[str, Box]]]:
    """A training picture and its equipment.

    Returns counts (height_px, width_px) uint16 and, for each piece in sight, the class name (the
    names of the detector's classes) and its box.
    """
    camera = random_camera(rng, width_px)
    scene = random_scene(rng, width_px / height_px)
    rendering = render(scene, width_px, height_px, blur_px=camera.blur_px)
    noise = camera.noise_c * rng.standard_normal((height_px, width_px), dtype=np.float32)
    pattern = fixed_pattern(rng, width_px, height_px, camera)
    counts = to_counts(rendering.celsius(), noise + pattern, camera.scale)
    boxes = [
        (drawn.item.class_name, drawn.box)
        for drawn in rendering.drawn
        if is_inspectable(drawn, width_px, height_px)
    ]
    return counts, boxes


def example_frames(number: int, size_px: tuple[int, int] = (640, 512)) -> list[Counts]:
    """Simulated frames, always the same; (width, height). Where frames are needed and no data
    are at hand: checks of a network, calibration of its quantisation."""
    return [random_frame(np.random.default_rng(seed), *size_px)[0] for seed in range(number)]
