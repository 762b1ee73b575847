"""The uncertainty budget of corrected temperatures, by the GUM (JCGM 100:2008).

Each input's contribution is its standard uncertainty times the sensitivity of the correction to
it (central difference over ± that uncertainty, so that a curved dependence counts as it is); the
contributions of the inputs, of the network's own error and of a target that doesn't fill its
pixels add in quadrature (clause 5.1.2: inputs taken as independent). The expanded uncertainty
uses the effective degrees of freedom of Welch and Satterthwaite (G.4.1).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from thermoscout_core.thermometry.atmosphere import Floats
from thermoscout_core.thermometry.bp_network import ALL_INPUTS
from thermoscout_core.thermometry.correction import Corrector, Values

NETWORK, SPOT_SIZE = "network", "spot_size"
SMALL_STEP: Mapping[str, float] = {
    "measured_c": 0.01,
    "distance_m": 0.01,
    "air_c": 0.01,
    "relative_humidity": 0.001,
    "emissivity": 0.001,
    "reflected_c": 0.01,
}
"""Step of the sensitivity to an input that is stated without uncertainty."""
PHYSICAL: Mapping[str, tuple[float, float]] = {
    "distance_m": (0.0, math.inf),
    "relative_humidity": (0.0, 1.0),
    "emissivity": (0.01, 1.0),
}
_SMALL_STEPS = np.array([[SMALL_STEP[name]] for name in ALL_INPUTS])
_LOWEST, _HIGHEST = np.array([PHYSICAL.get(name, (-math.inf, math.inf)) for name in ALL_INPUTS]).T[
    :, :, None
]

CAMERA_LIMIT_C, CAMERA_LIMIT_SHARE = 2.0, 0.02
"""What cameras' data sheets promise as a rule: ±2 °C or ±2 % of the reading, the larger."""


def typical_camera_c(measured_c: ArrayLike) -> Floats:
    """Standard uncertainty of a camera about which nothing better is known: the limits above as
    a rectangular distribution (GUM 4.3.7)."""
    limit = np.maximum(CAMERA_LIMIT_C, CAMERA_LIMIT_SHARE * np.abs(np.asarray(measured_c)))
    return np.asarray(limit / math.sqrt(3.0))


@dataclass(frozen=True)
class InputUncertainties:
    """Standard uncertainties of what the thermographer states.

    emissivity: a table value for the right surface. distance: distance_m plus distance_share of
    the distance (time-of-flight rangefinders, and the box is not the spot it hits). air_c,
    relative_humidity: a weather station near by. reflected_c: an estimate of the sky or walls.
    """

    emissivity: float = 0.02
    distance_m: float = 0.1
    distance_share: float = 0.01
    air_c: float = 1.0
    relative_humidity: float = 0.05
    reflected_c: float = 5.0

    def at(self, distance_m: float, instrument_c: float) -> dict[str, float]:
        """By input name, at a distance, with a camera of standard uncertainty instrument_c."""
        return {
            "measured_c": instrument_c,
            "distance_m": self.distance_m + self.distance_share * distance_m,
            "air_c": self.air_c,
            "relative_humidity": self.relative_humidity,
            "emissivity": self.emissivity,
            "reflected_c": self.reflected_c,
        }


@dataclass(frozen=True)
class BudgetLine:
    """One source of one reading. value, uncertainty: in the input's own unit; sensitivity: K per
    that unit; contribution_k: K; freedom: degrees of freedom, infinite for stated values."""

    source: str
    value: float
    uncertainty: float
    sensitivity: float
    contribution_k: float
    freedom: float


