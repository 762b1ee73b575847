"""The standard uncertainty of a corrected temperature, by the GUM's law of propagation.

Each input's share is the change of the physics' answer when that input moves by its standard
uncertainty (finite differences); the shares add in quadrature, inputs taken as independent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from thermoscout_core.frames import ObjectParameters, PlanckConstants
from thermoscout_core.thermometry.atmosphere import SC660, Floats, surface_of_apparent_c


@dataclass(frozen=True)
class InputUncertainties:
    """Standard uncertainties of the inputs.

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


def budget(
    apparent: ArrayLike,
    parameters: ObjectParameters,
    instrument_c: float,
    inputs: InputUncertainties | None = None,
    planck: PlanckConstants = SC660,
) -> Mapping[str, Floats]:
    """The shares in K of each input for apparent temperatures (N,) in °C, by input name.

    instrument_c: the camera's standard uncertainty, K; NaN when unknown, and so is its share.
    """
    inputs = inputs or InputUncertainties()
    names = ("measured_c", *vars(parameters))
    steps = {
        "measured_c": instrument_c,
        "distance_m": inputs.distance_m + inputs.distance_share * parameters.distance_m,
        "emissivity": inputs.emissivity,
        "air_c": inputs.air_c,
        "relative_humidity": inputs.relative_humidity,
        "reflected_c": inputs.reflected_c,
    }
    values = np.atleast_1d(np.asarray(apparent, np.float64))
    moved = np.diag([steps[name] for name in names])
    moved = np.concatenate([np.zeros((1, len(names))), np.nan_to_num(moved)])[:, :, None]
    at_one_away = vars(parameters)
    columns = {name: at_one_away[name] + moved[:, i + 1] for i, name in enumerate(at_one_away)}
    answers = surface_of_apparent_c(values + moved[:, 0], **columns, planck=planck)
    shares = {name: np.abs(answers[i + 1] - answers[0]) for i, name in enumerate(names)}
    if np.isnan(instrument_c):
        shares["measured_c"] = np.full_like(values, np.nan)
    return shares


def combined(shares: Mapping[str, Floats], network_k: float = 0.0) -> Floats:
    """(N,) K: the root of the sum of squares, with the network's own error added."""
    squares = sum((share**2 for share in shares.values()), np.float64(network_k**2))
    return np.asarray(np.sqrt(squares))
