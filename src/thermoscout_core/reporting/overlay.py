"""Verdicts drawn over a thermal picture: green normal, red fault, amber or grey unknown."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from thermoscout_core.detections import Box
from thermoscout_core.errors import FrameError
from thermoscout_core.reporting.lettering import Color, Picture, put_text, text_size_px
from thermoscout_core.reporting.placement import Place, Wish, place_labels
from thermoscout_core.verdicts import Severity, Verdict

NORMAL_BGR: Color = (92, 190, 72)
FAULT_BGR: Color = (56, 48, 226)
UNSURE_BGR: Color = (64, 166, 230)  # a temperature, but no rule or no trust to judge it
UNREAD_BGR: Color = (170, 170, 170)  # no temperature at all
_DARK: Color = (24, 20, 18)
_WHITE: Color = (255, 255, 255)
_LETTERS = {
    Severity.UNKNOWN: "?",
    Severity.NORMAL: "N",
    Severity.GENERAL: "G",
    Severity.SERIOUS: "S",
    Severity.CRITICAL: "C",
}
_PAD_PX = 3
SMALL_BELOW_PX = 600
"""Pictures narrower than this are drawn lightly: thin boxes and no class for what is no fault."""


def draw_overlay(
    view: NDArray[np.uint8], verdicts: Sequence[Verdict], *, upscale: int = 1, labels: bool = True
) -> Picture:
    """8-bit view (H, W) or BGR (H, W, 3) -> annotated BGR picture (H·upscale, W·upscale, 3).

    Boxes and the cross of the hot spot in the color of the verdict; a label with the letter of
    the severity (N, G, S, C, ?), the corrected °C and the class. Faults are drawn last and
    labelled first; in a crowd, and in small pictures, other labels lose the class, then go.
    labels: False leaves them all out.
    Raises FrameError for another shape or dtype.
    """
    picture = _canvas(view, upscale)
    ranked = sorted(verdicts, key=lambda verdict: verdict.severity.rank)
    for verdict in ranked:
        _draw_box(picture, verdict, upscale)
    for verdict in ranked:
        _draw_cross(picture, verdict, upscale)
    if labels:
        _draw_labels(picture, ranked[::-1], upscale)
    return picture


def severity_color(verdict: Verdict) -> Color:
    """BGR color of a verdict."""
    if verdict.severity.is_fault:
        return FAULT_BGR
    if verdict.severity is Severity.NORMAL:
        return NORMAL_BGR
    return UNSURE_BGR if verdict.reading.has_temperature else UNREAD_BGR


def label_wordings(verdict: Verdict) -> tuple[str, str]:
    """The label of a verdict: in full, and short."""
    letter = _LETTERS[verdict.severity]
    reading = verdict.reading
    short = f"{letter} {reading.corrected_c:.1f}°C" if reading.has_temperature else letter
    return f"{short} {reading.detection.class_name.replace('_', ' ')}", short


def _canvas(view: NDArray[np.uint8], upscale: int) -> Picture:
    if view.dtype != np.uint8 or view.size == 0 or view.ndim not in (2, 3):
        raise FrameError(
            f"an overlay is drawn on a (H, W) or (H, W, 3) uint8 picture, got shape {view.shape} "
            f"of {view.dtype}"
        )
    if view.ndim == 2:
        view = cv2.cvtColor(view, cv2.COLOR_GRAY2BGR).astype(np.uint8, copy=False)
    elif upscale == 1:
        return view.copy(order="C")
    if upscale == 1:
        return view
    larger = cv2.resize(view, None, fx=upscale, fy=upscale, interpolation=cv2.INTER_CUBIC)
    return larger.astype(np.uint8, copy=False)


def _font_scale(picture: Picture) -> float:
    return float(np.clip(picture.shape[1] / 1700, 0.33, 0.6))


def _is_small(picture: Picture) -> bool:
    return picture.shape[1] < SMALL_BELOW_PX


def _draw_box(picture: Picture, verdict: Verdict, upscale: int) -> None:
    box = verdict.reading.detection.box
    first = (round(box.x1 * upscale), round(box.y1 * upscale))
    last = (round(box.x2 * upscale) - 1, round(box.y2 * upscale) - 1)
    width = 2 if verdict.severity.is_fault else 1
    if verdict.severity.is_fault or not _is_small(picture):
        cv2.rectangle(picture, first, last, _DARK, width + 2)
    cv2.rectangle(picture, first, last, severity_color(verdict), width)


def _draw_cross(picture: Picture, verdict: Verdict, upscale: int) -> None:
    spot = verdict.reading.hot_spot_px
    if spot is None:
        return
    x, y = (round((edge + 0.5) * upscale) for edge in spot)
    color = severity_color(verdict)
    inner, outer = (2, 6 + 2 * upscale) if verdict.severity.is_fault else (1, 3 * upscale)
    arms = [((-outer, 0), (-inner, 0)), ((inner, 0), (outer, 0))]
    arms += [((0, -outer), (0, -inner)), ((0, inner), (0, outer))]
    outlined = verdict.severity.is_fault or not _is_small(picture)
    for thickness, shade in ((3, _DARK), (1, color)) if outlined else ((1, color),):
        for (ax, ay), (bx, by) in arms:
            cv2.line(picture, (x + ax, y + ay), (x + bx, y + by), shade, thickness)


def _draw_labels(picture: Picture, verdicts: Sequence[Verdict], upscale: int) -> None:
    font_scale = _font_scale(picture)
    # a small picture would vanish behind the class of every sound part
    wordings = [
        label_wordings(verdict)[_is_small(picture) and not verdict.severity.is_fault :]
        for verdict in verdicts
    ]
    wishes = [
        Wish(
            _scaled(verdict.reading.detection.box, upscale),
            [_label_size(text, font_scale) for text in texts],
            must=verdict.severity.is_fault,
        )
        for verdict, texts in zip(verdicts, wordings, strict=True)
    ]
    height, width = picture.shape[:2]
    crosses = [_cross_area(verdict, upscale) for verdict in verdicts if verdict.severity.is_fault]
    places = place_labels(wishes, width, height, [area for area in crosses if area])
    for verdict, texts, place in zip(verdicts, wordings, places, strict=True):
        if place is not None:
            _draw_label(picture, verdict, texts[place.wording], place, font_scale)


def _draw_label(
    picture: Picture, verdict: Verdict, text: str, place: Place, font_scale: float
) -> None:
    x1, y1, x2, y2 = (round(edge) for edge in place.rect.as_list())
    color = severity_color(verdict)
    ground = picture[y1:y2, x1:x2]
    if verdict.severity.is_fault:
        ground[:] = color
        put_text(picture, text, (x1 + _PAD_PX, y2 - _PAD_PX - 1), font_scale, _WHITE)
    else:
        ground[:] = (ground * 0.25).astype(np.uint8)
        put_text(picture, text, (x1 + _PAD_PX, y2 - _PAD_PX - 1), font_scale, color)


def _label_size(text: str, font_scale: float) -> tuple[int, int]:
    width, height = text_size_px(text, font_scale)
    return width + 2 * _PAD_PX, height + 2 * _PAD_PX + 1


def _scaled(box: Box, upscale: int) -> Box:
    return Box(box.x1 * upscale, box.y1 * upscale, box.x2 * upscale, box.y2 * upscale)


def _cross_area(verdict: Verdict, upscale: int) -> Box | None:
    spot = verdict.reading.hot_spot_px
    if spot is None:
        return None
    x, y = ((edge + 0.5) * upscale for edge in spot)
    reach = 2 * upscale + 3
    return Box(x - reach, y - reach, x + reach, y + reach)
