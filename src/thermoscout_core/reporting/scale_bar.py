"""The bar beside a picture that says which grey is which temperature."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.reporting.lettering import Color, Picture, put_text, text_size_px

BAR_PX = 14
PANEL_PX = 76
_GROUND: Color = (30, 26, 24)
_INK: Color = (225, 222, 220)
_LEVELS = 256


def add_scale_bar(
    picture: Picture, view: NDArray[np.uint8], celsius: NDArray[np.float32]
) -> Picture:
    """Annotated picture (h, w, 3) -> the same with a bar at its right, (h, w + 76, 3).

    view (H, W) uint8 and celsius (H, W) °C, NaN where invalid: the pair that defines the bar. The
    view is equalised, so the ticks aren't evenly spaced. Without a finite pixel the panel is
    empty.
    """
    height = picture.shape[0]
    panel = np.empty((height, PANEL_PX, 3), np.uint8)
    panel[:] = _GROUND
    level_c = celsius_of_levels(view, celsius)
    if level_c is not None:
        top, bottom = 24, height - 14
        levels = np.linspace(_LEVELS - 1, 0, bottom - top)
        panel[top:bottom, 8 : 8 + BAR_PX] = levels.astype(np.uint8)[:, None, None]
        put_text(panel, "°C", (8, 16), 0.4, _INK)
        for tick_c, level in _ticks(level_c, spacing_levels=_LEVELS * 16 / max(1, bottom - top)):
            y = round(top + (bottom - top - 1) * (1 - level / (_LEVELS - 1)))
            panel[y, 8 + BAR_PX : 8 + BAR_PX + 4] = _INK
            text = f"{tick_c:g}"
            _, text_height = text_size_px(text, 0.38)
            put_text(panel, text, (8 + BAR_PX + 7, y + text_height // 2), 0.38, _INK)
    return np.hstack((picture, panel))


def celsius_of_levels(
    view: NDArray[np.uint8], celsius: NDArray[np.float32]
) -> NDArray[np.float64] | None:
    """Mean °C of each grey level (256), interpolated where a level has no pixel; None when no
    pixel is finite."""
    finite = np.isfinite(celsius)
    levels = view[finite]
    if levels.size == 0:
        return None
    pixels = np.bincount(levels, minlength=_LEVELS)
    sums = np.bincount(levels, weights=celsius[finite], minlength=_LEVELS)
    present = np.flatnonzero(pixels)
    means = np.maximum.accumulate(sums[present] / pixels[present])
    return np.asarray(np.interp(np.arange(_LEVELS), present, means))


def _ticks(level_c: NDArray[np.float64], spacing_levels: float) -> list[tuple[float, float]]:
    """(°C, grey level) of round temperatures, from hot to cold, at least so many levels apart."""
    low, high = float(level_c[0]), float(level_c[-1])
    if high - low < 0.05:
        return [(round(high, 1), (_LEVELS - 1) / 2)]
    step = _round_step((high - low) / 30)
    ticks: list[tuple[float, float]] = []
    rising, first = np.unique(level_c, return_index=True)
    for multiple in range(math.floor(high / step), math.ceil(low / step) - 1, -1):
        tick_c = round(multiple * step, 6)
        level = float(np.interp(tick_c, rising, first))
        if not ticks or ticks[-1][1] - level >= spacing_levels:
            ticks.append((tick_c, level))
    return ticks


def _round_step(least: float) -> float:
    """The next of 1, 2, 5 · 10^n at or above least."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * 0.999)
