"""The measurement equation with a window in mid-path, as the R package Thermimage writes it.

It splits the path in two halves of d/2 and uses τ(d/2)², which is **not** τ(d) of the single
path (20 m at 20 °C, 50 %: 0.9618 against 0.9726): compare with Thermimage and flyr through this
module only, and measure with :mod:`atmosphere`. Thermimage's window neither reflects nor gives
its argument names; ours follow the field.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from thermoscout_core.frames import ObjectParameters, PlanckConstants
from thermoscout_core.thermometry.atmosphere import (
    SC660,
    STANDARD_ATMOSPHERE,
    Atmosphere,
    Floats,
    celsius_of_signal,
    signal_of_celsius,
    transmittance,
)


@dataclass(frozen=True)
class Window:
    """An infrared window half-way between object and camera: transmittance 0..1 and its °C."""

    transmittance: float = 1.0
    temperature_c: float = 20.0


NO_WINDOW = Window()


def _path(
    parameters: ObjectParameters,
    window: Window,
    planck: PlanckConstants,
    atmosphere: Atmosphere,
) -> tuple[Floats, Floats]:
    """(gain, offset) of S_tot = gain·S_obj + offset along object, air, window, air."""
    half = np.asarray(parameters.distance_m, np.float64) / 2
    tau = transmittance(half, parameters.air_c, parameters.relative_humidity, atmosphere)
    air = signal_of_celsius(parameters.air_c, planck)
    glass = signal_of_celsius(window.temperature_c, planck)
    epsilon = parameters.emissivity
    before = (1 - epsilon) * tau * signal_of_celsius(parameters.reflected_c, planck)
    before = before + (1 - tau) * air
    through = window.transmittance * before + (1 - window.transmittance) * glass
    gain = epsilon * tau**2 * window.transmittance
    return gain, tau * through + (1 - tau) * air


def two_segment_object_c(
    signal: ArrayLike,
    parameters: ObjectParameters,
    window: Window = NO_WINDOW,
    planck: PlanckConstants = SC660,
    atmosphere: Atmosphere = STANDARD_ATMOSPHERE,
) -> Floats:
    """Camera signal (any shape) -> surface °C; Thermimage's raw2temp."""
    gain, offset = _path(parameters, window, planck, atmosphere)
    return celsius_of_signal((np.asarray(signal, np.float64) - offset) / gain, planck)


def two_segment_signal(
    object_c: ArrayLike,
    parameters: ObjectParameters,
    window: Window = NO_WINDOW,
    planck: PlanckConstants = SC660,
    atmosphere: Atmosphere = STANDARD_ATMOSPHERE,
) -> Floats:
    """Surface °C (any shape) -> camera signal; Thermimage's temp2raw."""
    gain, offset = _path(parameters, window, planck, atmosphere)
    return np.asarray(gain * signal_of_celsius(object_c, planck) + offset)
