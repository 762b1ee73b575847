"""Boxes and crosses: lines that stand out from any picture, by shape as well as by color."""

from __future__ import annotations

import cv2

from thermoscout_core.detections import Box
from thermoscout_core.reporting.lettering import Color, Picture
from thermoscout_core.verdicts import Severity

_DARK: Color = (24, 20, 18)
_DASH_PX = 6


def line_width_px(picture_width_px: int) -> int:
    """Width of a thin line: 1 px in a camera's small picture, more where that would be a hair."""
    return max(1, round(picture_width_px / 700))


def draw_box(
    picture: Picture, box: Box, severity: Severity, color: Color, outlined: bool = True
) -> None:
    """Into a BGR picture: thick for a fault, thin for normal, dashed for unknown.

    outlined: with a dark edge, which a fault always has.
    """
    thin = line_width_px(picture.shape[1])
    width = 2 * thin if severity.is_fault else thin
    first = round(box.x1), round(box.y1)
    last = round(box.x2) - 1, round(box.y2) - 1
    if severity.is_fault or outlined:
        cv2.rectangle(picture, first, last, _DARK, width + 2)
    if severity is Severity.UNKNOWN:
        _dashed_rectangle(picture, first, last, color, width)
    else:
        cv2.rectangle(picture, first, last, color, width)


def draw_cross(
    picture: Picture,
    center_px: tuple[int, int],
    reach_px: int,
    severity: Severity,
    color: Color,
    outlined: bool = True,
) -> None:
    """The hot spot, with its middle left open. reach_px: length of an arm."""
    x, y = center_px
    thin = line_width_px(picture.shape[1])
    inner = 2 * thin if severity.is_fault else 1
    arms = [((-reach_px, 0), (-inner, 0)), ((inner, 0), (reach_px, 0))]
    arms += [((0, -reach_px), (0, -inner)), ((0, inner), (0, reach_px))]
    shades = [(thin, color)]
    if severity.is_fault or outlined:
        shades.insert(0, (thin + 2, _DARK))
    for width, shade in shades:
        for (ax, ay), (bx, by) in arms:
            cv2.line(picture, (x + ax, y + ay), (x + bx, y + by), shade, width)


def _dashed_rectangle(
    picture: Picture, first: tuple[int, int], last: tuple[int, int], color: Color, width: int
) -> None:
    """Dashes along each edge; every corner is drawn, so that a small box stays a box."""
    (x1, y1), (x2, y2) = first, last
    for begin, end in _dashes(x1, x2, _DASH_PX * width):
        for y in (y1, y2):
            cv2.line(picture, (begin, y), (end, y), color, width)
    for begin, end in _dashes(y1, y2, _DASH_PX * width):
        for x in (x1, x2):
            cv2.line(picture, (x, begin), (x, end), color, width)


def _dashes(begin: int, end: int, length_px: int) -> list[tuple[int, int]]:
    """An odd number of equal parts, every second drawn: the first and the last are."""
    parts = max(1, (end - begin) // length_px) | 1
    edges = [begin + round((end - begin) * part / parts) for part in range(parts + 1)]
    return list(zip(edges[::2], edges[1::2], strict=True))
