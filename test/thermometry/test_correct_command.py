"""thermoscout correct, from the command line, against physics written out again here."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest
from typer.testing import CliRunner

from thermoscout_core.cli import app

INPUTS = (
    "measured_c",
    "distance_m",
    "ambient_c",
    "relative_humidity",
    "emissivity",
    "reflected_c",
)
NOISE_K = 0.05


def signal(celsius):
    return 21106.77 / (0.012545258 * (np.exp(1501.0 / (celsius + 273.15)) - 1.0)) + 7340.0


def celsius(counts):
    return 1501.0 / np.log(21106.77 / (0.012545258 * (counts - 7340.0)) + 1.0) - 273.15


def tau(distance, air, humidity):
    water = np.sqrt(
        humidity * np.exp(1.5587 + 0.06939 * air - 0.00027816 * air**2 + 6.8455e-7 * air**3)
    )
    first = 1.9 * np.exp(-np.sqrt(distance) * (0.006569 - 0.002276 * water))
    return first - 0.9 * np.exp(-np.sqrt(distance) * (0.012620 - 0.006670 * water))


def conditions(rng, count):
    """The bar's conditions: columns by name, with the truth."""
    return {
        "true_c": rng.uniform(0, 150, count),
        "distance_m": rng.uniform(1, 50, count),
        "ambient_c": rng.uniform(-10, 40, count),
        "relative_humidity": rng.uniform(0.2, 0.95, count),
        "emissivity": rng.uniform(0.85, 0.98, count),
        "reflected_c": rng.uniform(-40, 50, count),
    }


def seen(columns, rng, noise_k=NOISE_K):
    """The columns with the apparent temperature that such a camera shows."""
    epsilon = columns["emissivity"]
    t = tau(columns["distance_m"], columns["ambient_c"], columns["relative_humidity"])
    total = epsilon * t * signal(columns["true_c"])
    total += (1 - epsilon) * t * signal(columns["reflected_c"])
    total += (1 - t) * signal(columns["ambient_c"])
    noise = rng.normal(0, noise_k, len(t)) if noise_k else 0.0
    return {"measured_c": celsius(total) + noise, **columns}


def write(path, columns, names=INPUTS):
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(names)
        writer.writerows(zip(*(columns[name] for name in names), strict=True))
    return path


def run(source, *arguments):
    target = source.with_name("out.csv")
    command = ["correct", "--input", str(source), "--output", str(target), *arguments]
    result = CliRunner().invoke(app, command)
    if result.exit_code:
        return result, []
    with target.open(encoding="utf-8") as stream:
        return result, list(csv.DictReader(stream))


def corrected(rows):
    return np.array([float(row["corrected_c"]) for row in rows])


def covered(rows, true_c):
    """The share of ±1.96 u that hold the truth."""
    half = 1.96 * np.array([float(row["uncertainty_c"]) for row in rows])
    return float((np.abs(corrected(rows) - true_c) <= half).mean())


@pytest.mark.parametrize("model", [(), ("--model", "physics")])
@pytest.mark.parametrize("seed", [11, 12, 13])
def test_the_bar_is_kept_on_fresh_conditions_with_all_inputs(tmp_path, seed, model):
    rng = np.random.default_rng(seed)
    data = seen(conditions(rng, 4000), rng)
    _, rows = run(write(tmp_path / "in.csv", data), "--instrument-uncertainty-c", "0.05", *model)
    error = np.abs(corrected(rows) - data["true_c"])
    assert error.mean() <= 0.06 and error.max() <= 0.35
    assert {row["flags"] for row in rows} == {""}
    assert 0.935 <= covered(rows, data["true_c"]) <= 0.965


def test_the_intervals_cover_in_each_corner_of_the_domain(tmp_path):
    rng = np.random.default_rng(5)
    data = seen(conditions(rng, 12000), rng)
    _, rows = run(write(tmp_path / "in.csv", data), "--instrument-uncertainty-c", "0.05")
    error = np.abs(corrected(rows) - data["true_c"])
    held = error <= 1.96 * np.array([float(row["uncertainty_c"]) for row in rows])
    for part in (
        data["true_c"] < 30,
        data["true_c"] > 120,
        data["distance_m"] < 10,
        data["distance_m"] > 40,
        data["emissivity"] < 0.87,
        (data["ambient_c"] > 30) & (data["relative_humidity"] > 0.7),
    ):
        assert 0.93 <= held[part].mean() <= 0.97


