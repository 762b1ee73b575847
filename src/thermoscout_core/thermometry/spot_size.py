"""How many pixels a target covers, and by how much a small one reads wrong.

The target must cover at least 3x3 pixels: optics and pixel spread its edge over a neighbour, so
only the pixel in the middle of three is filled by it. A smaller one mixes with its background, as
signals and not as temperatures: a 100 °C spot on 20 °C that fills half a pixel reads 66 °C.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from thermoscout_core.frames import PlanckConstants
from thermoscout_core.thermometry.atmosphere import (
    SC660,
    Floats,
    celsius_of_signal,
    signal_of_celsius,
)

MIN_SPAN_PX = 3
"""Target and hot spot must cover 3x3 pixels to read true (facts: spot size)."""
BLUR_PX = 0.5
"""Standard deviation of the optics' blur that the estimates assume; sharper than most."""
_BESIDE_PX = (np.arange(8) + 0.5) / 16.0
_erf = np.vectorize(math.erf, otypes=[np.float64])
MIN_FILL = 0.2
"""Below this share of the signal nothing can be said of the target; estimates stop here."""


def pixel_m(distance_m: ArrayLike, hfov_rad: float, width_px: int) -> Floats:
    """What one pixel sees at a distance, m: the distance times IFOV = 2·tan(HFOV/2)/N."""
    ifov_rad = 2.0 * math.tan(hfov_rad / 2.0) / width_px
    return np.asarray(np.asarray(distance_m, np.float64) * ifov_rad)


def filled_share(side_px: ArrayLike) -> Floats:
    """The share of the hottest pixel's signal that comes from a square target of that side, 0..1.

    Both the pixel and the optics (Gaussian) blur; together like a Gaussian of variance
    BLUR_PX² + 1/12 over which the target is integrated. The hottest pixel lies up to half a pixel
    beside the target's middle, anywhere alike in both directions: the mean over that.
    """
    reach = np.asarray(side_px, np.float64)[..., None] / 2.0
    scale = math.sqrt(2.0 * (BLUR_PX**2 + 1.0 / 12.0))
    across = _erf((reach + _BESIDE_PX) / scale) + _erf((reach - _BESIDE_PX) / scale)
    return np.asarray((across / 2.0).mean(axis=-1) ** 2)


def partly_filled_c(
    spot_c: ArrayLike, background_c: ArrayLike, fill: ArrayLike, planck: PlanckConstants = SC660
) -> Floats:
    """What a pixel reads, of which the share fill (0..1) sees the spot and the rest the
    background; apparent °C."""
    share = np.asarray(fill, np.float64)
    signal = share * signal_of_celsius(spot_c, planck)
    signal = signal + (1.0 - share) * signal_of_celsius(background_c, planck)
    return celsius_of_signal(signal, planck)


def filling_c(
    read_c: ArrayLike, background_c: ArrayLike, fill: ArrayLike, planck: PlanckConstants = SC660
) -> Floats:
    """The inverse: the apparent °C of a spot that makes a pixel read read_c. fill from MIN_FILL
    on; less counts as MIN_FILL."""
    share = np.maximum(np.asarray(fill, np.float64), MIN_FILL)
    background = signal_of_celsius(background_c, planck)
    signal = background + (signal_of_celsius(read_c, planck) - background) / share
    return celsius_of_signal(signal, planck)
