"""Between Annex C files and frames: reading one as a ThermalFrame, exporting a frame as one."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from pathlib import Path

import cv2
import numpy as np

from thermoscout_core.atomic import write_bytes
from thermoscout_core.detection.view import to_8bit_view
from thermoscout_core.errors import ThermogramError
from thermoscout_core.frames import ObjectParameters, Radiometry, ThermalFrame
from thermoscout_core.thermograms.annex_c import AnnexCThermogram, encode_annex_c
from thermoscout_core.thermograms.celsius import CodedCelsius, encode_celsius

_DATE_FORMAT = "%Y%m%d%H%M%S"


def coded_annex_c(
    thermogram: AnnexCThermogram, source: str
) -> tuple[CodedCelsius, Radiometry, float]:
    """Annex C fields -> coded °C, radiometry, Unix time (NaN when the date is none).

    The date has no zone and is taken as UTC. Raises ThermogramError for an impossible matrix.
    """
    coded = encode_celsius(thermogram.celsius, source)
    parameters = _object_parameters(thermogram)
    words = (thermogram.manufacturer, thermogram.model, thermogram.serial_number)
    camera = " ".join(word for word in words if word)
    angle = thermogram.lens_angle_deg
    radiometry = Radiometry(
        scale=coded.scale,
        applied=parameters,
        scene=parameters,
        camera=camera.encode("utf-8", "surrogateescape").decode("utf-8", "replace"),
        hfov_rad=math.radians(angle) if angle else math.nan,
    )
    try:
        taken = datetime.strptime(thermogram.taken, _DATE_FORMAT).replace(tzinfo=timezone.utc)
    except ValueError:
        return coded, radiometry, math.nan
    return coded, radiometry, taken.timestamp()


def _object_parameters(thermogram: AnnexCThermogram) -> ObjectParameters:
    parameters = ObjectParameters(
        emissivity=thermogram.emissivity,
        reflected_c=thermogram.reflected_c,
        air_c=thermogram.ambient_c,
        relative_humidity=thermogram.relative_humidity_percent / 100,
        distance_m=float(thermogram.distance_m),
    )
    possible = (
        parameters.is_complete
        and 0 < parameters.emissivity <= 1
        and parameters.relative_humidity <= 1
        and min(parameters.reflected_c, parameters.air_c) > -273.15
    )
    return parameters if possible else ObjectParameters()


def annex_c_of_frame(
    frame: ThermalFrame, *, description: str = "", picture: bytes | None = None
) -> AnnexCThermogram:
    """A frame as Annex C fields, with the °C that the camera states.

    picture: the JPEG in front, by default the frame's 8-bit view. Text is cut to 32 bytes, the
    distance rounded to metres, humidity to per cent. Raises ThermogramError when the frame has no
    scale or unknown settings: the format has no way to say "unknown".
    """
    where = frame.source or "frame"
    applied = frame.radiometry.applied
    if frame.radiometry.scale is None or not applied.is_complete:
        raise ThermogramError(
            f"{where}: an Annex C file states emissivity, reflected and air temperature, humidity "
            "and distance; set them in the frame's radiometry before writing it"
        )
    if picture is None:
        picture = cv2.imencode(".jpg", to_8bit_view(frame.counts))[1].tobytes()
    angle = frame.radiometry.hfov_rad
    return AnnexCThermogram(
        celsius=frame.celsius(),
        taken=datetime.fromtimestamp(frame.stamp_s, timezone.utc).strftime(_DATE_FORMAT),
        emissivity=float(np.float32(applied.emissivity)),
        ambient_c=float(np.float32(applied.air_c)),
        reflected_c=float(np.float32(applied.reflected_c)),
        distance_m=round(applied.distance_m),
        relative_humidity_percent=round(100 * applied.relative_humidity),
        lens_angle_deg=0 if math.isnan(angle) else round(math.degrees(angle)),
        model=frame.radiometry.camera.encode()[:32].decode("utf-8", "ignore"),
        description=description,
        picture=picture,
    )


def write_annex_c(path: str | Path, thermogram: AnnexCThermogram) -> Path:
    """Write the file whole or not at all. Raises ThermogramError when it can't be written."""
    target = Path(path)
    content = encode_annex_c(thermogram)
    try:
        write_bytes(target, content)
    except OSError as error:
        raise ThermogramError(f"{target}: can't be written: {error.strerror}") from error
    return target
