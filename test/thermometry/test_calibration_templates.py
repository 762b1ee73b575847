"""The templates of docs/calibration.md do what the guide says."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from typer.testing import CliRunner

from thermoscout_core.cli import app
from thermoscout_core.resources import resource_path
from thermoscout_core.thermometry.atmosphere import apparent_of_surface_c
from thermoscout_core.thermometry.bp_network import BpNetwork, Target
from thermoscout_core.thermometry.calibration_data import ASKED, simulate

SITE = {"ambient_c": 18.0, "relative_humidity": 0.55, "emissivity": 0.97, "reflected_c": 17.0}


def template():
    with resource_path("config/calibration/blackbody.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def run(*arguments):
    return CliRunner().invoke(app, arguments)


def test_the_template_as_it_is_names_what_is_to_be_filled_in(tmp_path):
    blank = resource_path("config/calibration/blackbody.csv")
    result = run("calibrate", str(blank), "--output", str(tmp_path / "m.npz"))
    assert result.exit_code == 2
    assert "row 2: measured_c is ''; give a number" in result.output.replace("\n", " ")


def test_the_36_points_of_the_guide_calibrate_a_camera_that_is_off(tmp_path):
    rng, rows = np.random.default_rng(0), template()
    for row in rows:
        true_c, distance_m = float(row["true_c"]), float(row["distance_m"])
        air = {("air_c" if name == "ambient_c" else name): value for name, value in SITE.items()}
        apparent = float(apparent_of_surface_c(true_c, distance_m=distance_m, **air))
        shown = 0.98 * apparent + 0.5 + rng.normal(0, 0.05)
        row.update(measured_c=f"{shown:.2f}", **{name: str(v) for name, v in SITE.items()})
    source, model = tmp_path / "mine.csv", tmp_path / "mine.npz"
    with source.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    result = run("calibrate", str(source), "--output", str(model))
    assert result.exit_code == 0, result.output
    network = BpNetwork.load(model)
    assert network.target is Target.RESIDUAL
    # Elsewhere too: other air, emissivity and reflection, as the physics sees to these.
    fresh = simulate(ASKED, 2000, rng).drifted(0.98, 0.5)
    inside = network.in_domain(fresh.values, network.predict(fresh.values))
    error = np.abs(network.predict(fresh.values) - fresh.true_c)[inside]
    assert inside.mean() > 0.4
    assert error.mean() < 0.15


def test_the_template_of_readings_is_corrected(tmp_path):
    readings = resource_path("config/calibration/readings.csv")
    result = run("correct", "--input", str(readings), "--output", str(tmp_path / "out.csv"))
    assert result.exit_code == 0, result.output
    with (tmp_path / "out.csv").open(encoding="utf-8") as stream:
        warm, _ = csv.DictReader(stream)
    assert float(warm["corrected_c"]) > float(warm["measured_c"]) + 2
    assert warm["flags"] == ""
    assert float(warm["uncertainty_c"]) == pytest.approx(1.7, abs=0.3)
