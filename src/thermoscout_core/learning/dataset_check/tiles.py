"""Pictures with their boxes, drawn for contact sheets."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from thermoscout_core.detection.view import to_8bit_view
from thermoscout_core.detections import Box
from thermoscout_core.learning.dataset_check.images import CheckedImage
from thermoscout_core.learning.datasets.layout import LabelledObject
from thermoscout_core.learning.datasets.pictures import read_counts
from thermoscout_core.reporting.lettering import Color, Picture, put_text, text_size_px
from thermoscout_core.reporting.placement import Wish, place_labels

TILE_PX = (480, 360)
CROP_PX = (144, 144)
CAPTION_PX = 22
PAPER: Color = (250, 248, 246)
INK: Color = (40, 34, 30)
ALARM: Color = (40, 40, 220)
_GROUND: Color = (60, 54, 50)
_FONT_SCALE = 0.38
_CAPTION_SCALE = 0.42
_SMALL_CAPTION_SCALE = 0.34
_LEAST_CROP_PX = 12.0
_MOST_NAMED = 5
_PALETTE: tuple[Color, ...] = (
    (72, 196, 255),  # amber
    (255, 170, 60),  # blue
    (110, 220, 90),  # green
    (220, 110, 255),  # pink
    (235, 225, 80),  # cyan
    (80, 110, 255),  # vermilion
    (190, 160, 255),  # rose
    (120, 255, 220),  # lime
    (255, 140, 180),  # violet
    (160, 190, 200),  # sand
)


def class_color(classes: Sequence[str], name: str) -> Color:
    """BGR color of a class; grey for one that the dataset doesn't list."""
    return _PALETTE[classes.index(name) % len(_PALETTE)] if name in classes else (170, 170, 170)


def whole_tile(
    image: CheckedImage, classes: Sequence[str], caption: str, color: Color = INK
) -> Picture:
    """A picture with every sound box, named where there is room, and numbered as in its file.

    Difficult boxes have a ? behind the number. color: of the caption.
    """
    area = Box(0, 0, *image.size_px)
    picture, scale, origin = _fitted(image, area, TILE_PX)
    drawn = [(entry, _moved(entry, area, scale, origin)) for entry in image.sound]
    for entry, box in drawn:
        _rectangle(picture, box, class_color(classes, entry.class_name))
    _labels(picture, drawn, classes)
    return captioned(picture, caption, color)


def pair_tile(
    one: CheckedImage, other: CheckedImage, classes: Sequence[str], caption: str
) -> Picture:
    """Two pictures side by side, each with its name."""
    left, right = (whole_tile(image, classes, image.name) for image in (one, other))
    return captioned(np.hstack([left, right]), caption, ALARM)


def crop_tile(
    image: CheckedImage, entry: LabelledObject, classes: Sequence[str], margin: float, caption: str
) -> Picture:
    """The surroundings of one box; margin: on each side, in longer sides of the box."""
    box = Box(*entry.corners)
    half = max(box.width_px, box.height_px, _LEAST_CROP_PX) * (0.5 + margin)
    x, y = box.center_px
    area = Box(x - half, y - half, x + half, y + half)
    picture, scale, origin = _fitted(image, area, CROP_PX)
    color = class_color(classes, entry.class_name)
    _rectangle(picture, _moved(entry, area, scale, origin), color)
    return captioned(picture, caption, scale=_SMALL_CAPTION_SCALE)


def captioned(
    picture: Picture, text: str, color: Color = INK, scale: float = _CAPTION_SCALE
) -> Picture:
    """The picture with a line below it, cut where it doesn't fit."""
    width = picture.shape[1]
    while text and text_size_px(text, scale)[0] > width - 6:
        text = text[:-1]
    strip = np.full((CAPTION_PX, width, 3), PAPER, np.uint8)
    put_text(strip, text, (3, CAPTION_PX - 7), scale, color)
    return np.vstack([picture, strip])


def _fitted(
    image: CheckedImage, area: Box, size_px: tuple[int, int]
) -> tuple[Picture, float, tuple[float, float]]:
    """An area of the picture in the middle of a tile, its scale, and where it begins there."""
    view = to_8bit_view(read_counts(image.entry.image))
    width, height = size_px
    scale = min(width / area.width_px, height / area.height_px)
    left = (width - area.width_px * scale) / 2
    top = (height - area.height_px * scale) / 2
    # maps the centres of pixels, as cv2.resize does
    matrix = np.array(
        [
            [scale, 0, left + (0.5 - area.x1) * scale - 0.5],
            [0, scale, top + (0.5 - area.y1) * scale - 0.5],
        ]
    )
    flags = cv2.INTER_LINEAR
    grey = cv2.cvtColor(view, cv2.COLOR_GRAY2BGR)
    drawn = cv2.warpAffine(grey, matrix, size_px, flags=flags, borderValue=_GROUND)
    return drawn.astype(np.uint8, copy=False), scale, (left, top)


def _moved(entry: LabelledObject, area: Box, scale: float, origin: tuple[float, float]) -> Box:
    x1, y1, x2, y2 = entry.corners
    left, top = origin
    return Box(
        left + (x1 - area.x1) * scale,
        top + (y1 - area.y1) * scale,
        left + (x2 - area.x1) * scale,
        top + (y2 - area.y1) * scale,
    )


def _rectangle(picture: Picture, box: Box, color: Color) -> None:
    first, last = (round(box.x1), round(box.y1)), (round(box.x2) - 1, round(box.y2) - 1)
    cv2.rectangle(picture, first, last, color, 1)


def _labels(
    picture: Picture, drawn: Sequence[tuple[LabelledObject, Box]], classes: Sequence[str]
) -> None:
    """The longest wording that covers no other label: "3 connector", then "3"."""
    wordings = []
    for entry, _ in drawn:
        short = f"{entry.number}{'?' if entry.difficult else ''}"
        full = f"{short} {entry.class_name.replace('_', ' ')}"
        # in a crowd the names would hide what they name; colors and the legend do
        wordings.append((full, short) if len(drawn) <= _MOST_NAMED else (short,))
    wishes = [
        Wish(box, [_label_size(text) for text in texts], must=True)
        for (_, box), texts in zip(drawn, wordings, strict=True)
    ]
    height, width = picture.shape[:2]
    places = place_labels(wishes, width, height)
    for (entry, _), texts, place in zip(drawn, wordings, places, strict=True):
        if place is None:
            continue
        x1, y1, x2, y2 = (round(edge) for edge in place.rect.as_list())
        ground = picture[y1:y2, x1:x2]
        ground[:] = (ground * 0.3).astype(np.uint8)
        color = class_color(classes, entry.class_name)
        put_text(picture, texts[place.wording], (x1 + 2, y2 - 3), _FONT_SCALE, color)


def _label_size(text: str) -> tuple[int, int]:
    width, height = text_size_px(text, _FONT_SCALE)
    return width + 4, height + 6
