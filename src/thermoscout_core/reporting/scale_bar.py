"""The panel beside a picture: which color is which temperature, and which line which severity."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.detections import Box
from thermoscout_core.reporting.lettering import Color, Picture, put_text, text_size_px
from thermoscout_core.reporting.overlay import font_scale
from thermoscout_core.reporting.palettes import colored
from thermoscout_core.reporting.strokes import draw_box
from thermoscout_core.reporting.style import STANDARD_STYLE, OverlayStyle, letter
from thermoscout_core.verdicts import Severity

_GROUND: Color = (30, 26, 24)
_INK: Color = (225, 222, 220)
_LEVELS = 256
_LEGEND = (
    (Severity.NORMAL, ("normal",)),
    (Severity.GENERAL, ("general", "serious", "critical")),
    (Severity.UNKNOWN, ("unknown",)),
)
_LETTER_OF = {severity.value: letter(severity) for severity in Severity}


def panel_width_px(picture_width_px: int) -> int:
    """Room for the bar and a temperature like −20.5 beside it."""
    return round(210 * font_scale(picture_width_px))


def add_scale_bar(
    picture: Picture,
    view: NDArray[np.uint8],
    celsius: NDArray[np.float32],
    style: OverlayStyle = STANDARD_STYLE,
) -> Picture:
    """Annotated picture (h, w, 3) -> the same with a panel at its right, (h, w + panel, 3).

    view (H, W) uint8 and celsius (H, W) °C, NaN where invalid: the pair that defines the bar. The
    view is equalised, so the ticks aren't evenly spaced. Without a finite pixel there is no bar.
    Below it stands the legend of the boxes, where the picture is high enough.
    """
    height, width = picture.shape[:2]
    panel = np.empty((height, panel_width_px(width), 3), np.uint8)
    panel[:] = _GROUND
    scale = 0.95 * font_scale(width)
    line = round(1.9 * text_size_px("0", scale)[1])
    legend_height = line * (1 + sum(len(names) for _, names in _LEGEND))
    with_legend = height > 2.5 * legend_height
    bottom = height - line - (legend_height if with_legend else 0)
    level_c = celsius_of_levels(view, celsius)
    if level_c is not None:
        _draw_bar(panel, level_c, (2 * line, bottom), scale, style)
    if with_legend:
        _draw_legend(panel, height - legend_height + line // 2, line, scale, style)
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


def _draw_bar(
    panel: Picture,
    level_c: NDArray[np.float64],
    rows_px: tuple[int, int],
    scale: float,
    style: OverlayStyle,
) -> None:
    top, bottom = rows_px
    left, bar = round(22 * scale), round(38 * scale)
    tick = round(10 * scale)
    if bottom - top < 2:
        return
    levels = np.linspace(_LEVELS - 1, 0, bottom - top).astype(np.uint8)
    panel[top:bottom, left : left + bar] = colored(levels[:, None], style.palette)
    put_text(panel, "°C", (left, top - round(12 * scale)), scale, _INK)
    line = 1.7 * text_size_px("0", scale)[1]
    for tick_c, level in _ticks(level_c, spacing_levels=_LEVELS * line / (bottom - top)):
        y = round(top + (bottom - top - 1) * (1 - level / (_LEVELS - 1)))
        panel[y, left + bar : left + bar + tick] = _INK
        text = f"{tick_c:g}"
        baseline = y + text_size_px(text, scale)[1] // 2
        put_text(panel, text, (left + bar + 2 * tick, baseline), scale, _INK)


def _draw_legend(
    panel: Picture, top_px: int, line_px: int, scale: float, style: OverlayStyle
) -> None:
    left, side = round(22 * scale), round(line_px * 0.62)
    y = top_px
    for severity, names in _LEGEND:
        swatch = Box(left, y, left + round(1.5 * side), y + side + (len(names) - 1) * line_px)
        draw_box(panel, swatch, severity, style.severity_color(severity), outlined=False)
        for name in names:
            text = f"{_LETTER_OF[name]} {name}"
            put_text(panel, text, (left + 2 * side, y + side), 0.82 * scale, _INK)
            y += line_px


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
