"""The thermal frame: counts as the device sends them, and what is needed to read them as °C."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.errors import FrameError

Counts = NDArray[np.uint16]
COUNT_MAX = 65535


@dataclass(frozen=True)
class LinearScale:
    """°C = gain · count + offset.

    gain_c_per_count: positive, °C per count. offset_c: °C at count 0.
    Raises FrameError if the gain isn't positive or either value isn't finite.
    """

    gain_c_per_count: float
    offset_c: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.gain_c_per_count) and self.gain_c_per_count > 0):
            raise FrameError(
                "scale gain must be a positive number of °C per count, "
                f"got {self.gain_c_per_count}"
            )
        if not math.isfinite(self.offset_c):
            raise FrameError(f"scale offset must be a finite °C value, got {self.offset_c}")

    def to_celsius(self, counts: NDArray[np.number[Any]]) -> NDArray[np.float32]:
        """Counts of any shape -> °C, float32, same shape."""
        celsius = np.asarray(counts, np.float32) * np.float32(self.gain_c_per_count)
        celsius += np.float32(self.offset_c)
        return np.asarray(celsius)

    def to_counts(self, celsius: NDArray[np.floating]) -> Counts:
        """°C of any shape -> uint16 counts, rounded and clipped to 0..65535; NaN becomes 0."""
        counts = np.rint((np.asarray(celsius, np.float64) - self.offset_c) / self.gain_c_per_count)
        clipped: Counts = np.clip(np.nan_to_num(counts), 0, COUNT_MAX).astype(np.uint16)
        return clipped


@dataclass(frozen=True)
class PlanckConstants:
    """A camera's counts-to-temperature curve, S(T) = R1/(R2·(exp(B/T) − F)) − O, T in kelvin.

    The defaults are the FLIR SC660's (public calibration, shared by the Thermimage package).
    """

    r1: float = 21106.77
    r2: float = 0.012545258
    b_k: float = 1501.0
    f: float = 1.0
    o: float = -7340.0


@dataclass(frozen=True)
class ObjectParameters:
    """The thermographer's object parameters: what lies between the surface and the lens.

    emissivity 0..1; reflected apparent temperature °C; air temperature °C; relative humidity
    0..1; distance m. NaN in a field means unknown.
    """

    emissivity: float = math.nan
    reflected_c: float = math.nan
    air_c: float = math.nan
    relative_humidity: float = math.nan
    distance_m: float = math.nan

    @property
    def is_complete(self) -> bool:
        """True when no field is NaN."""
        return all(math.isfinite(value) for value in vars(self).values())

    def or_else(self, fallback: ObjectParameters) -> ObjectParameters:
        """These parameters, with unknown fields taken from fallback."""
        known = {name: value for name, value in vars(self).items() if not math.isnan(value)}
        return replace(fallback, **known)


APPARENT = ObjectParameters(1.0, 20.0, 20.0, 0.5, 0.0)
"""A camera set to ε = 1 and distance 0: its °C are apparent (blackbody) temperatures."""


@dataclass(frozen=True)
class Radiometry:
    """How a camera's counts become temperatures.

    scale: counts -> the °C that the camera itself states; None for a picture without temperature.
    applied: the object parameters already worked into those °C (APPARENT for a raw camera; NaN
        fields where the camera doesn't tell, and then nothing may be corrected).
    scene: the object parameters that hold for what is being looked at; distance_m only when the
        source states one (a rangefinder's is preferred).
    camera: make, model or serial number as free text.
    saturation_count: counts at or above it are saturated.
    hfov_rad: horizontal field of view, NaN when unknown.
    accuracy_c: the camera's own standard uncertainty, °C; NaN when unknown.
    """

    scale: LinearScale | None
    applied: ObjectParameters = APPARENT
    scene: ObjectParameters = field(default_factory=ObjectParameters)
    planck: PlanckConstants = field(default_factory=PlanckConstants)
    camera: str = ""
    saturation_count: int = COUNT_MAX
    hfov_rad: float = math.nan
    accuracy_c: float = math.nan


@dataclass(frozen=True)
class ThermalFrame:
    """One thermal image.

    counts: (H, W) uint16, C-contiguous. radiometry: see Radiometry. stamp_s: acquisition time,
    seconds (Unix or ROS time). source: file or device it came from. invalid: (H, W) bool mask of
    pixels without a measurement (NaN in a float file), or None. shutter_closed: the camera looks
    at its own shutter (non-uniformity correction), not at the scene. is_picture: for people only,
    beside frames that measure.
    Raises FrameError for another shape or dtype.
    """

    counts: Counts
    radiometry: Radiometry
    stamp_s: float = 0.0
    source: str = ""
    invalid: NDArray[np.bool_] | None = None
    shutter_closed: bool = False
    is_picture: bool = False

    def __post_init__(self) -> None:
        counts = self.counts
        where = f"{self.source}: " if self.source else ""
        if counts.ndim != 2 or counts.dtype != np.uint16 or counts.size == 0:
            raise FrameError(
                f"{where}a thermal frame is a non-empty (H, W) array of uint16 counts, "
                f"got shape {counts.shape} of {counts.dtype}"
            )
        if self.invalid is not None and self.invalid.shape != counts.shape:
            raise FrameError(
                f"{where}the invalid-pixel mask has shape {self.invalid.shape}, "
                f"the counts have {counts.shape}"
            )

    @property
    def width_px(self) -> int:
        return int(self.counts.shape[1])

    @property
    def height_px(self) -> int:
        return int(self.counts.shape[0])

    def celsius(self) -> NDArray[np.float32]:
        """The °C that the camera states, (H, W) float32, NaN where invalid.

        Raises FrameError when the frame carries no scale.
        """
        if self.radiometry.scale is None:
            raise FrameError(
                f"{self.source or 'frame'}: a picture without a temperature scale; "
                "give the camera's gain and offset, or use a radiometric source"
            )
        celsius = self.radiometry.scale.to_celsius(self.counts)
        if self.invalid is not None:
            celsius[self.invalid] = np.nan
        return celsius
