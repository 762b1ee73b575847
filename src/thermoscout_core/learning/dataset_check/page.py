"""Tiles arranged on a page, under a title and the colors of the classes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np

from thermoscout_core.atomic import write_bytes
from thermoscout_core.errors import DatasetError
from thermoscout_core.learning.dataset_check.tiles import INK, PAPER, class_color
from thermoscout_core.reporting.lettering import Picture, put_text, text_size_px

_GAP_PX = 6
_TITLE_PX = 40
_TITLE_SCALE = 0.6
_LEGEND_SCALE = 0.46
_JPEG = [
    *(cv2.IMWRITE_JPEG_QUALITY, 88),
    *(
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    ),  # thin colored lines
]


def draw_page(
    title: str, tiles: Iterable[Picture], columns: int, classes: Sequence[str]
) -> Picture:
    """Tiles of one size, row by row; at least one."""
    drawn = list(tiles)
    height, width = drawn[0].shape[:2]
    rows = -(-len(drawn) // columns)
    page = np.empty(
        (
            _TITLE_PX + rows * (height + _GAP_PX) + _GAP_PX,
            columns * (width + _GAP_PX) + _GAP_PX,
            3,
        ),
        np.uint8,
    )
    page[:] = PAPER
    for index, tile in enumerate(drawn):
        row, column = divmod(index, columns)
        top = _TITLE_PX + _GAP_PX + row * (height + _GAP_PX)
        left = _GAP_PX + column * (width + _GAP_PX)
        page[top : top + height, left : left + width] = tile
    _title(page, title, classes)
    return page


def write_page(path: Path, page: Picture) -> None:
    """As JPEG. Raises DatasetError when it can't be written."""
    done, content = cv2.imencode(".jpg", page, _JPEG)
    if not done:
        raise DatasetError(f"{path}: the sheet can't be encoded as JPEG")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, content.tobytes(), durable=False)
    except OSError as error:
        raise DatasetError(f"{path}: can't be written: {error.strerror or error}") from error


def _title(page: Picture, title: str, classes: Sequence[str]) -> None:
    baseline = _TITLE_PX - 14
    put_text(page, title, (_GAP_PX, baseline), _TITLE_SCALE, INK)
    x = 3 * _GAP_PX + text_size_px(title, _TITLE_SCALE)[0] + 24
    for name in classes:
        cv2.rectangle(
            page, (x, baseline - 12), (x + 16, baseline + 2), class_color(classes, name), -1
        )
        cv2.rectangle(page, (x, baseline - 12), (x + 16, baseline + 2), INK, 1)
        put_text(page, name, (x + 22, baseline), _LEGEND_SCALE, INK)
        x += 22 + text_size_px(name, _LEGEND_SCALE)[0] + 20
