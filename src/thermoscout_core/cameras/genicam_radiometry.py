"""From a GenICam camera's features to °C: FLIR's IRFormat and Ax5's TemperatureLinearMode.

Feature names and codings: FLIR's GenICam ICD, as in Spinnaker's temperature examples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.errors import DeviceError
from thermoscout_core.frames import (
    APPARENT,
    COUNT_MAX,
    LinearScale,
    ObjectParameters,
    PlanckConstants,
)

ABSOLUTE_ZERO_C = -273.15
IR_FORMATS_K = {"TemperatureLinear10mK": 0.01, "TemperatureLinear100mK": 0.1}
"""IRFormat -> kelvin per count."""
RESOLUTIONS_K = {"High": 0.04, "Low": 0.4}
"""Ax5: TemperatureLinearResolution -> kelvin per count."""
RADIOMETRIC = "Radiometric"


class Features(Protocol):
    """A camera's features by name; get() gives "" for one that it doesn't have."""

    def get(self, name: str) -> str: ...
    def number(self, name: str) -> float: ...
    def highest(self, name: str) -> float: ...


@dataclass(frozen=True)
class Coding:
    """What a camera's counts mean. scale: °C = gain · count + offset, or None where they are no
    temperatures. planck: counts are to be turned into °C by it first."""

    scale: LinearScale | None
    planck: PlanckConstants | None = None


def coding_of(camera: Features) -> Coding:
    """The coding that the camera is set to. Raises DeviceError for Planck constants that can't be.

    IRFormat (A-series): a linear one in kelvin, or Radiometric with R, B, F, J0, J1. Otherwise
    TemperatureLinearMode (Ax5).
    """
    ir_format = camera.get("IRFormat")
    if ir_format in IR_FORMATS_K:
        return Coding(LinearScale(IR_FORMATS_K[ir_format], ABSOLUTE_ZERO_C))
    if ir_format == RADIOMETRIC:
        planck = planck_of(camera)
        return Coding(LinearScale(0.01, ABSOLUTE_ZERO_C), planck)
    if camera.get("TemperatureLinearMode") == "On":
        step_k = RESOLUTIONS_K.get(camera.get("TemperatureLinearResolution"))
        if step_k is not None:
            return Coding(LinearScale(step_k, ABSOLUTE_ZERO_C))
    return Coding(None)


def planck_of(camera: Features) -> PlanckConstants:
    """S(T) = J1·R/(exp(B/T) - F) + J0, in the form that PlanckConstants has."""
    r, b, f, j0, j1 = (camera.number(name) for name in ("R", "B", "F", "J0", "J1"))
    if not (r > 0 and b > 0 and j1 > 0 and math.isfinite(r + b + f + j0 + j1)):
        raise DeviceError(f"Planck constants R {r:g}, B {b:g}, F {f:g}, J0 {j0:g}, J1 {j1:g}?")
    return PlanckConstants(r1=r * j1, r2=1.0, b_k=b, f=f, o=-j0)


def planck_or_default(camera: Features) -> PlanckConstants:
    """The camera's own constants where it states them: the correction works with that curve."""
    try:
        return planck_of(camera)
    except DeviceError:
        return PlanckConstants()


@lru_cache(maxsize=4)
def celsius_of_counts(planck: PlanckConstants) -> NDArray[np.float64]:
    """°C of each of the 65,536 counts, by the inverse of the curve; NaN where it has none."""
    signal = np.arange(COUNT_MAX + 1) + planck.o
    with np.errstate(divide="ignore", invalid="ignore"):
        kelvin = planck.b_k / np.log(planck.r1 / (planck.r2 * signal) + planck.f)
    celsius = kelvin + ABSOLUTE_ZERO_C
    celsius[(signal <= 0) | ~np.isfinite(kelvin) | (kelvin <= 0)] = np.nan
    return np.asarray(celsius, np.float64)


def object_parameters_of(camera: Features, coding: Coding) -> ObjectParameters:
    """What the camera has worked into its temperatures, from its features.

    Radiometric counts are apparent: nothing is worked into them.
    """
    if coding.planck is not None:
        return APPARENT
    humidity = camera.number("RelativeHumidity")
    return ObjectParameters(
        emissivity=camera.number("ObjectEmissivity"),
        reflected_c=camera.number("ReflectedTemperature") + ABSOLUTE_ZERO_C,
        air_c=camera.number("AtmosphericTemperature") + ABSOLUTE_ZERO_C,
        relative_humidity=humidity / 100 if _in_percent(camera) else humidity,
        distance_m=camera.number("ObjectDistance"),
    )


def features_of(wanted: ObjectParameters, camera: Features) -> dict[str, float]:
    """The features that set what isn't NaN in wanted."""
    percent = 100.0 if _in_percent(camera) else 1.0
    values = {
        "ObjectEmissivity": wanted.emissivity,
        "ReflectedTemperature": wanted.reflected_c - ABSOLUTE_ZERO_C,
        "AtmosphericTemperature": wanted.air_c - ABSOLUTE_ZERO_C,
        "RelativeHumidity": wanted.relative_humidity * percent,
        "ObjectDistance": wanted.distance_m,
    }
    return {name: value for name, value in values.items() if not math.isnan(value)}


def _in_percent(camera: Features) -> bool:
    """Models differ: the range of the feature tells."""
    return camera.highest("RelativeHumidity") > 1.0
