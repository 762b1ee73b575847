"""How well `thermoscout correct` does on simulated conditions that nothing was trained on.

python benchmarks/correction_accuracy.py --seeds 10 --rows 5000

Each seed draws fresh conditions of the bar (1 to 50 m, 0 to 150 °C, air −10 to 40 °C, humidity
0.2 to 0.95, emissivity 0.85 to 0.98, reflected −40 to 50 °C), adds 0.05 K of noise, writes a CSV
and corrects it with the shipped network, the instrument's uncertainty stated. Printed are the
errors, and how many of the intervals ±1.96·uncertainty_c hold the truth: in all and in parts.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from thermoscout_core.thermometry.bp_network import ALL_INPUTS, SEED_INPUTS, BpNetwork
from thermoscout_core.thermometry.calibration_data import (
    ASKED,
    SEED_PAPER,
    CalibrationSet,
    simulate,
)
from thermoscout_core.thermometry.correction import FILE_NAMES, Corrector
from thermoscout_core.thermometry.correction_table import CorrectedTable, CsvCorrection, Setting

NOISE_K = 0.05
UNCERTAIN: Mapping[str, float] = {
    "distance_m": 0.3,
    "air_c": 1.0,
    "relative_humidity": 0.04,
    "emissivity": 0.01,
    "reflected_c": 4.0,
}
POSSIBLE = {"distance_m": (0.1, 100.0), "relative_humidity": (0, 1), "emissivity": (0.1, 1)}


def correct(columns: Mapping[str, np.ndarray]) -> CorrectedTable:
    """The columns, by name in files, through a CSV and the command's own code."""
    network = BpNetwork.load()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "in.csv"
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(columns)
            writer.writerows(zip(*(c.tolist() for c in columns.values()), strict=True))
        setting = Setting(instrument_c=NOISE_K)
        return CsvCorrection(path, Corrector(network), network, setting).run()


def estimated(data: CalibrationSet, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The inputs as somebody estimates them, off by UNCERTAIN, which is stated."""
    columns = {"measured_c": data.values["measured_c"]}
    for name, u in UNCERTAIN.items():
        guess = data.values[name] + rng.normal(0.0, u, len(data))
        columns[FILE_NAMES[name]] = np.clip(guess, *POSSIBLE.get(name, (-np.inf, np.inf)))
        columns[f"u_{FILE_NAMES[name]}"] = np.full(len(data), u)
    return columns


def report(title: str, runs: list[tuple[CalibrationSet, CorrectedTable]]) -> None:
    true_c = np.concatenate([data.true_c for data, _ in runs])
    distance_m = np.concatenate([data.values["distance_m"] for data, _ in runs])
    error = np.abs(np.concatenate([made.corrected_c for _, made in runs]) - true_c)
    held = error <= 1.96 * np.concatenate([made.uncertainty_c for _, made in runs])
    parts = {
        "all": np.ones(len(true_c), bool),
        "below 30 °C": true_c < 30,
        "above 120 °C": true_c > 120,
        "below 10 m": distance_m < 10,
        "above 40 m": distance_m > 40,
    }
    print(f"\n{title}, {len(true_c)} rows: mean |error| {error.mean():.3f} K, ", end="")
    print(f"max {error.max():.3f} K; covered by ±1.96 u:")
    print("  " + ", ".join(f"{name} {held[part].mean():.1%}" for name, part in parts.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description="Accuracy and coverage of the correction.")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--rows", type=int, default=5000, help="of each seed")
    options = parser.parse_args()
    known, fixed, unsure = [], [], []
    for seed in range(options.seeds):
        rng = np.random.default_rng((2026, seed))
        data = simulate(ASKED, options.rows, rng, noise_k=NOISE_K)
        known.append((data, correct({FILE_NAMES[n]: data.values[n] for n in ALL_INPUTS})))
        unsure.append((data, correct(estimated(data, rng))))
        data = simulate(SEED_PAPER, options.rows, rng, noise_k=NOISE_K)
        fixed.append((data, correct({name: data.values[name] for name in SEED_INPUTS})))
    report("simulated, all inputs exact", known)
    report("simulated, the paper's two inputs at the default air", fixed)
    stated = ", ".join(f"{name} ±{u:g}" for name, u in UNCERTAIN.items())
    report(f"simulated, inputs estimated with stated uncertainties ({stated})", unsure)


if __name__ == "__main__":
    main()
