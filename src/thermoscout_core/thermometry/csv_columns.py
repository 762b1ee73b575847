"""Columns of a user's CSV of temperatures, checked before anything is computed from them.

Rows are numbered as a spreadsheet numbers them: the header is row 1. What is wrong is refused
with its rows and the remedy; nothing is skipped or repaired in silence.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from thermoscout_core.errors import DatasetError
from thermoscout_core.thermometry.atmosphere import ZERO_C_IN_K, Floats

ALIASES = {"air_c": "ambient_c"}
"""Another name of a column -> its name in files. The network's input air_c is ambient_c there."""
NOT_C = "give °C, not K or °F"
PLAUSIBLE: Mapping[str, tuple[float, float, str]] = {
    "true_c": (-60.0, 1000.0, NOT_C),
    "measured_c": (-60.0, 1000.0, NOT_C),
    "distance_m": (1e-3, 1000.0, "give metres, above 0"),
    "ambient_c": (-60.0, 60.0, NOT_C),
    "relative_humidity": (0.0, 1.0, "give 0.5, not 50"),
    "emissivity": (0.01, 1.0, "give a share 0..1"),
    "reflected_c": (-100.0, 300.0, NOT_C),
    "target_size_m": (1e-4, 100.0, "give metres, above 0"),
}
"""Column -> (lowest, highest, remedy): a value outside is a mistake, whatever the others say."""
USUAL_C: Mapping[str, tuple[float, float]] = {
    "true_c": (-40.0, 180.0),
    "measured_c": (-40.0, 180.0),
    "ambient_c": (-40.0, 50.0),
    "reflected_c": (-60.0, 80.0),
}
"""Where a column of °C lies as a rule: a whole column elsewhere is in another unit."""
MIN_ROWS_KELVIN, MIN_ROWS_FAHRENHEIT = 3, 10
UNUSUAL_SHARE = 0.2
SHOWN_PROBLEMS = 5
UNCERTAINTY_PREFIX = "u_"


@dataclass(frozen=True)
class CsvTable:
    """A CSV file as it was given. header, cells: as text; rows: the number of each row in the
    file; columns: (N,) arrays by name, of the known columns."""

    path: Path
    header: Sequence[str]
    cells: Sequence[Sequence[str]]
    rows: Sequence[int]
    columns: Mapping[str, Floats]

    def __len__(self) -> int:
        return len(self.cells)

    def refuse(self, problems: Sequence[str]) -> None:
        """Raise DatasetError with the first few problems, if there are any."""
        refuse(self.path, problems)


def refuse(path: Path, problems: Sequence[str]) -> None:
    """Raise DatasetError naming the file and the first few problems, if there are any."""
    if problems:
        more = len(problems) - SHOWN_PROBLEMS
        rest = f"; and {more} more" if more > 0 else ""
        raise DatasetError(f"{path}: " + "; ".join(problems[:SHOWN_PROBLEMS]) + rest)


@dataclass
class _Reader:
    path: Path
    known: Mapping[str, tuple[float, float, str]]
    problems: list[str] = field(default_factory=list)

    def names(self, header: Sequence[str], required: Collection[str]) -> list[str]:
        names = [ALIASES.get(name.strip(), name.strip()) for name in header]
        missing = [name for name in required if name not in names]
        if missing:
            optional = ", ".join(name for name in self.known if name not in required)
            raise DatasetError(
                f"{self.path}: no column {', '.join(missing)}; the first row must name the "
                f"columns {', '.join(required)} and may name {optional}"
            )
        twice = sorted({name for name in names if names.count(name) > 1 and name in self.known})
        if twice:
            raise DatasetError(f"{self.path}: column {', '.join(twice)} is there twice; keep one")
        return names

    def number(self, text: str) -> float:
        try:
            return float(text)
        except ValueError:
            return math.nan

    def check(self, name: str, values: Floats, texts: Sequence[str], rows: Sequence[int]) -> None:
        low, high, remedy = self.known[name]
        for index in np.flatnonzero(~((values >= low) & (values <= high))):
            text = texts[index]
            where = f"row {rows[index]}: {name}"
            if math.isnan(values[index]):
                comma = " (with a decimal point)" if "," in text else ""
                self.problems.append(f"{where} is {text!r}; give a number{comma}")
            else:
                self.problems.append(f"{where} = {text!r} is outside {low:g}..{high:g}; {remedy}")


