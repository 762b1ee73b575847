"""The pictures in a report, as JPEG files that are made when a sheet needs them and kept aside.

They are drawn from the thermograms; where one is gone, the annotated picture that ``inspect``
left beside results.json stands in for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from thermoscout_core.detection.view import to_8bit_view
from thermoscout_core.errors import ResultsError
from thermoscout_core.inspection import FrameInspection
from thermoscout_core.reporting.lettering import Picture
from thermoscout_core.reporting.palettes import colored
from thermoscout_core.reporting.pictures import annotated_picture, close_up, close_up_name
from thermoscout_core.reporting.restored import frame_of, inspection_of
from thermoscout_core.reporting.sheets import Sheet
from thermoscout_core.reporting.style import OverlayStyle

_JPEG = [
    *(cv2.IMWRITE_JPEG_QUALITY, 84),
    # thin colored lines keep their color
    *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444),
]
_VISIBLE_WIDTH_PX = 800


@dataclass(frozen=True)
class Illustration:
    """JPEG files of one sheet; None where there is no picture. boxed: with verdicts and bar.
    plain: the thermogram without them. visible: the same view in visible light, where the details
    name one that can be read. close_ups: of the faults, by the number of the entry."""

    boxed: Path | None = None
    plain: Path | None = None
    visible: Path | None = None
    close_ups: dict[int, Path] = field(default_factory=dict)


class Illustrator:
    """Makes the pictures of a sheet once. origin: folder of results.json. workplace: a folder for
    the JPEG files, for as long as the report is being made."""

    def __init__(self, origin: Path, workplace: Path, style: OverlayStyle) -> None:
        self._origin = origin
        self._workplace = workplace
        self._style = style
        self._made: dict[str, Illustration] = {}

    def illustrate(self, sheet: Sheet) -> Illustration:
        """Raises ResultsError when the workplace is full or can't be written."""
        if sheet.anchor not in self._made:
            self._made[sheet.anchor] = self._make(sheet)
        return self._made[sheet.anchor]

    def _make(self, sheet: Sheet) -> Illustration:
        image = sheet.image
        if image.error:
            return Illustration()
        visible = self._visible(sheet)
        frame = frame_of(image, self._origin)
        if frame is None:
            return self._left_by_inspect(sheet, visible)
        inspection = inspection_of(image, frame)
        boxed = annotated_picture(inspection, self._style, numbered=True)
        view = colored(to_8bit_view(frame.counts), self._style.palette)
        return Illustration(
            boxed=self._keep(f"{sheet.anchor}-boxed", boxed),
            plain=self._keep(f"{sheet.anchor}-plain", view),
            visible=visible,
            close_ups=self._close_ups(sheet, inspection),
        )

    def _close_ups(self, sheet: Sheet, inspection: FrameInspection) -> dict[int, Path]:
        return {
            entry.number: self._keep(
                f"{sheet.anchor}-{entry.number}",
                close_up(inspection, entry.number - 1, self._style),
            )
            for entry in sheet.entries
            if entry.verdict.severity.is_fault
        }

    def _left_by_inspect(self, sheet: Sheet, visible: Path | None) -> Illustration:
        image = sheet.image
        if image.picture is None:
            return Illustration(visible=visible)
        close_ups = {}
        for entry in sheet.entries:
            left = self._copy(
                self._origin / close_up_name(image.picture, entry.number - 1),
                f"{sheet.anchor}-{entry.number}",
            )
            if left is not None:
                close_ups[entry.number] = left
        boxed = self._copy(self._origin / image.picture, f"{sheet.anchor}-boxed")
        return Illustration(boxed=boxed, visible=visible, close_ups=close_ups)

    def _visible(self, sheet: Sheet) -> Path | None:
        path = sheet.circumstances.visible
        if path is None:
            return None
        return self._copy(path, f"{sheet.anchor}-visible", _VISIBLE_WIDTH_PX)

    def _copy(self, path: Path, name: str, width_px: int | None = None) -> Path | None:
        if not path.is_file():
            return None
        content = np.fromfile(path, np.uint8)  # cv2.imread fails on some paths on Windows
        picture = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
        if picture is None:
            return None
        if width_px is not None and picture.shape[1] > width_px:
            height_px = round(picture.shape[0] * width_px / picture.shape[1])
            picture = cv2.resize(picture, (width_px, height_px), interpolation=cv2.INTER_AREA)
        return self._keep(name, np.asarray(picture, np.uint8))

    def _keep(self, name: str, picture: Picture) -> Path:
        path = self._workplace / f"{name}.jpg"
        done, content = cv2.imencode(".jpg", picture, _JPEG)
        try:
            if not done:
                raise OSError("it can't be encoded")
            path.write_bytes(content.tobytes())
        except OSError as error:
            raise ResultsError(f"{path}: picture of the report: {error}") from error
        return path
