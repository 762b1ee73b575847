"""thermoscout calibrate, from the command line."""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from thermoscout_core.cli import app
from thermoscout_core.thermometry.bp_network import BpNetwork
from thermoscout_core.thermometry.calibration_data import SEED_PAPER, simulate


def calibrate(*arguments: str):
    return CliRunner().invoke(app, ["calibrate", *arguments])


def measured_csv(path, count=120):
    data = simulate(SEED_PAPER, count, np.random.default_rng(4))
    rows = zip(data.true_c, data.values["measured_c"], data.values["distance_m"], strict=True)
    lines = [f"{true:.3f},{seen:.3f},{far:.3f}" for true, seen, far in rows]
    path.write_text("\n".join(["true_c,measured_c,distance_m", *lines]), encoding="utf-8")
    return path


def test_a_simulated_calibration_leaves_a_network_and_its_card(tmp_path):
    output = tmp_path / "net.npz"
    result = calibrate(
        "--output", str(output), "--samples", "500", "--nodes", "4", "--steps", "15"
    )
    assert result.exit_code == 0, result.output
    assert BpNetwork.load(output).hidden_nodes == 4
    card = output.with_suffix(".md").read_text(encoding="utf-8")
    assert "**simulated**" in card and "analytic inverse" in card
    assert "two inputs at fixed air" in card
    assert output.with_suffix(".png").read_bytes().startswith(b"\x89PNG")


def test_measurements_make_a_network_of_their_own_inputs(tmp_path):
    table, output = measured_csv(tmp_path / "lab.csv"), tmp_path / "net.npz"
    inputs = ("--inputs", "measured_c,distance_m", "--nodes", "3")
    result = calibrate(str(table), "--output", str(output), *inputs)
    assert result.exit_code == 0, result.output
    network = BpNetwork.load(output)
    assert network.inputs == ("measured_c", "distance_m")
    assert network.metadata["data"] == "measured (lab.csv)"
    assert network.metadata["hold_out"]["mean_abs_k"] < 0.5


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--output", "net.txt"], "ends in .npz"),
        (["--output", "net.npz", "none.csv"], "none.csv"),
        (["--output", "net.npz", "--inputs", "measured_c,colour"], "colour"),
    ],
)
def test_what_is_wrong_is_named_without_a_traceback(tmp_path, monkeypatch, arguments, complaint):
    monkeypatch.chdir(tmp_path)
    result = calibrate(*arguments)
    assert result.exit_code == 2
    assert complaint in result.output and "Traceback" not in result.output
    assert not list(tmp_path.iterdir())
