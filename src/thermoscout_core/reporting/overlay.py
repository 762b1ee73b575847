"""Verdicts drawn over a thermal picture: green normal, red fault, amber or grey unknown."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from thermoscout_core.detections import Box
from thermoscout_core.errors import FrameError
from thermoscout_core.reporting.lettering import Color, Picture, put_text, text_size_px
from thermoscout_core.reporting.palettes import colored
from thermoscout_core.reporting.placement import Place, Wish, place_labels
from thermoscout_core.reporting.strokes import draw_box, draw_cross, line_width_px
from thermoscout_core.reporting.style import STANDARD_STYLE, OverlayStyle, letter
from thermoscout_core.verdicts import Verdict

_WHITE: Color = (255, 255, 255)
_PAD_PX = 3
SMALL_BELOW_PX = 600
"""Pictures narrower than this are drawn lightly: thin boxes and no class for what is no fault."""


def draw_overlay(
    view: NDArray[np.uint8],
    verdicts: Sequence[Verdict],
    *,
    upscale: int = 1,
    labels: bool = True,
    numbered: bool = False,
    style: OverlayStyle = STANDARD_STYLE,
) -> Picture:
    """8-bit view (H, W) or BGR (H, W, 3) -> annotated BGR picture (H·upscale, W·upscale, 3).

    Boxes and the cross of the hot spot in the color and line of the verdict; a label with the
    letter of the severity (N, G, S, C, ?), the corrected °C and the class. Faults are drawn last
    and labelled first; in a crowd, and in small pictures, other labels lose the class, then go.
    labels: False leaves them all out. numbered: the verdict's place in the list, from 1, stands
    in the label instead of the class. style: colors, and the palette of a grey view.
    Raises FrameError for another shape or dtype.
    """
    picture = _canvas(view, upscale, style)
    outlined = picture.shape[1] >= SMALL_BELOW_PX or style.palette.is_colored
    ranked = sorted(enumerate(verdicts, 1), key=lambda pair: pair[1].severity.rank)
    for _, verdict in ranked:
        box = _scaled(verdict.reading.detection.box, upscale)
        draw_box(picture, box, verdict.severity, style.color(verdict), outlined)
    for _, verdict in ranked:
        spot = _spot(verdict, upscale)
        if spot is not None:
            reach = _reach_px(picture, verdict, upscale)
            draw_cross(picture, spot, reach, verdict.severity, style.color(verdict), outlined)
    if labels:
        _draw_labels(picture, ranked[::-1], upscale, numbered, style)
    return picture


def label_wordings(verdict: Verdict, number: int | None = None) -> tuple[str, ...]:
    """The label of a verdict, from its longest wording to its shortest; with its number where
    that is given, else with its class."""
    reading = verdict.reading
    graded = letter(verdict.severity)
    if reading.has_temperature:
        graded = f"{graded} {reading.corrected_c:.1f}°C"
    if number is not None:
        return f"{number} {graded}", f"{number}"
    return f"{graded} {reading.detection.class_name.replace('_', ' ')}", graded


def _canvas(view: NDArray[np.uint8], upscale: int, style: OverlayStyle) -> Picture:
    if view.dtype != np.uint8 or view.size == 0 or view.ndim not in (2, 3):
        raise FrameError(
            f"an overlay is drawn on a (H, W) or (H, W, 3) uint8 picture, got shape {view.shape} "
            f"of {view.dtype}"
        )
    if upscale > 1:
        larger = cv2.resize(view, None, fx=upscale, fy=upscale, interpolation=cv2.INTER_CUBIC)
        view = larger.astype(np.uint8, copy=False)
    return colored(view, style.palette) if view.ndim == 2 else view.copy(order="C")


def font_scale(width_px: int) -> float:
    """Of OpenCV's lettering: capitals 8 px high in a picture 384 px wide, 20 px in one of 1280."""
    return float(np.clip(width_px / 1500, 0.36, 0.9))


def _draw_labels(
    picture: Picture,
    verdicts: Sequence[tuple[int, Verdict]],
    upscale: int,
    numbered: bool,
    style: OverlayStyle,
) -> None:
    height, width = picture.shape[:2]
    scale = font_scale(width)
    wordings = []
    for number, verdict in verdicts:
        texts = label_wordings(verdict, number if numbered else None)
        # a small picture would vanish behind the class of every sound part
        light = width < SMALL_BELOW_PX and not numbered and not verdict.severity.is_fault
        wordings.append(texts[light:])
    wishes = [
        Wish(
            _scaled(verdict.reading.detection.box, upscale),
            [_label_size(text, scale) for text in texts],
            must=verdict.severity.is_fault,
        )
        for (_, verdict), texts in zip(verdicts, wordings, strict=True)
    ]
    crosses = [_cross_area(picture, v, upscale) for _, v in verdicts if v.severity.is_fault]
    places = place_labels(wishes, width, height, [area for area in crosses if area])
    for (_, verdict), texts, place in zip(verdicts, wordings, places, strict=True):
        if place is not None:
            is_fault = verdict.severity.is_fault
            _draw_label(picture, texts[place.wording], place, style.color(verdict), is_fault)


def _draw_label(picture: Picture, text: str, place: Place, color: Color, is_fault: bool) -> None:
    """White on the color for a fault, else colored on dark."""
    x1, y1, x2, y2 = (round(edge) for edge in place.rect.as_list())
    ground = picture[y1:y2, x1:x2]
    ground[:] = color if is_fault else (ground * 0.25).astype(np.uint8)
    origin = x1 + _PAD_PX, y2 - _PAD_PX - 1
    put_text(picture, text, origin, font_scale(picture.shape[1]), _WHITE if is_fault else color)


def _label_size(text: str, scale: float) -> tuple[int, int]:
    width, height = text_size_px(text, scale)
    return width + 2 * _PAD_PX, height + 2 * _PAD_PX + 1


def _scaled(box: Box, upscale: int) -> Box:
    return Box(box.x1 * upscale, box.y1 * upscale, box.x2 * upscale, box.y2 * upscale)


def _spot(verdict: Verdict, upscale: int) -> tuple[int, int] | None:
    spot = verdict.reading.hot_spot_px
    if spot is None:
        return None
    return round((spot[0] + 0.5) * upscale), round((spot[1] + 0.5) * upscale)


def _reach_px(picture: Picture, verdict: Verdict, upscale: int) -> int:
    thin = line_width_px(picture.shape[1])
    return (8 if verdict.severity.is_fault else 4) * max(upscale, thin)


def _cross_area(picture: Picture, verdict: Verdict, upscale: int) -> Box | None:
    spot = _spot(verdict, upscale)
    if spot is None:
        return None
    x, y = spot
    reach = _reach_px(picture, verdict, upscale) // 2 + 2
    return Box(x - reach, y - reach, x + reach, y + reach)
