"""A CSV of readings -> the same with corrected temperatures, standard uncertainties and flags."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from thermoscout_core import atomic
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.readings import ReadingFlag
from thermoscout_core.thermometry.atmosphere import Floats
from thermoscout_core.thermometry.bp_network import ALL_INPUTS, BpNetwork, Target
from thermoscout_core.thermometry.correction import (
    FILE_NAMES,
    SITE_DEFAULTS,
    Corrector,
)
from thermoscout_core.thermometry.csv_columns import UNCERTAINTY_PREFIX, CsvTable, read_table
from thermoscout_core.thermometry.spot_size import MIN_SPAN_PX, filled_share, filling_c
from thermoscout_core.thermometry.uncertainty import Budget, budget, typical_camera_c

REQUIRED = ("measured_c", "distance_m")
CONDITIONS = ALL_INPUTS[2:]
TARGET_SIZE = "target_size_m"
RESULTS = ("corrected_c", "uncertainty_c", "flags")
CHUNK_ROWS = 4096


@dataclass(frozen=True)
class Setting:
    """What holds for a whole file.

    constants: conditions by input name, for those that are no column. instrument_c: the standard
    uncertainty of measured_c, None for a typical camera's. ifov_rad: what one pixel sees, rad,
    for the column target_size_m; NaN when unknown.
    """

    constants: Mapping[str, float] = field(default_factory=dict)
    instrument_c: float | None = None
    ifov_rad: float = math.nan


@dataclass(frozen=True)
class CorrectedTable:
    """The rows and what came of them: (N,) arrays, a set of flags each. assumed: the conditions
    that are defaults, by input name."""

    table: CsvTable
    corrected_c: Floats
    uncertainty_c: Floats
    by_network: NDArray[np.bool_]
    flags: list[frozenset[ReadingFlag]]
    assumed: Mapping[str, float]

    def write(self, path: Path) -> None:
        """The file's columns, then corrected_c (°C), uncertainty_c (K, standard) and flags
        (separated by spaces); comma-separated, UTF-8, whole or not at all."""
        kept = [i for i, name in enumerate(self.table.header) if name.strip() not in RESULTS]
        stream = io.StringIO(newline="")
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([*(self.table.header[i] for i in kept), *RESULTS])
        for cells, corrected, uncertainty, flags in zip(
            self.table.cells, self.corrected_c, self.uncertainty_c, self.flags, strict=True
        ):
            words = " ".join(sorted(flag.value for flag in flags))
            numbers = (f"{corrected:.4f}", f"{uncertainty:.5f}")
            writer.writerow([*(cells[i] for i in kept), *numbers, words])
        atomic.write_bytes(path, stream.getvalue().encode())


class CsvCorrection:
    """The correction of one CSV file: see :meth:`run` and :meth:`budget_of_row`.

    Raises DatasetError for a file that can't be trusted (csv_columns.read_table), or with rows
    for which no surface temperature exists.
    """

    def __init__(
        self,
        path: Path | str,
        corrector: Corrector,
        network: BpNetwork | None,
        setting: Setting | None = None,
        *,
        trust_units: bool = False,
    ) -> None:
        optional = [FILE_NAMES[name] for name in CONDITIONS]
        named = [UNCERTAINTY_PREFIX + FILE_NAMES[name] for name in ALL_INPUTS]
        self.setting = setting or Setting()
        self.corrector, self.network = corrector, network
        self.table = read_table(
            path, REQUIRED, (*optional, *named, TARGET_SIZE), trust_units=trust_units
        )
        if TARGET_SIZE in self.table.columns and math.isnan(self.setting.ifov_rad):
            raise ConfigurationError(
                f"{self.table.path}: the column {TARGET_SIZE} needs --ifov-mrad"
            )
        self.assumed: dict[str, float] = {}
        self.values = self._values()

    def run(self) -> CorrectedTable:
        """Correct every row."""
        made = self.corrector.correct(self.values)
        self._refuse_impossible(made.surface_c)
        spot_k, too_small = self._spot_size(made.surface_c)
        uncertainty = np.concatenate(
            [
                self._budget(slice(start, start + CHUNK_ROWS), made.by_network, spot_k).standard_k
                for start in range(0, len(self.table), CHUNK_ROWS)
            ]
        )
        flags = self._flags(made.by_network, too_small)
        return CorrectedTable(
            self.table, made.surface_c, uncertainty, made.by_network, flags, self.assumed
        )

    def budget_of_row(self, row: int) -> tuple[float, Budget]:
        """(corrected °C, budget) of the row with that number in the file (the header is 1).

        Raises ConfigurationError when there is no such row.
        """
        if row not in self.table.rows:
            raise ConfigurationError(
                f"{self.table.path}: no row {row}; rows of readings are "
                f"{self.table.rows[0]} to {self.table.rows[-1]}"
            )
        index = list(self.table.rows).index(row)
        made = self.corrector.correct(self.values)
        spot_k, _ = self._spot_size(made.surface_c)
        one = self._budget(slice(index, index + 1), made.by_network, spot_k)
        return float(made.surface_c[index]), one

    def _values(self) -> dict[str, Floats]:
        """The six inputs, (N,): the file's column, the constant, what the network was calibrated
        in, or the default; a reflected temperature that nobody states is the air's."""
        columns, shape = self.table.columns, len(self.table)
        values = {name: columns[name] for name in REQUIRED}
        held = self.network.held if self.network is not None else {}
        for name in CONDITIONS:
            if FILE_NAMES[name] in columns:
                values[name] = columns[FILE_NAMES[name]]
            elif name in self.setting.constants:
                values[name] = np.full(shape, self.setting.constants[name])
            elif name in held:
                values[name] = np.full(shape, sum(held[name]) / 2)
            elif name == "reflected_c":
                values[name] = values["air_c"]
            else:
                self.assumed[name] = getattr(SITE_DEFAULTS, name)
                values[name] = np.full(shape, self.assumed[name])
        return values

    def _uncertainties(self, part: slice) -> dict[str, Floats]:
        """Standard uncertainties by input, (n,): 0 for what the file doesn't state."""
        columns = self.table.columns
        stated = {
            name: columns[UNCERTAINTY_PREFIX + FILE_NAMES[name]][part]
            for name in ALL_INPUTS
            if UNCERTAINTY_PREFIX + FILE_NAMES[name] in columns
        }
        measured = self.values["measured_c"][part]
        known_c = self.setting.instrument_c
        camera = typical_camera_c(measured) if known_c is None else np.full(len(measured), known_c)
        return {"measured_c": camera, **stated}

    def _budget(self, part: slice, by_network: NDArray[np.bool_], spot_k: Floats) -> Budget:
        values = {name: column[part] for name, column in self.values.items()}
        uncertainties = self._uncertainties(part)
        return budget(self.corrector, values, by_network[part], uncertainties, spot_k[part])

    def _refuse_impossible(self, surface_c: Floats) -> None:
        self.table.refuse(
            [
                f"row {self.table.rows[index]}: no surface fits: what is reflected and the air "
                "alone would show more than measured_c; check reflected_c, emissivity, ambient_c"
                for index in np.flatnonzero(~np.isfinite(surface_c))
            ]
        )

    def _spot_size(self, surface_c: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """((N,) K by which a small target is estimated to read wrong before the background of
        the air's temperature, which of them are too small)."""
        nothing = np.zeros(len(surface_c)), np.zeros(len(surface_c), np.bool_)
        if TARGET_SIZE not in self.table.columns:
            return nothing
        pixel = self.values["distance_m"] * self.setting.ifov_rad
        side_px = self.table.columns[TARGET_SIZE] / pixel
        whole = filling_c(
            self.values["measured_c"],
            self.values["air_c"],
            filled_share(side_px),
            self.corrector.planck,
        )
        filled = self.corrector.correct({**self.values, "measured_c": whole}).surface_c
        too_small = side_px < MIN_SPAN_PX
        bias_k = np.nan_to_num(np.abs(filled - surface_c))
        return np.where(too_small, bias_k, 0.0), too_small

    def _flags(
        self, by_network: NDArray[np.bool_], too_small: NDArray[np.bool_]
    ) -> list[frozenset[ReadingFlag]]:
        network = self.network
        by_physics_alone = set(self.assumed)
        by_itself = by_physics_alone
        if network is not None and network.target is not Target.RESIDUAL:
            by_itself = by_physics_alone & set(network.inputs)
        flags = []
        for learnt, small in zip(by_network.tolist(), too_small.tolist(), strict=True):
            found = set()
            if by_itself if learnt else by_physics_alone:
                found.add(ReadingFlag.ASSUMED_CONDITIONS)
            if network is not None and not learnt:
                found.add(ReadingFlag.OUT_OF_CALIBRATION)
            if small:
                found.add(ReadingFlag.TOO_SMALL)
            flags.append(frozenset(found))
        return flags
