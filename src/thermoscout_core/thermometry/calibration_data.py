"""Calibration rows: what a camera read, under which conditions, against the true temperature.

They come from a simulated calibration (the physics plus the camera's noise) or from a user's CSV
of blackbody measurements; each set says which.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.errors import DatasetError
from thermoscout_core.frames import PlanckConstants
from thermoscout_core.thermometry.atmosphere import SC660, Floats, apparent_of_surface_c
from thermoscout_core.thermometry.bp_network import ALL_INPUTS

SIMULATED = "simulated"
EDGE_SHARE = 0.3
"""Share of simulated conditions drawn towards the edges (Beta(½, ½)), where a fit is worst."""


@dataclass(frozen=True)
class CalibrationSet:
    """N rows. values: (N,) arrays by input name; true_c: (N,) °C. origin: in words."""

    values: Mapping[str, Floats]
    true_c: Floats
    origin: str
    planck: PlanckConstants = SC660

    def __len__(self) -> int:
        return len(self.true_c)

    @property
    def is_simulated(self) -> bool:
        return self.origin == SIMULATED

    @property
    def has_all_inputs(self) -> bool:
        return all(name in self.values for name in ALL_INPUTS)

    def take(self, rows: NDArray[np.intp]) -> CalibrationSet:
        """The rows of those indices."""
        values = {name: column[rows] for name, column in self.values.items()}
        return CalibrationSet(values, self.true_c[rows], self.origin, self.planck)

    def split(
        self, hold_out: float, rng: np.random.Generator
    ) -> tuple[CalibrationSet, CalibrationSet]:
        """(training, hold-out) at random; hold_out is a share 0..1."""
        order = rng.permutation(len(self))
        count = max(1, round(hold_out * len(self)))
        return self.take(order[count:]), self.take(order[:count])


@dataclass(frozen=True)
class Conditions:
    """Ranges (low, high) of a simulated calibration; low = high holds a quantity fixed.

    The default is what the shipped network is trained on: somewhat wider than what is asked of
    it (ASKED), so that nothing asked lies at the edge of the domain.
    """

    true_c: tuple[float, float] = (-20.0, 180.0)
    distance_m: tuple[float, float] = (0.5, 60.0)
    air_c: tuple[float, float] = (-15.0, 45.0)
    relative_humidity: tuple[float, float] = (0.1, 1.0)
    emissivity: tuple[float, float] = (0.80, 1.0)
    reflected_c: tuple[float, float] = (-40.0, 60.0)

    def describe(self) -> dict[str, list[float]]:
        return {name: list(limits) for name, limits in vars(self).items()}


ASKED = Conditions(
    (0.0, 150.0), (1.0, 50.0), (-10.0, 40.0), (0.2, 0.95), (0.85, 0.98), (-40.0, 50.0)
)
"""The conditions under which the network's error is quoted."""
SEED_PAPER = Conditions(
    (0.0, 150.0), (1.0, 50.0), (20.0,) * 2, (0.5,) * 2, (0.95,) * 2, (20.0,) * 2
)
"""The paper's two inputs can only serve one air, emissivity and reflection: these."""


def simulate(
    conditions: Conditions,
    count: int,
    rng: np.random.Generator,
    *,
    noise_k: float = 0.05,
    edge_share: float = 0.0,
    planck: PlanckConstants = SC660,
) -> CalibrationSet:
    """A simulated calibration: count conditions, uniform but for edge_share of them, seen by a
    camera with Gaussian noise of noise_k (K, standard deviation)."""
    limits = np.array(list(vars(conditions).values()))
    share = rng.random((count, len(limits)))
    at_edge = rng.random((count, 1)) < edge_share
    share = np.where(at_edge, rng.beta(0.5, 0.5, share.shape), share)
    drawn = limits[:, 0] + share * (limits[:, 1] - limits[:, 0])
    columns = dict(zip(vars(conditions), drawn.T, strict=True))
    true_c = columns.pop("true_c")
    measured = apparent_of_surface_c(true_c, **columns, planck=planck)
    measured = measured + rng.normal(0.0, noise_k, count)
    return CalibrationSet({"measured_c": measured, **columns}, true_c, SIMULATED, planck)