@dataclass(frozen=True)
class Budget:
    """The budgets of N readings: (N,) arrays by source.

    values, uncertainties, sensitivities: of the inputs. own_k: contributions of the network and
    of the spot size, in K. network_freedom: degrees of freedom of the network's own error.
    """

    values: Mapping[str, Floats]
    uncertainties: Mapping[str, Floats]
    sensitivities: Mapping[str, Floats]
    own_k: Mapping[str, Floats]
    network_freedom: float

    @property
    def contributions_k(self) -> dict[str, Floats]:
        """(N,) K by source, >= 0; NaN where an uncertainty isn't known."""
        inputs = {
            name: np.abs(slope) * self.uncertainties[name]
            for name, slope in self.sensitivities.items()
        }
        return {**inputs, **self.own_k}

    @property
    def standard_k(self) -> Floats:
        """(N,) the combined standard uncertainty in K; NaN where a contribution isn't known."""
        shares = np.array(list(self.contributions_k.values()))
        return np.asarray(np.sqrt((shares**2).sum(axis=0)))

    def lines(self, index: int) -> list[BudgetLine]:
        """The budget of one reading, source by source."""
        contributions = self.contributions_k
        inputs = [
            BudgetLine(
                name,
                float(self.values[name][index]),
                float(self.uncertainties[name][index]),
                float(slope[index]),
                float(contributions[name][index]),
                math.inf,
            )
            for name, slope in self.sensitivities.items()
        ]
        own = []
        for name, share in self.own_k.items():
            freedom = self.network_freedom if name == NETWORK else math.inf
            k = float(share[index])
            own.append(BudgetLine(name, math.nan, k, 1.0, k, freedom))
        return inputs + own

    def effective_freedom(self, index: int) -> float:
        """Welch–Satterthwaite: ν = u⁴ / Σ(uᵢ⁴/νᵢ); infinite when only stated values count."""
        known = sum(
            line.contribution_k**4 / line.freedom
            for line in self.lines(index)
            if math.isfinite(line.freedom)
        )
        return float(self.standard_k[index] ** 4 / known) if known > 0 else math.inf

    def coverage_factor(self, index: int, level: float = 0.95) -> float:
        """k of the expanded uncertainty: Student's t at the effective degrees of freedom."""
        from scipy.stats import norm, t

        freedom, tail = self.effective_freedom(index), (1 + level) / 2
        return float(t.ppf(tail, freedom) if math.isfinite(freedom) else norm.ppf(tail))


def budget(
    corrector: Corrector,
    values: Values,
    by_network: NDArray[np.bool_],
    uncertainties: Mapping[str, ArrayLike],
    spot_size_k: ArrayLike = 0.0,
) -> Budget:
    """The budgets of N corrected readings.

    values: the six inputs, (N,) or one for all; by_network: (N,) how they were corrected.
    uncertainties: standard, by input name, in the input's unit, (N,) or one for all; an input
    that isn't named is exact, and NaN is unknown. spot_size_k: what the target's size adds, K.
    """
    count, readings = len(ALL_INPUTS), len(by_network)
    inputs: Floats = np.empty((count, readings))
    stated: Floats = np.empty((count, readings))
    for index, name in enumerate(ALL_INPUTS):
        inputs[index] = values[name]
        stated[index] = uncertainties.get(name, 0.0)
    steps = np.where(stated > 0, stated, _SMALL_STEPS)
    ends = np.clip([inputs - steps, inputs + steps], _LOWEST, _HIGHEST)
    # Axes: input, lower or upper end, which input is moved there, reading.
    moved: Floats = np.empty((count, 2, count, readings))
    moved[:] = inputs[:, None, None]
    for index in range(count):
        moved[index, :, index] = ends[:, index]
    below, above = corrector.surface_c(dict(zip(ALL_INPUTS, moved, strict=True)), by_network)
    slopes = (above - below) / (ends[1] - ends[0])
    network = corrector.network
    own: Floats = np.zeros(readings)
    if network is not None:
        own = np.where(by_network, network.own_error_k(stated[0]), 0.0)
    return Budget(
        dict(zip(ALL_INPUTS, inputs, strict=True)),
        dict(zip(ALL_INPUTS, stated, strict=True)),
        dict(zip(ALL_INPUTS, slopes, strict=True)),
        {NETWORK: own, SPOT_SIZE: np.full(readings, spot_size_k)},
        math.inf if network is None else network.hold_out_freedom,
    )
