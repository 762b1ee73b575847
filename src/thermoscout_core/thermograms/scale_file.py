"""scale.yaml: what a folder of 16-bit pictures needs to be thermograms.

It lies beside the pictures or in the folder above them::

    # celsius = gain * count + offset
    gain: 0.1
    offset: -1000.0
    encoding: mono16
    camera: Guide TP8            # optional
    saturation_count: 65535      # optional
    applied:                     # optional: what the camera has worked into these °C
      emissivity: 0.95
      reflected_c: 20.0
      air_c: 20.0
      relative_humidity: 0.5
      distance_m: 1.0
"""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import yaml

from thermoscout_core.errors import FrameError, ThermogramError
from thermoscout_core.frames import COUNT_MAX, LinearScale, ObjectParameters, Radiometry

SCALE_FILE = "scale.yaml"
ENCODINGS = ("mono16", "16UC1")
_KEYS = ("gain", "offset", "encoding", "camera", "saturation_count", "applied")
_APPLIED_KEYS = tuple(field.name for field in dataclasses.fields(ObjectParameters))


def scale_file_of(picture: Path) -> Path | None:
    """The scale.yaml that holds for a picture: beside it, else in the folder above; or None."""
    for folder in (picture.parent, picture.parent.parent):
        candidate = folder / SCALE_FILE
        if candidate.is_file():
            return candidate
    return None


def read_scale_file(path: Path) -> Radiometry:
    """Radiometry as scale.yaml states it; the applied parameters it leaves out stay unknown.

    Raises ThermogramError naming the file and the key.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ThermogramError(f"{path}: can't be read as YAML: {error}") from error
    if not isinstance(content, dict):
        raise ThermogramError(f"{path}: must hold the keys gain, offset and encoding")
    _refuse_unknown(path, content, _KEYS)
    encoding = content.get("encoding")
    if encoding not in ENCODINGS:
        raise ThermogramError(
            f"{path}: encoding is {encoding!r}, but counts are read as {' or '.join(ENCODINGS)}"
        )
    try:
        scale = LinearScale(_number(path, content, "gain"), _number(path, content, "offset"))
    except FrameError as error:
        raise ThermogramError(f"{path}: {error}") from error
    camera = content.get("camera", "")
    if not isinstance(camera, str):
        raise ThermogramError(f"{path}: camera must be text, got {camera!r}")
    return Radiometry(
        scale=scale,
        applied=_applied(path, content.get("applied", {})),
        camera=camera,
        saturation_count=_saturation_count(path, content.get("saturation_count", COUNT_MAX)),
    )


def _applied(path: Path, section: Any) -> ObjectParameters:
    if not isinstance(section, dict):
        raise ThermogramError(f"{path}: applied must hold keys such as {_APPLIED_KEYS[0]}")
    _refuse_unknown(path, section, _APPLIED_KEYS)
    return ObjectParameters(**{key: _number(path, section, key) for key in section})


def _saturation_count(path: Path, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= COUNT_MAX:
        raise ThermogramError(
            f"{path}: saturation_count must be a whole number from 1 to {COUNT_MAX}, got {value!r}"
        )
    return value


def _refuse_unknown(path: Path, mapping: dict[Any, Any], known: tuple[str, ...]) -> None:
    unknown = [str(key) for key in mapping if key not in known]
    if unknown:
        raise ThermogramError(
            f"{path}: unknown key {', '.join(unknown)}; the keys are {', '.join(known)}"
        )


def _number(path: Path, mapping: dict[Any, Any], key: str) -> float:
    if key not in mapping:
        raise ThermogramError(f"{path}: {key} is missing")
    value = mapping[key]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ThermogramError(f"{path}: {key} must be a finite number, got {value!r}")
    return float(value)
