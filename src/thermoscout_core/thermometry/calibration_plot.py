"""The plot of a calibration: what is left of the error over distance and over temperature."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from thermoscout_core import atomic
from thermoscout_core.thermometry.atmosphere import Floats
from thermoscout_core.thermometry.bp_network import Target
from thermoscout_core.thermometry.calibration import Key
from thermoscout_core.thermometry.calibration_table import Comparison

BINS = 12
MAX_DOTS = 1500
COLOURS = {"physics": "#2c7fb8", "chosen": "#d95f0e"}


def write_plot(path: Path, comparison: Comparison, chosen: Target) -> Path:
    """Residuals (answer − true, K) of the physics and of the chosen network on the comparison's
    rows, over the distance and over the true temperature, as dots with the mean and ±2 standard
    deviations of each bin; PNG. Returns path."""
    import io

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.0, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    rows = comparison.rows
    axes = figure.subplots(1, 2, sharey=True)
    across = {"distance, m": rows.values["distance_m"], "true temperature, °C": rows.true_c}
    keys: dict[str, Key] = {"physics": "physics", "chosen": chosen}
    shown = np.linspace(0, len(rows) - 1, min(len(rows), MAX_DOTS)).astype(int)
    for axis, (label, x) in zip(axes, across.items(), strict=True):
        for name, key in keys.items():
            if key not in comparison.answers_c:
                continue
            residual = comparison.answers_c[key] - rows.true_c
            colour = COLOURS[name]
            axis.plot(x[shown], residual[shown], ".", ms=2, alpha=0.35, color=colour)
            centre, mean, spread = binned(x, residual)
            axis.errorbar(
                centre,
                mean,
                2 * spread,
                color=colour,
                capsize=3,
                lw=1.4,
                label=f"{comparison.methods[key].name}: mean and ±2 s of each bin",
            )
        axis.axhline(0.0, color="black", lw=0.6)
        axis.set_xlabel(label)
        axis.grid(alpha=0.25)
    axes[0].set_ylabel("answer − true, K")
    axes[0].legend(loc="upper left", fontsize=8)
    figure.suptitle(comparison.title, fontsize=9, wrap=True)
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=90, metadata={"Software": ""})
    atomic.write_bytes(path, stream.getvalue())
    return path


def binned(x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    """(centre, mean, standard deviation) of y in BINS equal steps of x; empty bins left out."""
    edges = np.linspace(x.min(), x.max() + 1e-9, BINS + 1)
    where = np.digitize(x, edges) - 1
    full = [index for index in range(BINS) if (where == index).any()]
    parts = [y[where == index] for index in full]
    centre = (edges[:-1] + edges[1:])[full] / 2
    return (
        np.asarray(centre),
        np.array([part.mean() for part in parts]),
        np.array([part.std() for part in parts]),
    )
