"""Calibration rows: what a camera read, under which conditions, against the true temperature.

They come from a simulated calibration (the physics plus the camera's noise) or from a user's CSV
of blackbody measurements; each set says which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.frames import PlanckConstants
from thermoscout_core.thermometry.atmosphere import (
    SC660,
    ZERO_C_IN_K,
    Floats,
    apparent_of_surface_c,
)
from thermoscout_core.thermometry.bp_network import ALL_INPUTS
from thermoscout_core.thermometry.correction import FILE_NAMES, SITE_DEFAULTS
from thermoscout_core.thermometry.csv_columns import CsvTable, read_table, refuse

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

    @property
    def varying(self) -> tuple[str, ...]:
        """The inputs that vary: only these can be learnt."""
        return tuple(n for n in ALL_INPUTS if n in self.values and np.ptp(self.values[n]) > 1e-9)

    def take(self, rows: NDArray[np.intp]) -> CalibrationSet:
        """The rows of those indices."""
        values = {name: column[rows] for name, column in self.values.items()}
        return CalibrationSet(values, self.true_c[rows], self.origin, self.planck)

    def drifted(self, gain: float, offset_c: float) -> CalibrationSet:
        """The same as seen by a camera that shows gain · T + offset_c instead of T."""
        shown = {**self.values, "measured_c": gain * self.values["measured_c"] + offset_c}
        return CalibrationSet(shown, self.true_c, self.origin, self.planck)

    def split(
        self, hold_out: float, rng: np.random.Generator
    ) -> tuple[CalibrationSet, CalibrationSet]:
        """(training, hold-out) at random; hold_out is a share 0..1."""
        order = rng.permutation(len(self))
        count = max(1, round(hold_out * len(self)))
        return self.take(order[count:]), self.take(order[:count])

    def folds(self, count: int, rng: np.random.Generator) -> list[NDArray[np.intp]]:
        """The row indices, at random, in count parts of nearly the same size."""
        return [np.sort(part) for part in np.array_split(rng.permutation(len(self)), count)]


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
    (0.0, 150.0),
    (1.0, 50.0),
    (SITE_DEFAULTS.air_c,) * 2,
    (SITE_DEFAULTS.relative_humidity,) * 2,
    (SITE_DEFAULTS.emissivity,) * 2,
    (SITE_DEFAULTS.air_c,) * 2,
)
"""The paper's two inputs can only serve one air, emissivity and reflection: the defaults."""


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


MIN_ROWS = 30
CONTRADICTION_K = 2.0
WRONG_UNIT_K, WRONG_UNIT_SHARE = 10.0, 0.3


def read_csv(
    path: Path | str,
    planck: PlanckConstants = SC660,
    constants: Mapping[str, float] | None = None,
    *,
    trust_units: bool = False,
) -> CalibrationSet:
    """A user's blackbody measurements: columns true_c, measured_c, distance_m and, optionally,
    ambient_c, relative_humidity 0..1, emissivity, reflected_c; one row a measurement.

    constants: conditions, by input name, that held in every row and are no column of the file.
    Raises DatasetError naming the rows that are implausible, repeated or contradictory, a
    missing column, a column in another unit, or too few rows.
    """
    optional = tuple(FILE_NAMES[name] for name in ALL_INPUTS[2:])
    needed = ("true_c", "measured_c", "distance_m")
    table = read_table(path, needed, optional, trust_units=trust_units)
    columns = {name: table.columns[FILE_NAMES[name]] for name in ALL_INPUTS
               if FILE_NAMES[name] in table.columns}  # fmt: skip
    true_c = table.columns["true_c"]
    if not trust_units:
        refuse(table.path, _wrong_unit(columns["measured_c"], true_c))
    refuse(table.path, _repeated(table, true_c, columns) + _contradictory(table, true_c, columns))
    if len(table) < MIN_ROWS:
        refuse(
            table.path,
            [f"{len(table)} rows; a calibration needs at least {MIN_ROWS}: measure more points"],
        )
    held = {name: np.full(len(table), value) for name, value in (constants or {}).items()}
    return CalibrationSet({**held, **columns}, true_c, f"measured ({table.path.name})", planck)


def _wrong_unit(measured: Floats, true_c: Floats) -> list[str]:
    """What the camera read and the truth, in different units?"""
    offsets = {"kelvin": (ZERO_C_IN_K, 1.0), "degrees Fahrenheit": (32.0, 1.8)}
    gap = float(np.median(np.abs(measured - true_c)))
    problems = []
    for unit, (zero, degree) in offsets.items():
        for name, difference in (
            ("measured_c", (measured - zero) / degree - true_c),
            ("true_c", measured - (true_c - zero) / degree),
        ):
            converted = float(np.median(np.abs(difference)))
            if gap > WRONG_UNIT_K and converted < WRONG_UNIT_SHARE * gap:
                problems.append(
                    f"measured_c and true_c differ by {gap:.0f} K, but by {converted:.1f} K if "
                    f"{name} (every row) is in {unit}; give °C, or add --trust-units"
                )
    return problems[:1]


def _keys(columns: Sequence[Floats]) -> list[tuple[float, ...]]:
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _repeated(table: CsvTable, true_c: Floats, columns: Mapping[str, Floats]) -> list[str]:
    """Rows that say the same, or the same of different truths."""
    seen: dict[tuple[float, ...], int] = {}
    problems = []
    for index, key in enumerate(_keys(list(columns.values()))):
        first = seen.setdefault(key, index)
        gap = abs(true_c[index] - true_c[first])
        here, there = table.rows[index], table.rows[first]
        if first != index and gap == 0:
            problems.append(f"row {here} repeats row {there}; remove one")
        elif first != index and gap > CONTRADICTION_K:
            problems.append(
                f"rows {there} and {here} have the same inputs but true_c differs by "
                f"{gap:.1f} K; measure again or add the column that tells them apart"
            )
    return problems


def _contradictory(table: CsvTable, true_c: Floats, columns: Mapping[str, Floats]) -> list[str]:
    """Rows of the same truth and conditions in which the camera read something else."""
    measured = columns["measured_c"]
    conditions = [column for name, column in columns.items() if name != "measured_c"]
    seen: dict[tuple[float, ...], int] = {}
    problems = []
    for index, key in enumerate(_keys([true_c, *conditions])):
        first = seen.setdefault(key, index)
        gap = abs(measured[index] - measured[first])
        if gap > CONTRADICTION_K:
            problems.append(
                f"rows {table.rows[first]} and {table.rows[index]} have the same truth and "
                f"conditions but measured_c differs by {gap:.1f} K; measure again or add the "
                "column that tells them apart"
            )
    return problems
