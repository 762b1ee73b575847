"""Open a thermogram file of any supported format, known by its content, not by its name."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from thermoscout_core.errors import ThermogramError
from thermoscout_core.frames import Counts, LinearScale, ObjectParameters, Radiometry, ThermalFrame
from thermoscout_core.thermograms import annex_c, flir, png, tiff, tp8
from thermoscout_core.thermograms.annex_c_frames import coded_annex_c
from thermoscout_core.thermograms.celsius import CodedCelsius, encode_celsius
from thermoscout_core.thermograms.scale_file import read_scale_file, scale_file_of

MAX_FILE_BYTES = 1 << 28
FORMATS = (
    "16-bit PNG or TIFF with a scale.yaml, float TIFF in °C, FLIR radiometric JPEG, "
    "Guide/Dali TP8 file, DL/T 664 Annex C file"
)
_Decoded = tuple[CodedCelsius, Radiometry, float]


def read_thermogram(path: str | Path, scale: LinearScale | None = None) -> ThermalFrame:
    """One file -> its thermal frame.

    scale: for 16-bit PNG and TIFF; by default the scale.yaml beside the file or in the folder
    above. Formats that carry their own temperatures ignore it. The frame's stamp is the time that
    the file states (without a zone: taken as UTC), else the file's modification time.
    Raises ThermogramError naming the file and what to do: foreign, truncated, empty, without
    temperatures, of the wrong size or type.
    """
    path = Path(path)
    source = str(path)
    try:
        info = path.stat()
        if info.st_size > MAX_FILE_BYTES:
            raise ThermogramError(f"{source}: {info.st_size:,} bytes are no thermogram")
        data = path.read_bytes()
    except OSError as error:
        raise ThermogramError(f"{source}: can't be read: {error.strerror or error}") from error
    if not data:
        raise ThermogramError(f"{source}: an empty file; copy it again from the camera")
    coded, radiometry, stamp_s = _decode(data, path, scale)
    return ThermalFrame(
        counts=coded.counts,
        radiometry=radiometry,
        stamp_s=info.st_mtime if math.isnan(stamp_s) else stamp_s,
        source=source,
        invalid=coded.invalid,
    )


def _decode(data: bytes, path: Path, scale: LinearScale | None) -> _Decoded:
    source = str(path)
    if data.startswith(png.SIGNATURE):
        counts = png.decode_png_counts(data, source)
        radiometry = _counts_radiometry(path, scale)
        return _coded_counts(counts, radiometry), radiometry, math.nan
    if data[:4] in tiff.BYTE_ORDERS:
        return _decode_tiff(data, path, scale)
    if annex_c.looks_like_annex_c(data):
        return coded_annex_c(annex_c.decode_annex_c(data, source), source)
    if tp8.looks_like_tp8(data):
        return *tp8.decode_tp8(data, source), math.nan
    if flir.looks_like_flir(data):
        return flir.decode_flir(data, source)
    if data.startswith(b"\xff\xd8"):
        raise ThermogramError(
            f"{source}: a JPEG picture without temperatures; give the camera's radiometric file "
            "(not a screenshot or an edited copy), or its 16-bit counts with a scale.yaml"
        )
    raise ThermogramError(f"{source}: no thermogram; supported are {FORMATS}")


def _decode_tiff(data: bytes, path: Path, scale: LinearScale | None) -> _Decoded:
    source = str(path)
    image = tiff.decode_tiff(data, source)
    stamp_s = _exif_time(image.date)
    if image.pixels.dtype == np.uint16:
        radiometry = _counts_radiometry(path, scale)
        return _coded_counts(image.pixels, radiometry), radiometry, stamp_s
    coded = encode_celsius(image.pixels, source)
    return coded, Radiometry(scale=coded.scale, applied=ObjectParameters()), stamp_s


def _counts_radiometry(path: Path, scale: LinearScale | None) -> Radiometry:
    """The scale given, else scale.yaml's; which parameters the camera applied stays unknown."""
    if scale is not None:
        return Radiometry(scale=scale, applied=ObjectParameters())
    scale_file = scale_file_of(path)
    if scale_file is None:
        raise ThermogramError(
            f"{path}: 16-bit counts without a scale; put a scale.yaml with the keys gain, offset "
            "and encoding (celsius = gain * count + offset) beside it or in the folder above"
        )
    return read_scale_file(scale_file)


def _coded_counts(counts: Counts, radiometry: Radiometry) -> CodedCelsius:
    assert radiometry.scale is not None
    return CodedCelsius(counts, radiometry.scale, None)


def _exif_time(date: str) -> float:
    """ "YYYY:MM:DD hh:mm:ss" -> Unix time, NaN for anything else."""
    try:
        taken = datetime.strptime(date.strip(), "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return math.nan
    return taken.replace(tzinfo=timezone.utc).timestamp()