@pytest.mark.parametrize("names", [INPUTS, INPUTS[:2]])
def test_the_papers_two_inputs_do_at_the_default_air(tmp_path, names):
    rng = np.random.default_rng(6)
    held = {"ambient_c": 20.0, "relative_humidity": 0.5, "emissivity": 0.9, "reflected_c": 20.0}
    data = conditions(rng, 2000)
    data.update({name: np.full(2000, value) for name, value in held.items()})
    data = seen(data, rng)
    result, rows = run(write(tmp_path / "in.csv", data, names))
    assert np.abs(corrected(rows) - data["true_c"]).mean() <= 0.06
    flags = {row["flags"] for row in rows}
    assert flags == ({""} if names == INPUTS else {"assumed_conditions"})
    assert ("air_c 20" in result.stderr) is (names != INPUTS)


def test_conditions_may_be_given_as_options(tmp_path):
    rng = np.random.default_rng(6)
    held = {"ambient_c": 31.0, "relative_humidity": 0.8, "emissivity": 0.95, "reflected_c": -10.0}
    data = conditions(rng, 500)
    data.update({name: np.full(500, value) for name, value in held.items()})
    data = seen(data, rng)
    options = [word for n, v in held.items() for word in ("--" + n.replace("_", "-"), str(v))]
    _, rows = run(write(tmp_path / "in.csv", data, INPUTS[:2]), *options)
    assert np.abs(corrected(rows) - data["true_c"]).mean() <= 0.06
    assert {row["flags"] for row in rows} == {""}


def test_stated_uncertainties_of_the_inputs_cover_as_well(tmp_path):
    rng = np.random.default_rng(7)
    data = seen(conditions(rng, 6000), rng)
    stated = {
        "distance_m": 0.3,
        "ambient_c": 1.0,
        "relative_humidity": 0.04,
        "emissivity": 0.015,
        "reflected_c": 4.0,
    }
    wrong = {name: data[name] + rng.normal(0, u, 6000) for name, u in stated.items()}
    for name in ("relative_humidity", "emissivity"):
        wrong[name] = np.clip(wrong[name], 0, 1)
    told = {**data, **wrong, **{f"u_{n}": np.full(6000, u) for n, u in stated.items()}}
    names = (*INPUTS, *(f"u_{name}" for name in stated))
    _, rows = run(write(tmp_path / "in.csv", told, names), "--instrument-uncertainty-c", "0.05")
    assert 0.935 <= covered(rows, data["true_c"]) <= 0.965


def test_without_a_stated_instrument_a_typical_camera_is_taken(tmp_path):
    rng = np.random.default_rng(0)
    data = seen(conditions(rng, 20), rng)
    _, rows = run(write(tmp_path / "in.csv", data))
    assert all(float(row["uncertainty_c"]) > 2.0 / math.sqrt(3.0) for row in rows)


def test_outside_the_calibrated_domain_the_physics_corrects_and_says_so(tmp_path):
    rng = np.random.default_rng(0)
    data = conditions(rng, 4)
    data["true_c"] = np.array([80.0, 320.0, 80.0, 80.0])
    data["distance_m"] = np.array([10.0, 10.0, 150.0, 10.0])
    data["emissivity"] = np.array([0.9, 0.9, 0.9, 0.5])
    _, rows = run(write(tmp_path / "in.csv", seen(data, rng, 0.0)))
    assert [row["flags"] for row in rows] == ["", *["out_of_calibration"] * 3]
    np.testing.assert_allclose(corrected(rows)[1:], data["true_c"][1:], atol=1e-3)
    assert corrected(rows)[0] == pytest.approx(80.0, abs=0.05)


def test_another_cameras_curve_is_corrected_by_its_physics(tmp_path):
    rng = np.random.default_rng(0)
    data = seen(conditions(rng, 5), rng)
    curve = "14364.633,0.010603162,1385.4,1,-5753"
    _, rows = run(write(tmp_path / "in.csv", data), "--planck", curve)
    assert {row["flags"] for row in rows} == {"out_of_calibration"}


def test_a_small_target_is_flagged_and_its_bias_is_in_the_uncertainty(tmp_path):
    rng = np.random.default_rng(0)
    data = conditions(rng, 2)
    data.update({name: np.full(2, v) for name, v in (("true_c", 90.0), ("distance_m", 20.0))})
    data = seen(data, rng, 0.0)
    data["target_size_m"] = np.array([0.5, 0.04])
    source = write(tmp_path / "in.csv", data, (*INPUTS, "target_size_m"))
    _, rows = run(source, "--ifov-mrad", "1.36", "--instrument-uncertainty-c", "0.05")
    assert [row["flags"] for row in rows] == ["", "too_small"]
    assert float(rows[1]["uncertainty_c"]) > 5.0 > 0.1 > float(rows[0]["uncertainty_c"])


def test_other_columns_and_the_order_of_rows_are_kept(tmp_path):
    source = tmp_path / "in.csv"
    source.write_text("place,measured_c,distance_m,flags\nb,50,5,old\na,60,7,old\n")
    _, rows = run(source)
    assert [row["place"] for row in rows] == ["b", "a"]
    assert list(rows[0]) == [
        *("place", "measured_c", "distance_m"),
        *("corrected_c", "uncertainty_c", "flags"),
    ]


