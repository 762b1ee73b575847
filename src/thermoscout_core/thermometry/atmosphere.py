"""The radiometric measurement equation: surface, reflection and air, as one camera signal.

Single path, no window (the form that infrared cameras print in their manuals):

    S_tot = ε·τ·S_obj + (1 − ε)·τ·S_refl + (1 − τ)·S_atm

with S(T) the camera's Planck curve (:class:`~thermoscout_core.frames.PlanckConstants`) and
τ(distance, air, humidity) the five-constant model of the same makers. The weights add up to one,
so the curve's constant O cancels and the equation holds for signals and for radiances alike.

Everything is vectorised: every temperature, and every object parameter, may be a float or an
array, broadcast together. What isn't physical (a signal below zero radiance, NaN) comes out as
NaN, never as a temperature. The two-segment form with a window is in :mod:`two_segment`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from thermoscout_core.frames import LinearScale, ObjectParameters, PlanckConstants

Floats: TypeAlias = NDArray[np.float64]

ZERO_C_IN_K = 273.15
SC660 = PlanckConstants()

LINEAR_MODES: Mapping[str, LinearScale] = {
    "TemperatureLinear10mK": LinearScale(0.01, -ZERO_C_IN_K),
    "TemperatureLinear100mK": LinearScale(0.1, -ZERO_C_IN_K),
}
"""Counts that are kelvins themselves, by the GenICam name of the mode (FLIR's IRFormat)."""


@dataclass(frozen=True)
class Atmosphere:
    """The five constants of the makers' model of τ; the defaults are theirs. FLIR files state
    their own."""

    alpha_1: float = 0.006569
    alpha_2: float = 0.012620
    beta_1: float = -0.002276
    beta_2: float = -0.006670
    x: float = 1.9


STANDARD_ATMOSPHERE = Atmosphere()


def signal_of_kelvin(temperature_k: ArrayLike, planck: PlanckConstants = SC660) -> Floats:
    """The camera signal S of a blackbody: S(T) = R1/(R2·(exp(B/T) − F)) − O, T in kelvin.

    NaN where temperature_k isn't above 0 K.
    """
    kelvin = np.asarray(temperature_k, np.float64)
    kelvin = np.where(kelvin > 0, kelvin, np.nan)
    with np.errstate(over="ignore"):
        signal = planck.r1 / (planck.r2 * (np.exp(planck.b_k / kelvin) - planck.f)) - planck.o
    return np.asarray(signal)


def kelvin_of_signal(signal: ArrayLike, planck: PlanckConstants = SC660) -> Floats:
    """The blackbody temperature in kelvin: T = B / ln(R1/(R2·(S + O)) + F).

    NaN where the signal stands for no positive radiance (S + O <= 0).
    """
    radiance = np.asarray(signal, np.float64) + planck.o
    radiance = np.where(radiance > 0, radiance, np.nan)
    return np.asarray(planck.b_k / np.log(planck.r1 / (planck.r2 * radiance) + planck.f))


def signal_of_celsius(temperature_c: ArrayLike, planck: PlanckConstants = SC660) -> Floats:
    """:func:`signal_of_kelvin` for °C."""
    return signal_of_kelvin(np.asarray(temperature_c, np.float64) + ZERO_C_IN_K, planck)


def celsius_of_signal(signal: ArrayLike, planck: PlanckConstants = SC660) -> Floats:
    """:func:`kelvin_of_signal` in °C."""
    return kelvin_of_signal(signal, planck) - ZERO_C_IN_K


def water_content(air_c: ArrayLike, relative_humidity: ArrayLike) -> Floats:
    """The model's measure of the water in the air, from °C and relative humidity 0..1."""
    t = np.asarray(air_c, np.float64)
    exponent = 1.5587 + t * (0.06939 + t * (-0.00027816 + t * 6.8455e-7))
    return np.asarray(np.asarray(relative_humidity, np.float64) * np.exp(exponent))


def transmittance(
    distance_m: ArrayLike,
    air_c: ArrayLike,
    relative_humidity: ArrayLike,
    constants: Atmosphere = STANDARD_ATMOSPHERE,
) -> Floats:
    """The atmosphere's τ, 0..1, over one straight path.

    τ(d) = X·exp(−√d·(α1 + β1·√h2o)) + (1 − X)·exp(−√d·(α2 + β2·√h2o)).
    distance_m >= 0 (NaN elsewhere); air_c °C; relative_humidity 0..1.
    """
    distance = np.asarray(distance_m, np.float64)
    root = np.sqrt(np.where(distance >= 0, distance, np.nan))
    water = np.sqrt(water_content(air_c, relative_humidity))
    return np.asarray(
        constants.x * np.exp(-root * (constants.alpha_1 + constants.beta_1 * water))
        + (1 - constants.x) * np.exp(-root * (constants.alpha_2 + constants.beta_2 * water))
    )


def apparent_of_surface_c(
    surface_c: ArrayLike,
    *,
    emissivity: ArrayLike,
    reflected_c: ArrayLike,
    air_c: ArrayLike,
    relative_humidity: ArrayLike,
    distance_m: ArrayLike,
    planck: PlanckConstants = SC660,
) -> Floats:
    """Forward: the apparent blackbody °C that a surface shows through the air."""
    tau = transmittance(distance_m, air_c, relative_humidity)
    epsilon = np.asarray(emissivity, np.float64)
    total = tau * (
        epsilon * signal_of_celsius(surface_c, planck)
        + (1 - epsilon) * signal_of_celsius(reflected_c, planck)
    ) + (1 - tau) * signal_of_celsius(air_c, planck)
    return celsius_of_signal(total, planck)


def surface_of_apparent_c(
    apparent: ArrayLike,
    *,
    emissivity: ArrayLike,
    reflected_c: ArrayLike,
    air_c: ArrayLike,
    relative_humidity: ArrayLike,
    distance_m: ArrayLike,
    planck: PlanckConstants = SC660,
) -> Floats:
    """Inverse: the surface °C behind an apparent blackbody °C. NaN where nothing fits."""
    tau = transmittance(distance_m, air_c, relative_humidity)
    epsilon = np.asarray(emissivity, np.float64)
    surface = (
        signal_of_celsius(apparent, planck)
        - (1 - epsilon) * tau * signal_of_celsius(reflected_c, planck)
        - (1 - tau) * signal_of_celsius(air_c, planck)
    ) / (epsilon * tau)
    return celsius_of_signal(surface, planck)


def apparent_of_object_c(
    object_c: ArrayLike, parameters: ObjectParameters, planck: PlanckConstants = SC660
) -> Floats:
    """Surface °C (any shape) -> apparent blackbody °C; NaN parameters give NaN."""
    return apparent_of_surface_c(object_c, **vars(parameters), planck=planck)


def object_c(
    apparent: ArrayLike, parameters: ObjectParameters, planck: PlanckConstants = SC660
) -> Floats:
    """Apparent blackbody °C (any shape) -> surface °C; NaN parameters give NaN."""
    return surface_of_apparent_c(apparent, **vars(parameters), planck=planck)


def apparent_c(
    camera_c: ArrayLike, applied: ObjectParameters, planck: PlanckConstants = SC660
) -> Floats:
    """Undo what the camera applied: the °C it states -> the apparent blackbody °C it saw.

    A camera that states the surface temperature for its own object parameters has run the
    inverse; running the forward equation with the same parameters brings its signal back.
    """
    if applied.emissivity == 1.0 and applied.distance_m == 0.0:
        return np.asarray(camera_c, np.float64)
    return apparent_of_object_c(camera_c, applied, planck)