ALIASES = {"ambient_c": "air_c"}
PLAUSIBLE: Mapping[str, tuple[float, float, str]] = {
    "true_c": (-60.0, 1000.0, "give °C, not K or °F"),
    "measured_c": (-60.0, 1000.0, "give °C, not K or °F"),
    "distance_m": (1e-3, 1000.0, "give metres, above 0"),
    "air_c": (-60.0, 60.0, "give °C, not K or °F"),
    "relative_humidity": (0.0, 1.0, "give 0.5, not 50"),
    "emissivity": (0.01, 1.0, "give a share 0..1"),
    "reflected_c": (-100.0, 300.0, "give °C, not K or °F"),
}
MIN_ROWS = 30
CONTRADICTION_K = 5.0


@dataclass
class _Columns:
    """CSV columns while they are read, with what is wrong with each row."""

    values: dict[str, list[float]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def take(self, name: str, text: str | None, line: int) -> None:
        low, high, remedy = PLAUSIBLE[name]
        try:
            value = float(text or "")
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            self.problems.append(
                f"row {line}: {name} = {text!r} is outside {low}..{high}; {remedy}"
            )
        self.values.setdefault(name, []).append(value)


def read_csv(path: Path | str, planck: PlanckConstants = SC660) -> CalibrationSet:
    """A user's blackbody measurements: columns true_c, measured_c, distance_m and, optionally,
    air_c (or ambient_c), relative_humidity 0..1, emissivity, reflected_c; one row a measurement.

    Raises DatasetError naming the rows that are implausible, repeated or contradictory, a
    missing column, or too few rows.
    """
    file = Path(path)
    columns = _Columns()
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            names = [ALIASES.get(name.strip(), name.strip()) for name in reader.fieldnames or []]
            missing = {"true_c", "measured_c", "distance_m"} - set(names)
            if missing:
                raise DatasetError(
                    f"{file}: no column {', '.join(sorted(missing))}; a calibration CSV has "
                    f"true_c, measured_c, distance_m and may have {', '.join(ALL_INPUTS[2:])}"
                )
            reader.fieldnames = names
            for row in reader:
                for name in names:
                    if name in PLAUSIBLE:
                        columns.take(name, row[name], reader.line_num)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{file}: no readable CSV file ({error})") from None
    arrays = {name: np.array(column) for name, column in columns.values.items()}
    problems = columns.problems or _repeated(arrays)
    if problems:
        more = f"; and {len(problems) - 5} more" if len(problems) > 5 else ""
        raise DatasetError(f"{file}: " + "; ".join(problems[:5]) + more)
    count = len(arrays.get("true_c", ()))
    if count < MIN_ROWS:
        raise DatasetError(f"{file}: {count} rows; a calibration needs at least {MIN_ROWS}")
    true_c = arrays.pop("true_c")
    return CalibrationSet(arrays, true_c, f"measured ({file.name})", planck)


def _repeated(arrays: Mapping[str, Floats]) -> list[str]:
    """Rows with the same inputs as an earlier one: duplicates, or contradictions in true_c."""
    if not arrays:
        return []
    seen: dict[tuple[float, ...], int] = {}
    problems = []
    truth = arrays["true_c"]
    inputs = [arrays[name] for name in arrays if name != "true_c"]
    for index, key in enumerate(zip(*(column.tolist() for column in inputs), strict=True)):
        first = seen.setdefault(key, index)
        gap = abs(truth[index] - truth[first])
        if first != index and gap == 0:
            problems.append(f"row {index + 2} repeats row {first + 2}; remove one")
        elif first != index and gap > CONTRADICTION_K:
            problems.append(
                f"rows {first + 2} and {index + 2} have the same inputs but true_c differs by "
                f"{gap:.1f} K; measure again or add the column that tells them apart"
            )
    return problems
