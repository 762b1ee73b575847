"""The thermograms of a report as files of DL/T 664-2016 Annex C, which other programs open."""

from __future__ import annotations

from pathlib import Path

from thermoscout_core.errors import ResultsError, ThermogramError
from thermoscout_core.reporting.composition import Composition
from thermoscout_core.reporting.numbers import number
from thermoscout_core.reporting.pictures import PictureNames
from thermoscout_core.reporting.restored import frame_of
from thermoscout_core.reporting.sheets import Sheet
from thermoscout_core.thermograms.annex_c_frames import annex_c_of_frame, write_annex_c

ANNEX_FOLDER = "annex_c"


def write_annexes(
    output: Path, composition: Composition, origin: Path
) -> tuple[list[Path], list[str]]:
    """One file an image into output/annex_c; return their paths, and why others were left out.

    The matrix holds the °C that the camera states; the description holds the verdicts. A
    thermogram that is gone, or whose settings are unknown, is left out: the format has no way to
    say "unknown".
    Raises ResultsError when the folder can't be written.
    """
    names = PictureNames(ANNEX_FOLDER, ".jpg")
    written: list[Path] = []
    left_out: list[str] = []
    for sheet in composition.watched_sheets("Annex C"):
        path = output / names.next(sheet.image.id)
        if sheet.image.error:
            continue
        frame = frame_of(sheet.image, origin)
        if frame is None:
            left_out.append(f"{sheet.image.id}: the thermogram is gone")
            continue
        try:
            thermogram = annex_c_of_frame(frame, description=_description(sheet, composition))
        except ThermogramError as error:
            left_out.append(str(error))
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_annex_c(path, thermogram)
        except (OSError, ThermogramError) as error:
            raise ResultsError(f"{path}: can't be written: {error}") from error
        written.append(path)
    return written, left_out


def _description(sheet: Sheet, composition: Composition) -> str:
    say = composition.say
    said = [
        f"{say.severity(entry.verdict.severity)}: {say.class_name(entry.verdict.class_name)} "
        f"{number(entry.verdict.t1_c)} °C {entry.verdict.rule}".strip()
        for entry in sheet.entries
    ]
    return "; ".join(said)
