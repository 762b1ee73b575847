"""Float temperatures as counts: the formats that store °C meet the ones that store counts.

A :class:`ThermalFrame` holds uint16 counts with a linear scale. Temperatures are coded at
10 mK per count from absolute zero on (the coding that FLIR calls TemperatureLinear10mK), which
rounds by at most 5 mK; hotter scenes take the next coarser step that holds them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.errors import ThermogramError
from thermoscout_core.frames import COUNT_MAX, Counts, LinearScale

ABSOLUTE_ZERO_C = -273.15
STEPS_C = (0.01, 0.02, 0.05, 0.1)
"""°C per count, finest first: up to 382, 1037, 3003 and 6280 °C."""


@dataclass(frozen=True)
class CodedCelsius:
    """counts (H, W) uint16; the scale that reads them; the (H, W) mask of pixels without a
    measurement, or None when every pixel has one."""

    counts: Counts
    scale: LinearScale
    invalid: NDArray[np.bool_] | None


def encode_celsius(celsius: NDArray[np.floating], source: str) -> CodedCelsius:
    """°C (H, W), NaN or infinite where not measured -> counts, scale and mask.

    source: the file, for the message. Raises ThermogramError when no pixel is finite, or when a
    value can't be a temperature in °C (below absolute zero, or above 6,280 °C).
    """
    valid = np.isfinite(celsius)
    if not valid.any():
        raise ThermogramError(f"{source}: no pixel holds a temperature (all are NaN or infinite)")
    low, high = float(celsius[valid].min()), float(celsius[valid].max())
    ceiling = ABSOLUTE_ZERO_C + STEPS_C[-1] * COUNT_MAX
    if low < ABSOLUTE_ZERO_C or high > ceiling:
        raise ThermogramError(
            f"{source}: values from {low:g} to {high:g} are no temperatures in °C; store °C, "
            "or 16-bit counts with a scale.yaml"
        )
    step_c = next(step for step in STEPS_C if high <= ABSOLUTE_ZERO_C + step * COUNT_MAX)
    scale = LinearScale(step_c, ABSOLUTE_ZERO_C)
    whole = bool(valid.all())
    counts = scale.to_counts(celsius if whole else np.where(valid, celsius, ABSOLUTE_ZERO_C))
    return CodedCelsius(counts, scale, None if whole else ~valid)
