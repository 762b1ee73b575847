"""A table of all 65,536 counts: for one distance and one air the correction is a function of the
count alone, so a frame of 330,000 pixels is corrected by looking up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.frames import COUNT_MAX, LinearScale, ObjectParameters, Radiometry
from thermoscout_core.thermometry.atmosphere import Floats

KNOT_COUNTS = 8
"""The table is evaluated at every 8th count and linear between: at 0.1 K a count that is
worth less than 2 mK from −40 °C up."""
TABLE_DISTANCE_M, TABLE_DISTANCE_SHARE = 0.05, 0.005
TABLE_AIR_C = 0.1
TABLE_HUMIDITY = 0.01
"""The table is kept until the distance moves by more than 5 cm or 0.5 %, the air or the reflected
temperature by 0.1 K or the humidity by 0.01: together less than 0.06 K at 80 °C up to 50 m."""


@dataclass(frozen=True)
class CountTable:
    """Count -> corrected °C, (65536,) float32, and what it was made for; parameters None where
    nothing is corrected."""

    radiometry: Radiometry
    parameters: ObjectParameters | None
    celsius: NDArray[np.float32]

    def holds_for(self, radiometry: Radiometry, parameters: ObjectParameters | None) -> bool:
        """Whether the table still serves: same scale, conditions hardly moved."""
        old, new = self.parameters, parameters
        if not _same(radiometry, self.radiometry) or (old is None) != (new is None):
            return False
        if old is None or new is None:
            return True
        return (
            abs(new.distance_m - old.distance_m)
            <= max(TABLE_DISTANCE_M, TABLE_DISTANCE_SHARE * old.distance_m)
            and abs(new.air_c - old.air_c) <= TABLE_AIR_C
            and abs(new.relative_humidity - old.relative_humidity) <= TABLE_HUMIDITY
            and new.emissivity == old.emissivity
            and abs(new.reflected_c - old.reflected_c) <= TABLE_AIR_C
        )


def make_table(
    radiometry: Radiometry,
    scale: LinearScale,
    parameters: ObjectParameters | None,
    correct: Callable[[Floats], Floats],
) -> CountTable:
    """correct: the camera's °C (N,) -> corrected °C (N,)."""
    knots = np.arange(0, COUNT_MAX + 1 + KNOT_COUNTS, KNOT_COUNTS, dtype=np.float64)
    corrected = correct(knots * scale.gain_c_per_count + scale.offset_c)
    left, step = corrected[:-1, None], np.diff(corrected)[:, None]
    celsius = left + step * (np.arange(KNOT_COUNTS) / KNOT_COUNTS)
    return CountTable(radiometry, parameters, celsius.ravel().astype(np.float32))


def _same(one: Radiometry, other: Radiometry) -> bool:
    """Equal in what a count means; NaN fields make dataclasses unequal to themselves."""
    return one is other or (
        one.scale == other.scale
        and one.planck == other.planck
        and repr(one.applied) == repr(other.applied)
    )
