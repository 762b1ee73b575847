"""How counts become greys: gain control, gamma, polarity, and the palettes of coloured video."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from thermoscout_core.detection.view import DEFAULT_GAIN_CONTROL, GainControl
from thermoscout_core.learning.augmentation.config import AugmentConfig

Table = NDArray[np.uint8]

PALETTES = (
    cv2.COLORMAP_INFERNO,  # the family of FLIR's ironbow
    cv2.COLORMAP_PLASMA,
    cv2.COLORMAP_HOT,
    cv2.COLORMAP_JET,
    cv2.COLORMAP_RAINBOW,
    cv2.COLORMAP_TURBO,
)
LARGEST_LOG_GAMMA = 0.4


def random_gain_control(config: AugmentConfig, rng: np.random.Generator) -> GainControl:
    """The robot's gain control, or another that cameras might have."""
    if rng.random() >= config.gain_control:
        return DEFAULT_GAIN_CONTROL
    return GainControl(tail=float(10 ** rng.uniform(-4, -2)), plateau=float(rng.uniform(1.5, 8)))


def change_greys(view: Table, config: AugmentConfig, rng: np.random.Generator) -> Table:
    """Another grey for each grey of a view (H, W) uint8."""
    table: Table = np.arange(256, dtype=np.uint8)
    if rng.random() < config.gamma:
        exponent = np.exp(rng.uniform(-LARGEST_LOG_GAMMA, LARGEST_LOG_GAMMA))
        table = np.rint(255 * (table / 255) ** exponent).astype(np.uint8)
    if rng.random() < config.palette:
        table = palette_luminance(int(rng.choice(PALETTES)))[table]
    if rng.random() < config.invert:
        table = 255 - table
    return np.asarray(table[view], np.uint8)


@cache
def palette_luminance(palette: int) -> Table:
    """The luminance of each step of a palette (256,): what its pictures become in grey."""
    ramp = np.arange(256, dtype=np.uint8)[None]
    grey = cv2.cvtColor(cv2.applyColorMap(ramp, palette), cv2.COLOR_BGR2GRAY)
    return np.asarray(grey[0], np.uint8)
