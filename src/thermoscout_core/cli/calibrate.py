"""thermoscout calibrate: train the BP network that corrects temperatures."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from thermoscout_core.thermometry.bp_network import BpNetwork
    from thermoscout_core.thermometry.calibration import ErrorFigures
    from thermoscout_core.thermometry.calibration_data import CalibrationSet

    Sections = list[tuple[str, Sequence[ErrorFigures]]]

SHIPPED_INPUTS = "measured_c,distance_m,air_c,relative_humidity,emissivity,reflected_c"


class TargetOption(str, Enum):
    """What the network's output stands for; thermometry.bp_network.Target."""

    SURFACE = "surface"
    CORRECTION = "correction"
    RESIDUAL = "residual"


def calibrate(
    output: Annotated[Path, typer.Option(help="The network's file, .npz; its card goes beside.")],
    measurements: Annotated[
        Path | None,
        typer.Argument(
            metavar="[CSV]",
            help="Blackbody measurements: true_c, measured_c, distance_m, and optionally air_c, "
            "relative_humidity, emissivity, reflected_c. Without it: a simulated calibration.",
        ),
    ] = None,
    inputs: Annotated[str, typer.Option(help="Inputs, separated by commas.")] = SHIPPED_INPUTS,
    nodes: Annotated[int, typer.Option(min=1, max=200, help="Hidden nodes.")] = 30,
    target: Annotated[
        TargetOption,
        typer.Option(help="surface: °C; correction: K to the measured; residual: to the physics."),
    ] = TargetOption.SURFACE,
    samples: Annotated[int, typer.Option(min=100, help="Simulated rows to train on.")] = 25000,
    noise: Annotated[float, typer.Option(min=0.0, help="Simulated camera noise, K.")] = 0.05,
    steps: Annotated[int, typer.Option(min=1, help="Most Levenberg–Marquardt steps.")] = 400,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all that is random.")] = 0,
) -> None:
    """Train the BP network on a CSV of blackbody measurements or on a simulated calibration.

    Prints its errors on rows it has not seen, beside no correction, linear interpolation,
    multiple linear regression and the analytic inverse, and writes the network and its card.
    """
    import numpy as np

    from thermoscout_core.errors import ModelError
    from thermoscout_core.thermometry.bp_network import Target
    from thermoscout_core.thermometry.calibration import compare, train, with_residuals
    from thermoscout_core.thermometry.calibration_card import write_card
    from thermoscout_core.thermometry.calibration_data import read_csv

    if output.suffix != ".npz":
        raise ModelError(f"--output {output}: a BP network's file ends in .npz")
    names = tuple(name.strip() for name in inputs.split(","))
    rng = np.random.default_rng(seed)
    if measurements is not None:
        training, hold_out = read_csv(measurements).split(0.2, rng)
        heading = f"Measured: {len(hold_out)} of {measurements.name}'s rows, held out"
    else:
        training, hold_out, heading = _simulated(samples, noise, rng)
    network = with_residuals(
        train(training, names, nodes=nodes, target=Target(target.value), steps=steps, seed=seed),
        hold_out,
    )
    sections: Sections = [(heading, compare(network, training, hold_out))]
    if measurements is None:
        sections.append(_seed_paper(noise, seed))
    for title, rows in sections:
        _print(title, rows)
    output.parent.mkdir(parents=True, exist_ok=True)
    network.save(output)
    typer.echo(f"network  {output}")
    typer.echo(f"card     {write_card(output, network, _command(), sections)}")


def _simulated(
    samples: int, noise: float, rng: np.random.Generator
) -> tuple[CalibrationSet, CalibrationSet, str]:
    from thermoscout_core.thermometry.calibration_data import (
        ASKED,
        EDGE_SHARE,
        Conditions,
        simulate,
    )

    training = simulate(Conditions(), samples, rng, noise_k=noise, edge_share=EDGE_SHARE)
    hold_out = simulate(ASKED, 20000, rng, noise_k=noise)
    ranges = ", ".join(f"{name} {low:g}..{high:g}" for name, (low, high) in vars(ASKED).items())
    return training, hold_out, f"Simulated, {len(hold_out)} fresh rows, noise {noise} K: {ranges}"


def _seed_paper(noise: float, seed: int) -> tuple[str, Sequence[ErrorFigures]]:
    """The paper's two inputs, under the one air for which they can serve."""
    import numpy as np

    from thermoscout_core.thermometry.bp_network import SEED_INPUTS
    from thermoscout_core.thermometry.calibration import compare, train
    from thermoscout_core.thermometry.calibration_data import SEED_PAPER, simulate

    rng = np.random.default_rng(seed)
    training = simulate(SEED_PAPER, 2000, rng, noise_k=noise)
    hold_out = simulate(SEED_PAPER, 2000, rng, noise_k=noise)
    network: BpNetwork = train(training, SEED_INPUTS, nodes=10, steps=200, seed=seed)
    title = (
        "Simulated, the paper's two inputs at fixed air (20 °C, RH 0.5, ε 0.95, reflected 20 °C)"
    )
    return title, compare(network, training, hold_out)


def _print(title: str, rows: Sequence[ErrorFigures]) -> None:
    from rich.console import Console
    from rich.table import Table

    from thermoscout_core.thermometry.calibration_card import HEADINGS, cells

    table = Table(title=f"{title}; absolute errors in K", title_justify="left")
    for index, heading in enumerate(HEADINGS):
        table.add_column(heading, justify="left" if index < 2 else "right")
    for row in rows:
        table.add_row(*cells(row))
    Console().print(table)


def _command() -> str:
    """The command line as it was given, without the path of the program."""
    import shlex
    import sys

    return "thermoscout " + shlex.join(sys.argv[1:])
