"""The picture files of a report: each frame annotated, and a close-up of each fault."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from thermoscout_core.atomic import write_bytes
from thermoscout_core.detection.view import to_8bit_view
from thermoscout_core.detections import Box
from thermoscout_core.errors import ResultsError
from thermoscout_core.inspection import FrameInspection
from thermoscout_core.reporting.lettering import Picture
from thermoscout_core.reporting.overlay import SMALL_BELOW_PX, draw_overlay
from thermoscout_core.reporting.scale_bar import add_scale_bar
from thermoscout_core.reporting.style import STANDARD_STYLE, OverlayStyle
from thermoscout_core.verdicts import Verdict

FOLDER = "annotated"
CLOSE_UP_PX = (320, 240)
_MAX_UPSCALE = 8
_PNG_LEVEL = 1  # level 3 takes 1.7 times as long for 14 % less


def annotated_picture(
    inspection: FrameInspection, style: OverlayStyle = STANDARD_STYLE, numbered: bool = False
) -> Picture:
    """Overlay on the frame's 8-bit view, enlarged when small, with the temperature bar.

    numbered: the verdicts' numbers instead of their classes.
    """
    frame = inspection.frame
    view = to_8bit_view(frame.counts)
    picture = draw_overlay(
        view,
        inspection.verdicts,
        upscale=_upscale(frame.width_px),
        numbered=numbered,
        style=style,
    )
    if frame.radiometry.scale is None:
        return picture
    return add_scale_bar(picture, view, frame.celsius(), style)


def close_up(
    inspection: FrameInspection, index: int, style: OverlayStyle = STANDARD_STYLE
) -> Picture:
    """The surroundings of one verdict, 320×240 px, with its own box alone."""
    frame = inspection.frame
    verdict = inspection.verdicts[index]
    area = _surroundings(verdict.reading.detection.box, frame.width_px, frame.height_px)
    scale = CLOSE_UP_PX[0] / area.width_px
    # maps the centres of pixels, as cv2.resize does
    matrix = np.array(
        [[scale, 0, (0.5 - area.x1) * scale - 0.5], [0, scale, (0.5 - area.y1) * scale - 0.5]]
    )
    view = cv2.warpAffine(
        to_8bit_view(frame.counts),
        matrix,
        CLOSE_UP_PX,
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    seen = _moved(verdict, area, scale)
    return draw_overlay(view.astype(np.uint8, copy=False), [seen], labels=False, style=style)


def _moved(verdict: Verdict, area: Box, scale: float) -> Verdict:
    """The verdict with its box and hot spot in pixels of a close-up of the area."""
    reading = verdict.reading
    x1, y1, x2, y2 = reading.detection.box.as_list()
    box = Box(
        (x1 - area.x1) * scale,
        (y1 - area.y1) * scale,
        (x2 - area.x1) * scale,
        (y2 - area.y1) * scale,
    )
    spot = reading.hot_spot_px
    if spot is not None:
        spot = (int((spot[0] + 0.5 - area.x1) * scale), int((spot[1] + 0.5 - area.y1) * scale))
    detection = replace(reading.detection, box=box)
    return replace(verdict, reading=replace(reading, detection=detection, hot_spot_px=spot))


def write_pictures(output_dir: Path, picture: str, inspection: FrameInspection) -> None:
    """Write the annotated picture under its relative name, and a close-up of each fault beside it.

    Raises ResultsError when they can't be written.
    """
    write_picture(output_dir / picture, annotated_picture(inspection))
    for index, verdict in enumerate(inspection.verdicts):
        if verdict.severity.is_fault:
            write_picture(output_dir / close_up_name(picture, index), close_up(inspection, index))


def write_picture(path: Path, picture: Picture) -> None:
    """Write a PNG whole or not at all. Raises ResultsError when it can't be written."""
    done, content = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, _PNG_LEVEL])
    if not done:
        raise ResultsError(f"{path}: the picture can't be encoded as PNG")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, content.tobytes(), durable=False)
    except OSError as error:
        raise ResultsError(f"{path}: can't be written: {error.strerror or error}") from error


class PictureNames:
    """File names for the pictures of a run: safe, and different for equal ids."""

    def __init__(self, folder: str = FOLDER, suffix: str = ".png") -> None:
        self._folder = folder
        self._suffix = suffix
        self._given: set[str] = set()

    def next(self, image_id: str) -> str:
        """A relative path for an image, e.g. annotated/sub_013.png, then .../sub_013_2.png."""
        stem = re.sub(r"[^\w-]+", "_", image_id)[:60].strip("_") or "image"
        name, number = stem, 1
        while name.lower() in self._given:
            number += 1
            name = f"{stem}_{number}"
        self._given.add(name.lower())
        return f"{self._folder}/{name}{self._suffix}"


def close_up_name(picture: str, index: int) -> str:
    """Path of the close-up of verdict number index that belongs to an annotated picture."""
    return f"{picture.removesuffix('.png')}.fault{index + 1}.png"


def _upscale(width_px: int) -> int:
    """Whole steps, so that the picture isn't drawn as a small one."""
    return min(_MAX_UPSCALE, math.ceil(SMALL_BELOW_PX / width_px))


def _surroundings(box: Box, width_px: int, height_px: int) -> Box:
    """A 4:3 area of about twice the box, at least 96 px wide, inside the frame where it fits."""
    width = max(2.2 * box.width_px, 2.2 * box.height_px * 4 / 3, 96.0)
    width = min(width, width_px, height_px * 4 / 3)
    height = width * 3 / 4
    center_x, center_y = box.center_px
    x1 = min(max(0.0, center_x - width / 2), width_px - width)
    y1 = min(max(0.0, center_y - height / 2), height_px - height)
    return Box(x1, y1, x1 + width, y1 + height)
