"""Text in pictures, with the degree sign that OpenCV 4's fonts lack."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Color = tuple[int, int, int]

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_DEGREE = "°"


def text_size_px(text: str, font_scale: float) -> tuple[int, int]:
    """(width, height above the baseline) of a line; ° counts as a small ring."""
    parts = text.split(_DEGREE)
    weight = _weight_px(font_scale)
    (_, height), _ = cv2.getTextSize("0C", _FONT, font_scale, weight)
    width = sum(cv2.getTextSize(part, _FONT, font_scale, weight)[0][0] for part in parts if part)
    return width + (len(parts) - 1) * _ring_width_px(font_scale), height


def put_text(
    picture: Picture, text: str, origin_px: tuple[int, int], font_scale: float, color: Color
) -> None:
    """Draw a line into a BGR picture; origin: left end of its baseline."""
    x, baseline = origin_px
    weight = _weight_px(font_scale)
    _, height = text_size_px(text, font_scale)
    for index, part in enumerate(text.split(_DEGREE)):
        if index:
            radius = _ring_radius_px(font_scale)
            center = (x + radius + 1, baseline - height + radius)
            cv2.circle(picture, center, radius, color, weight, cv2.LINE_AA)
            x += _ring_width_px(font_scale)
        if part:
            cv2.putText(
                picture, part, (x, baseline), _FONT, font_scale, color, weight, cv2.LINE_AA
            )
            x += cv2.getTextSize(part, _FONT, font_scale, weight)[0][0]


def _weight_px(font_scale: float) -> int:
    """Hairline letters on a large picture are harder to read than small ones on a small."""
    return 2 if font_scale > 0.65 else 1


def _ring_radius_px(font_scale: float) -> int:
    return max(1, round(3.2 * font_scale))


def _ring_width_px(font_scale: float) -> int:
    return 2 * _ring_radius_px(font_scale) + 2 + _weight_px(font_scale)
