"""Apparent temperature and conditions -> surface temperature: by the network where it was
calibrated, by the physics elsewhere."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.frames import ObjectParameters, PlanckConstants
from thermoscout_core.thermometry.atmosphere import SC660, Floats
from thermoscout_core.thermometry.bp_network import ALL_INPUTS, BpNetwork, physics_of

Values: TypeAlias = Mapping[str, Floats]
"""The six inputs by name (see bp_network.ALL_INPUTS), arrays of one shape."""


@dataclass(frozen=True)
class Corrected:
    """surface_c: °C, NaN where nothing physical fits; by_network: which of them the network made.
    Both in the shape of the values."""

    surface_c: Floats
    by_network: NDArray[np.bool_]


SITE_DEFAULTS = ObjectParameters(
    emissivity=0.90, reflected_c=math.nan, air_c=20.0, relative_humidity=0.5, distance_m=math.nan
)
"""Used for what nobody states: oxidised metal joints (DL/T 664 practice), 20 °C and 50 %; such a
reading is flagged assumed_conditions. A reflected temperature that nobody states is taken to be
the air's. The distance has no default: without one nothing is corrected."""

FILE_NAMES: Mapping[str, str] = {
    name: "ambient_c" if name == "air_c" else name for name in ALL_INPUTS
}
"""Input -> its column in CSV files."""


class Corrector:
    """The correction of one camera. network: None corrects by physics alone; planck: the camera's
    curve. The network serves only the curve that it was calibrated for."""

    def __init__(self, network: BpNetwork | None, planck: PlanckConstants = SC660) -> None:
        self.network = network if network is None or network.planck == planck else None
        self.planck = planck

    def correct(self, values: Values) -> Corrected:
        """Values in any shape -> surface temperatures of that shape."""
        physics_c = physics_of(values, self.planck)
        if self.network is None:
            return Corrected(physics_c, np.zeros(physics_c.shape, np.bool_))
        answer_c = self.network.predict(values, physics_c)
        inside = self.network.in_domain(values, answer_c)
        return Corrected(np.where(inside, answer_c, physics_c), inside)

    def surface_c(self, values: Values, by_network: NDArray[np.bool_]) -> Floats:
        """The same, made as by_network says and not by the domain: for small steps around
        corrected values, which must not cross from one way to the other."""
        physics_c = physics_of(values, self.planck)
        if self.network is None or not by_network.any():
            return physics_c
        return np.where(by_network, self.network.predict(values, physics_c), physics_c)