def read_table(
    path: Path | str,
    required: Collection[str],
    optional: Collection[str],
    *,
    trust_units: bool = False,
) -> CsvTable:
    """Read a CSV with those columns: see PLAUSIBLE; u_NAME is the standard uncertainty of NAME.

    Other columns are kept as text. Separators: comma, semicolon or tab. trust_units: don't look
    for columns in °F or K. Raises DatasetError naming the rows that hold no plausible number, a
    missing or repeated column, a column in °F or K, or a file without rows.
    """
    file = Path(path)
    known = {name: _limits(name) for name in (*required, *optional)}
    reader = _Reader(file, known)
    header, cells, rows = _cells(file)
    names = reader.names(header, required)
    for row, line in zip(rows, cells, strict=True):
        if len(line) != len(names):
            reader.problems.append(
                f"row {row} has {len(line)} cells, the header {len(names)}; fill the row"
            )
    refuse(file, reader.problems)
    columns: dict[str, Floats] = {}
    for index, name in enumerate(names):
        if name not in known:
            continue
        texts = [line[index].strip() for line in cells]
        columns[name] = np.array([reader.number(text) for text in texts], np.float64)
        unit = None if trust_units else suspected_unit(name, columns[name])
        if unit:
            low, high = columns[name].min(), columns[name].max()
            reader.problems.append(
                f"column {name} (rows {rows[0]} to {rows[-1]}, {low:g} to {high:g}) looks like "
                f"{unit}; give °C, or add --trust-units if it is °C"
            )
        else:
            reader.check(name, columns[name], texts, rows)
    refuse(file, reader.problems)
    return CsvTable(file, header, cells, rows, columns)


def _limits(name: str) -> tuple[float, float, str]:
    if name.startswith(UNCERTAINTY_PREFIX):
        return 0.0, 1000.0, "give a standard uncertainty, 0 or more"
    return PLAUSIBLE[name]


def _cells(file: Path) -> tuple[list[str], list[list[str]], list[int]]:
    """(header, cells of the rows that aren't blank, their numbers)."""
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            first = stream.readline()
            stream.seek(0)
            separator = max(",;\t", key=first.count)
            reader = csv.reader(stream, delimiter=separator)
            header = next(reader, [])
            lines = [(reader.line_num, line) for line in reader if any(map(str.strip, line))]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{file}: no readable CSV file ({error})") from None
    if not lines:
        raise DatasetError(f"{file}: no rows; the first row names the columns, data follow")
    return header, [line for _, line in lines], [row for row, _ in lines]


def suspected_unit(name: str, values: Floats) -> str | None:
    """The unit that a column of temperatures seems to be in when it isn't °C, by its range.

    Kelvin: every value is too hot to be usual as °C, and usual as K. Fahrenheit: a fifth or more
    are too hot as °C, and every one is usual as °F; hot equipment takes more rows to be told
    from that.
    """
    if name not in USUAL_C:
        return None
    low, high = USUAL_C[name]
    too_hot = values > high
    kelvin, fahrenheit = values - ZERO_C_IN_K, (values - 32.0) / 1.8

    def fits(celsius: Floats) -> bool:
        return bool(((celsius >= low) & (celsius <= high)).all())

    if len(values) >= MIN_ROWS_KELVIN and too_hot.all() and fits(kelvin):
        return "kelvin"
    if len(values) >= MIN_ROWS_FAHRENHEIT and too_hot.mean() >= UNUSUAL_SHARE and fits(fahrenheit):
        return "degrees Fahrenheit"
    return None
