"""The calibration's table and model card: what the network was made of, and how far it errs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from thermoscout_core import atomic, machine
from thermoscout_core.thermometry.bp_network import INPUT_UNITS, BpNetwork, Target
from thermoscout_core.thermometry.calibration_table import ErrorFigures

MEANING = {
    Target.SURFACE: "the surface temperature",
    Target.RESIDUAL: "kelvins to add to the physics' answer (the hybrid)",
}
HEADINGS = ("method", "inputs", "mean error", "rms", "99 %", "max error")


def cells(figures: ErrorFigures) -> tuple[str, ...]:
    """One line of the table; kelvins."""
    errors = (figures.mean_abs, figures.rms, figures.p99_abs, figures.max_abs)
    return (figures.method, figures.inputs, *(f"{error:.3f}" for error in errors))


def _table(figures: Sequence[ErrorFigures]) -> str:
    lines = ["| " + " | ".join(HEADINGS) + " |", "|---|---|---|---|---|---|"]
    lines += ["| " + " | ".join(cells(row)) + " |" for row in figures]
    return "\n".join(lines)


def write_card(
    model: Path,
    network: BpNetwork,
    command: str,
    sections: Sequence[tuple[str, Sequence[ErrorFigures]]],
) -> Path:
    """Write the card beside the model (same name, .md) and return its path.

    sections: (heading, table) pairs as they were printed.
    """
    ranges = "\n".join(
        f"| `{name}` | {INPUT_UNITS[name]} | {low:.3g} | {high:.3g} |"
        for name, (low, high) in zip(network.inputs, network.domain, strict=True)
    )
    tables = "\n\n".join(
        f"## {title}\n\nAbsolute errors in K.\n\n{_table(rows)}" for title, rows in sections
    )
    data = network.metadata
    low, high = network.surface_domain_c
    planck, count = network.planck, len(network.inputs)
    text = f"""# Model card: {model.name}

BP network for infrared temperature correction (Wang et al. 2020, §4). Inputs: {count}; one
hidden layer of {network.hidden_nodes} tanh nodes; linear output: {MEANING[network.target]};
trained by Levenberg–Marquardt on standardised inputs.

- Data: **{data["data"]}**, {data["rows"]} rows. Nothing in this file claims an accuracy on a real
  camera unless the data above are measured: a camera is typically uncertain by 2 °C by itself.
- Camera curve: R1 {planck.r1}, R2 {planck.r2}, B {planck.b_k} K, F {planck.f}, O {planck.o}.
- Made by `{command}` ({machine.in_words()}; numpy {data["numpy"]}), seed {data["seed"]}.
- SHA-256 `{hashlib.sha256(model.read_bytes()).hexdigest()}`
- Outside the ranges below (or an answer outside {low:.0f}..{high:.0f} °C) the thermometer uses the
  physics instead and flags the reading `out_of_calibration`.

| input | unit | from | to |
|---|---|---|---|
{ranges}

{tables}

![What is left of the error over distance and temperature]({model.with_suffix(".png").name})
"""
    card = model.with_suffix(".md")
    atomic.write_bytes(card, text.encode())
    return card
