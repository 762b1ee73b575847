"""thermoscout calibrate: train the BP network that corrects temperatures."""

from __future__ import annotations

from enum import Enum
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
    from thermoscout_core.thermometry.calibration_table import Comparison


class TargetOption(str, Enum):
    """What the network's output stands for; thermometry.bp_network.Target, or the best of them."""

    BEST = "best"
    SURFACE = "surface"
    RESIDUAL = "residual"


def calibrate(
    output: Annotated[
        Path, typer.Option(help="The network's file, .npz; its card (.md) and plot go beside.")
    ],
    measurements: Annotated[
        Path | None,
        typer.Argument(
            metavar="[CSV]",
            help="Blackbody measurements: true_c, measured_c, distance_m, and optionally "
            "ambient_c, relative_humidity, emissivity, reflected_c. Without it: a simulated "
            "calibration.",
        ),
    ] = None,
    inputs: Annotated[
        str, typer.Option(help="Inputs, separated by commas; left out: all that vary.")
    ] = "",
    nodes: Annotated[
        int | None,
        typer.Option(min=1, max=200, help="Hidden nodes; left out: what the rows can teach."),
    ] = None,
    target: Annotated[
        TargetOption,
        typer.Option(
            help="surface: °C; residual: K to the physics (the hybrid); best: whichever errs less "
            "in the table."
        ),
    ] = TargetOption.BEST,
    folds: Annotated[
        int, typer.Option(min=2, help="Of the cross-validation of measured rows.")
    ] = 5,
    samples: Annotated[int, typer.Option(min=100, help="Simulated rows to train on.")] = 25000,
    noise: Annotated[float, typer.Option(min=0.0, help="Simulated camera noise, K.")] = 0.05,
    steps: Annotated[int, typer.Option(min=1, help="Most Levenberg–Marquardt steps.")] = 400,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all that is random.")] = 0,
    ambient_c: AmbientC = None,
    relative_humidity: RelativeHumidity = None,
    emissivity: Emissivity = None,
    reflected_c: ReflectedC = None,
    planck: Planck = "",
    trust_units: TrustUnits = False,
) -> None:
    """Train the BP network on a CSV of blackbody measurements or on a simulated calibration.

    Prints the errors on rows that were not trained on (held out, and cross-validated), beside no
    correction, linear interpolation, multiple linear regression, the analytic inverse and the
    hybrid; writes the network, its card and a plot of residuals. docs/calibration.md is the guide.
    """
    import numpy as np

    from thermoscout_core.errors import ModelError
    from thermoscout_core.thermometry.bp_network import Target
    from thermoscout_core.thermometry.calibration_card import write_card
    from thermoscout_core.thermometry.calibration_data import read_csv
    from thermoscout_core.thermometry.calibration_plot import write_plot
    from thermoscout_core.thermometry.calibration_runs import Run

    if output.suffix != ".npz":
        raise ModelError(f"--output {output}: a BP network's file ends in .npz")
    wanted = None if target is TargetOption.BEST else Target(target.value)
    names = tuple(name.strip() for name in inputs.split(",")) if inputs else None
    run = Run(names, nodes, wanted, steps, seed, say=_progress)
    curve = planck_constants(planck)
    if measurements is None:
        network, comparisons = run.simulated(samples, noise, curve)
    else:
        constants = stated(ambient_c, relative_humidity, emissivity, reflected_c)
        data = read_csv(measurements, curve, constants, trust_units=trust_units)
        network, comparisons = run.measured(data, folds, np.random.default_rng(seed))
    for comparison in comparisons:
        _print(comparison)
    output.parent.mkdir(parents=True, exist_ok=True)
    network.save(output)
    sections = [(comparison.title, comparison.figures()) for comparison in comparisons]
    plot = write_plot(output.with_suffix(".png"), comparisons[0], network.target)
    typer.echo(f"network  {output} ({network.target.value})")
    typer.echo(f"plot     {plot}")
    typer.echo(f"card     {write_card(output, network, _command(), sections)}")


def _progress(said: str) -> None:
    typer.echo(f"… {said}", err=True)


def _print(comparison: Comparison) -> None:
    from rich.console import Console
    from rich.table import Table

    from thermoscout_core.thermometry.calibration_card import HEADINGS, cells

    table = Table(title=f"{comparison.title}; absolute errors in K", title_justify="left")
    for index, heading in enumerate(HEADINGS):
        table.add_column(heading, justify="left" if index < 2 else "right")
    for row in comparison.figures():
        table.add_row(*cells(row))
    Console().print(table)


def _command() -> str:
    """The command line as it was given, without the path of the program."""
    import shlex
    import sys

    return "thermoscout " + shlex.join(sys.argv[1:])