def test_the_budget_of_a_row_is_printed(tmp_path):
    rng = np.random.default_rng(0)
    source = write(tmp_path / "in.csv", seen(conditions(rng, 3), rng))
    result, _ = run(source, "--budget", "3")
    assert "Row 3" in result.stdout and "95 % coverage" in result.stdout
    assert all(name in result.stdout for name in (*INPUTS, "network", "spot_size"))


HEADER = ",".join(INPUTS)
GOOD = "60,5,20,0.5,0.9,20"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (f"{HEADER}\n{GOOD}\n60,0,20,0.5,0.9,20\n", r"row 3: distance_m.*above 0"),
        (f"{HEADER}\n{GOOD}\n60,-2,20,0.5,0.9,20\n", r"row 3: distance_m"),
        (f"{HEADER}\n{GOOD}\n60,5,20,50,0.9,20\n", r"row 3: relative_humidity.*0\.5, not 50"),
        (f"{HEADER}\n{GOOD}\nnan,5,20,0.5,0.9,20\n", r"row 3: measured_c.*give a number"),
        (f"{HEADER}\n{GOOD}\n,5,20,0.5,0.9,20\n", r"row 3: measured_c.*give a number"),
        (f"{HEADER}\n{GOOD}\ninf,5,20,0.5,0.9,20\n", r"row 3: measured_c"),
        (f"{HEADER}\n60,5,20,0.5,95,20\n", r"row 2: emissivity.*0\.\.1"),
        (f"{HEADER}\n60,5,293.15,0.5,0.9,20\n", r"row 2: ambient_c.*not K"),
        (f"{HEADER}\n60,5,20,0.5,0.9\n", r"row 2 has 5 cells"),
        (f"{HEADER}\n-20,5,20,0.5,0.5,60\n", r"row 2: no surface fits"),
        ("measured_c,ambient_c\n60,20\n", r"no column distance_m"),
        ("measured_c,distance_m,distance_m\n60,5,5\n", r"distance_m is there twice"),
        ("measured_c,distance_m,ambient_c,air_c\n60,5,5,5\n", r"ambient_c is there twice"),
        (f"{HEADER}\n", r"no rows"),
        ("", r"no rows"),
        (f"{HEADER},u_distance_m\n{GOOD},-1\n", r"row 2: u_distance_m.*0 or more"),
        (f"{HEADER},target_size_m\n{GOOD},0.1\n", r"needs --ifov-mrad"),
    ],
)
def test_what_is_wrong_is_refused_with_its_row(tmp_path, content, complaint):
    source = tmp_path / "in.csv"
    source.write_text(content)
    result, _ = run(source)
    assert result.exit_code == 2
    assert not (tmp_path / "out.csv").exists()
    with pytest.raises(AssertionError, match=complaint):
        raise AssertionError(result.output.replace("\n", " "))


@pytest.mark.parametrize(
    ("unit", "convert"),
    [("kelvin", lambda c: c + 273.15), ("Fahrenheit", lambda c: c * 1.8 + 32.0)],
)
@pytest.mark.parametrize("name", ["measured_c", "ambient_c", "reflected_c"])
def test_a_column_in_another_unit_is_noticed_by_its_range(tmp_path, name, unit, convert):
    rng = np.random.default_rng(3)
    data = seen(conditions(rng, 60), rng)
    data[name] = convert(data[name])
    result, _ = run(write(tmp_path / "in.csv", data))
    assert result.exit_code == 2
    said = result.output.replace("\n", " ")
    assert name in said and unit in said and "rows 2 to 61" in said


def test_a_cold_sky_is_not_taken_for_another_unit(tmp_path):
    rng = np.random.default_rng(3)
    data = conditions(rng, 30)
    data["reflected_c"] = np.full(30, -70.0)
    _, rows = run(write(tmp_path / "in.csv", seen(data, rng)))
    assert np.abs(corrected(rows) - data["true_c"]).max() < 0.4


def test_hot_equipment_is_not_taken_for_another_unit_when_one_says_so(tmp_path):
    source = tmp_path / "in.csv"
    source.write_text("measured_c,distance_m\n300,5\n310,5\n320,5\n")
    assert run(source)[0].exit_code == 2
    _, rows = run(source, "--trust-units")
    assert (corrected(rows) > 300).all()


@pytest.mark.parametrize("model", ["none.npz", __file__])
def test_a_model_that_is_none_is_refused(tmp_path, model):
    source = write(tmp_path / "in.csv", {name: [1.0] for name in INPUTS}, INPUTS)
    result, _ = run(source, "--model", model)
    assert result.exit_code == 2 and "thermoscout calibrate" in result.output.replace("\n", " ")
