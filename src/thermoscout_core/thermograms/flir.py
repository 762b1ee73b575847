"""FLIR radiometric JPEG: the flyr package takes the file apart, the temperatures are made here.

They are made from the raw counts with all constants that the file states, in the two-segment form
τ(d/2)² with a window, as Thermimage and flyr have it, which is not τ(d): see docs/results.md.
"""

from __future__ import annotations

import io
import math
import struct
import warnings
from datetime import datetime, timezone
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.errors import ThermogramError
from thermoscout_core.frames import ObjectParameters, PlanckConstants, Radiometry
from thermoscout_core.thermograms.celsius import ABSOLUTE_ZERO_C, CodedCelsius, encode_celsius
from thermoscout_core.thermometry.atmosphere import Atmosphere, Floats
from thermoscout_core.thermometry.two_segment import Window, two_segment_object_c

_MARK = b"FLIR\x00"
_DIRECTORY = struct.Struct(">II")  # offset and number of entries
_DIRECTORY_AT = 24
_MAX_ENTRIES = 1000  # cameras write about a dozen


def looks_like_flir(data: bytes) -> bool:
    """True for a JPEG with a FLIR application segment."""
    return data[:2] == b"\xff\xd8" and b"\xff\xe1" in data and _MARK in data


def decode_flir(data: bytes, source: str) -> tuple[CodedCelsius, Radiometry, float]:
    """Content of a radiometric JPEG -> coded °C, radiometry, and the Unix time it states.

    The time is NaN where the file has none; FLIR writes the camera's wall clock without a zone,
    which is taken as UTC. Raises ThermogramError when flyr can't read the file.
    """
    try:
        from flyr.camera_metadata import CameraMetadata
        from flyr.records import RecordIndex, extract_flir_app1, parse_flir_records
        from flyr.thermal import parse_camera_info, parse_raw_data
    except ModuleNotFoundError as error:
        raise ThermogramError(
            f"{source}: FLIR files are read with the package flyr, which isn't installed; "
            "pip install flyr"
        ) from error
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            segment = extract_flir_app1(io.BytesIO(data))
            _check_directory(segment.read())
            segment.seek(0)
            records = parse_flir_records(segment)
            _, _, raw = parse_raw_data(segment, records[RecordIndex.RAW_DATA.value])
            stated = parse_camera_info(segment, records[RecordIndex.CAMERA_INFO.value])
            metadata = {name: float(value) for name, value in stated.items()}
            origin = CameraMetadata(io.BytesIO(data))
            taken = origin.date_time
            camera = " ".join(part for part in (origin.make, origin.model) if part)
    except Exception as error:  # flyr raises whatever its parsing ran into, down to KeyError
        raise ThermogramError(
            f"{source}: a FLIR file that flyr can't read ({error}); "
            "export it again with FLIR's software, or as a float TIFF in °C"
        ) from error
    planck = PlanckConstants(
        r1=metadata["planck_r1"],
        r2=metadata["planck_r2"],
        b_k=metadata["planck_b"],
        f=metadata["planck_f"],
        o=metadata["planck_o"],
    )
    with np.errstate(all="ignore"):
        celsius = _celsius(np.asarray(raw), metadata, planck)
        ceiling_c = _celsius(np.array([[metadata["raw_value_range_max"]]]), metadata, planck)
    if celsius.ndim != 2 or celsius.size == 0:
        raise ThermogramError(f"{source}: the FLIR file holds no thermal matrix")
    coded = encode_celsius(celsius, source)
    parameters = _object_parameters(metadata)
    radiometry = Radiometry(
        scale=coded.scale,
        applied=parameters,
        scene=parameters,
        planck=planck,
        camera=camera,
        saturation_count=max(1, int(coded.scale.to_counts(ceiling_c)[0, 0])),
    )
    return coded, radiometry, _unix_time(taken)


def _check_directory(segment: bytes) -> None:
    """Raises ValueError where flyr would loop over billions of records that aren't there."""
    if len(segment) < _DIRECTORY_AT + _DIRECTORY.size:
        raise ValueError("the FLIR segment is cut off")
    offset, entries = _DIRECTORY.unpack_from(segment, _DIRECTORY_AT)
    if entries > _MAX_ENTRIES or offset > len(segment):
        raise ValueError("the FLIR record directory is damaged")


def _stated(metadata: dict[str, float]) -> ObjectParameters:
    """The camera's settings as they stand in the file."""
    return ObjectParameters(
        emissivity=metadata["emissivity"],
        reflected_c=metadata["reflected_apparent_temperature"] + ABSOLUTE_ZERO_C,
        air_c=metadata["atmospheric_temperature"] + ABSOLUTE_ZERO_C,
        relative_humidity=metadata["relative_humidity"],
        distance_m=metadata["object_distance"],
    )


def _celsius(raw: NDArray[Any], metadata: dict[str, float], planck: PlanckConstants) -> Floats:
    """Raw counts (H, W) -> the °C that the camera states, NaN where they stand for none."""
    window = Window(
        transmittance=metadata["ir_window_transmission"],
        temperature_c=metadata["ir_window_temperature"] + ABSOLUTE_ZERO_C,
    )
    atmosphere = Atmosphere(
        alpha_1=metadata["atmospheric_trans_alpha1"],
        alpha_2=metadata["atmospheric_trans_alpha2"],
        beta_1=metadata["atmospheric_trans_beta1"],
        beta_2=metadata["atmospheric_trans_beta2"],
        x=metadata["atmospheric_trans_x"],
    )
    return two_segment_object_c(raw, _stated(metadata), window, planck, atmosphere)


def _object_parameters(metadata: dict[str, float]) -> ObjectParameters:
    """The camera's settings; all unknown when one of them is impossible, or a window was used."""
    parameters = _stated(metadata)
    possible = (
        parameters.is_complete
        and 0 < parameters.emissivity <= 1
        and 0 <= parameters.relative_humidity <= 1
        and parameters.distance_m >= 0
        and min(parameters.reflected_c, parameters.air_c) > ABSOLUTE_ZERO_C
        and metadata["ir_window_transmission"] == 1
    )
    return parameters if possible else ObjectParameters()


def _unix_time(taken: datetime | None) -> float:
    if taken is None:
        return math.nan
    return taken.replace(tzinfo=timezone.utc).timestamp()
