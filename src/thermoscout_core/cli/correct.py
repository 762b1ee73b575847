"""thermoscout correct: correct a CSV of readings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thermoscout_core.cli.camera_options import (
    AmbientC,
    Emissivity,
    Planck,
    ReflectedC,
    RelativeHumidity,
    TrustUnits,
    planck_constants,
    stated,
)

if TYPE_CHECKING:
    from thermoscout_core.thermometry.correction_table import CorrectedTable, CsvCorrection

PHYSICS = "physics"
MANY_DEGREES = 1e6
"""More degrees of freedom than this are as good as infinite."""


def correct(
    source: Annotated[Path, typer.Option("--input", help="CSV of readings.")],
    output: Annotated[Path, typer.Option(help="CSV that is written.")],
    model: Annotated[
        str,
        typer.Option(
            help="Network made by `thermoscout calibrate` (.npz), or the word physics for the "
            "equations alone; left out: the shipped one."
        ),
    ] = "",
    instrument_uncertainty_c: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            help="Standard uncertainty of measured_c, K; left out: a typical camera's "
            "(±2 °C or ±2 %, rectangular).",
        ),
    ] = None,
    budget: Annotated[
        int | None,
        typer.Option(
            metavar="ROW",
            help="Print that row's uncertainty budget (the header is row 1): standard "
            "uncertainty u, sensitivity in K per unit, contribution, degrees of freedom.",
        ),
    ] = None,
    ambient_c: AmbientC = None,
    relative_humidity: RelativeHumidity = None,
    emissivity: Emissivity = None,
    reflected_c: ReflectedC = None,
    planck: Planck = "",
    ifov_mrad: Annotated[
        float | None,
        typer.Option(min=0.0, help="What one pixel sees, mrad; for the column target_size_m."),
    ] = None,
    trust_units: TrustUnits = False,
) -> None:
    """Correct temperatures for distance, air, emissivity and reflection.

    The CSV has measured_c (the apparent blackbody temperature: what a camera set to emissivity 1
    and distance 0 shows) and distance_m, and as a rule ambient_c, relative_humidity (0..1),
    emissivity, reflected_c. u_distance_m, u_emissivity, … state standard uncertainties, 0 where
    absent; target_size_m finds targets of less than 3x3 pixels. Written are its columns with
    corrected_c, uncertainty_c (standard) and flags (out_of_calibration: by physics, outside what
    the network has learnt; assumed_conditions: a condition is a default; too_small).
    """
    import math

    from thermoscout_core.thermometry.bp_network import BpNetwork
    from thermoscout_core.thermometry.correction import Corrector
    from thermoscout_core.thermometry.correction_table import CsvCorrection, Setting

    network = None if model == PHYSICS else BpNetwork.load(model or None)
    curve = planck_constants(planck) if planck or network is None else network.planck
    setting = Setting(
        stated(ambient_c, relative_humidity, emissivity, reflected_c),
        instrument_uncertainty_c,
        math.nan if ifov_mrad is None else ifov_mrad / 1000.0,
    )
    correction = CsvCorrection(
        source, Corrector(network, curve), network, setting, trust_units=trust_units
    )
    result = correction.run()
    if budget is not None:
        _print_budget(correction, budget)
    output.parent.mkdir(parents=True, exist_ok=True)
    result.write(output)
    _summarise(result, output)


def _summarise(result: CorrectedTable, output: Path) -> None:
    """What was done, on stderr."""
    from collections import Counter

    learnt = int(result.by_network.sum())
    rows = len(result.table)
    typer.echo(f"{output}: {rows} rows, {learnt} by the network", err=True)
    counts = Counter(flag.value for flags in result.flags for flag in flags)
    for name, count in sorted(counts.items()):
        typer.echo(f"{name}: {count} rows", err=True)
    if result.assumed:
        said = ", ".join(f"{name} {value:g}" for name, value in result.assumed.items())
        typer.echo(f"no column, and no option, for these; taken as: {said}", err=True)


def _print_budget(correction: CsvCorrection, row: int) -> None:
    from rich.console import Console
    from rich.table import Table

    from thermoscout_core.thermometry.correction import FILE_NAMES

    corrected_c, made = correction.budget_of_row(row)
    standard, factor = float(made.standard_k[0]), made.coverage_factor(0)
    table = Table(
        title=f"Row {row}: {corrected_c:.2f} °C, standard uncertainty {standard:.3f} K",
        title_justify="left",
    )
    headings = ("source", "value", "u", "sensitivity", "contribution, K", "ν")
    for heading in headings:
        is_source = heading == "source"
        table.add_column(heading, justify="left" if is_source else "right", no_wrap=is_source)
    for line in made.lines(0):
        table.add_row(
            FILE_NAMES.get(line.source, line.source),
            _number(line.value),
            _number(line.uncertainty),
            _number(line.sensitivity),
            f"{line.contribution_k:.4f}",
            _number(line.freedom),
        )
    Console().print(table)
    typer.echo(
        f"95 % coverage: {corrected_c:.2f} ± {factor * standard:.2f} °C "
        f"(k = {factor:.2f}, effective degrees of freedom {_number(made.effective_freedom(0))})"
    )


def _number(value: float) -> str:
    import math

    if math.isnan(value):
        return "–"
    return "∞" if value > MANY_DEGREES else f"{value:.4g}"
