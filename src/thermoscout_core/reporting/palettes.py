"""Palettes: how a grey thermal view is colored for people. The networks see the grey one."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from thermoscout_core.reporting.choices import Palette

Picture = NDArray[np.uint8]

_IRONBOW_RGB = (
    (0, (0, 0, 12)),
    (36, (36, 0, 110)),
    (88, (128, 0, 156)),
    (128, (196, 24, 112)),
    (168, (236, 84, 24)),
    (208, (255, 168, 0)),
    (240, (255, 236, 96)),
    (255, (255, 255, 244)),
)
"""Level and color; between them it is linear. The lightness rises all the way."""


def colored(view: NDArray[np.uint8], palette: Palette) -> Picture:
    """Grey view (H, W) uint8 -> BGR picture (H, W, 3)."""
    if palette is Palette.GREY:
        return np.asarray(cv2.cvtColor(view, cv2.COLOR_GRAY2BGR), np.uint8)
    return np.asarray(np.take(_levels_bgr(palette), view, axis=0))


@lru_cache
def _levels_bgr(palette: Palette) -> Picture:
    """(256, 3) BGR of each grey level."""
    levels = np.arange(256, dtype=np.uint8)
    if palette is Palette.BLACK_HOT:
        return np.asarray(np.repeat(levels[::-1, None], 3, axis=1), np.uint8)
    if palette is Palette.VIRIDIS:
        viridis = cv2.applyColorMap(levels[:, None], cv2.COLORMAP_VIRIDIS)
        return np.asarray(viridis[:, 0], np.uint8)
    at = [level for level, _ in _IRONBOW_RGB]
    channels = zip(*(rgb for _, rgb in _IRONBOW_RGB), strict=True)
    rgb = np.stack([np.interp(levels, at, channel) for channel in channels], axis=1)
    return np.asarray(np.rint(rgb[:, ::-1]), np.uint8)
