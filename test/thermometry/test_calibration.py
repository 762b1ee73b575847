"""Training: the optimiser, what it beats, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import least_squares

from thermoscout_core.errors import DatasetError, ModelError
from thermoscout_core.thermometry import calibration
from thermoscout_core.thermometry.bp_network import ALL_INPUTS, SEED_INPUTS, BpNetwork, Target
from thermoscout_core.thermometry.calibration_data import (
    ASKED,
    SEED_PAPER,
    Conditions,
    read_csv,
    simulate,
)
from thermoscout_core.thermometry.calibration_runs import Run
from thermoscout_core.thermometry.calibration_table import (
    Comparison,
    cross_validated,
    figures,
    on_hold_out,
)
from thermoscout_core.thermometry.levenberg_marquardt import HiddenLayer, fit


def test_the_jacobian_is_the_derivative():
    rng = np.random.default_rng(3)
    z, layer = rng.normal(size=(7, 3)), HiddenLayer.random(3, 4, rng)
    analytic = layer.jacobian(z, layer.hidden(z))

    def output(vector):
        moved = HiddenLayer.from_vector(vector, 4)
        return moved.hidden(z) @ moved.output_weights + moved.output_bias

    vector = layer.as_vector()
    numeric = np.stack(
        [(output(vector + d) - output(vector - d)) / 2e-6 for d in np.eye(len(vector)) * 1e-6],
        axis=1,
    )
    np.testing.assert_allclose(analytic, numeric, atol=1e-8)


def test_the_optimiser_ends_where_scipys_does():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(200, 2))
    wanted = np.tanh(z @ [1.0, -0.7] + 0.3) * 1.5 - 0.2 + rng.normal(0, 0.01, 200)
    start = HiddenLayer.random(2, 1, rng)

    def residual(vector):
        layer = HiddenLayer.from_vector(vector, 1)
        return layer.hidden(z) @ layer.output_weights + layer.output_bias - wanted

    reference = least_squares(residual, start.as_vector(), method="lm", xtol=1e-12)
    ours = fit(z, wanted, start, max_steps=200).as_vector()
    assert np.sum(residual(ours) ** 2) == pytest.approx(2 * reference.cost, rel=1e-6)


def test_more_parameters_than_rows_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ModelError, match="fewer nodes or more rows"):
        fit(rng.normal(size=(10, 2)), np.zeros(10), HiddenLayer.random(2, 8, rng), 5)


def test_the_same_seed_makes_the_same_network():
    data = simulate(SEED_PAPER, 300, np.random.default_rng(0))
    one, two = (calibration.train(data, SEED_INPUTS, nodes=4, steps=10, seed=5) for _ in "ab")
    np.testing.assert_array_equal(one.hidden_weights, two.hidden_weights)


def errors_on(training, hold_out, inputs, **options):
    found = calibration.methods(training, inputs, **options)
    return on_hold_out("", found, training, hold_out)


def test_with_the_papers_two_inputs_the_network_beats_what_the_paper_says_it_beats():
    rng = np.random.default_rng(0)
    training, hold_out = (simulate(SEED_PAPER, 1000, rng) for _ in "ab")
    table = errors_on(training, hold_out, SEED_INPUTS, nodes=10, steps=120)
    ours = table.of(Target.SURFACE).mean_abs
    beaten = ("uncorrected", "interpolation", "regression")
    assert all(ours < table.of(other).mean_abs for other in beaten)
    assert ours <= 0.1 and table.of("physics").mean_abs <= 0.1


def test_the_shipped_network_keeps_its_bar_on_fresh_conditions():
    network = BpNetwork.load()
    data = simulate(ASKED, 20000, np.random.default_rng(2026))
    answer = network.predict(data.values)
    error = np.abs(answer - data.true_c)
    assert network.in_domain(data.values, answer).all()
    assert error.mean() <= 0.06 and error.max() <= 0.35


def test_the_shipped_network_keeps_its_bar_at_the_corners():
    network = BpNetwork.load()
    corners = [
        Conditions(*((v, v) for v in corner))
        for corner in _corners(np.array(list(vars(ASKED).values())))
    ]
    rng = np.random.default_rng(0)
    errors = []
    for corner in corners:
        data = simulate(corner, 1, rng, noise_k=0.0)
        errors.append(network.predict(data.values)[0] - data.true_c[0])
    assert np.abs(errors).max() <= 0.1


def _corners(limits):
    grid = np.meshgrid(*limits, indexing="ij")
    return np.stack([axis.ravel() for axis in grid], axis=1).tolist()


def test_the_hybrid_repairs_a_cameras_own_error():
    rng = np.random.default_rng(1)
    training, hold_out = (simulate(ASKED, 1500, rng).drifted(0.98, 0.5) for _ in "ab")
    table = errors_on(training, hold_out, ALL_INPUTS, nodes=6, steps=80)
    assert table.of(Target.RESIDUAL).mean_abs < 0.1 * table.of("physics").mean_abs


def test_the_better_network_is_chosen_and_the_hybrid_in_a_tie():
    data = simulate(SEED_PAPER, 40, np.random.default_rng(0))
    found = calibration.methods(data, SEED_INPUTS)
    off = dict.fromkeys(found, data.true_c + 1.0)
    better = {**off, Target.SURFACE: data.true_c + 0.5}
    assert Comparison("", data, found, off).best_target() is Target.RESIDUAL
    assert Comparison("", data, found, better).best_target() is Target.SURFACE


def test_cross_validation_answers_every_row_by_what_it_was_not_trained_on():
    data = simulate(SEED_PAPER, 60, np.random.default_rng(0), noise_k=0.0)
    seen = []

    def fit_and_note(training):
        def answer(rows):
            seen.append(set(training.true_c) & set(rows.true_c))
            return rows.true_c

        return answer

    methods = {"noting": calibration.Method("noting", "", fit_and_note)}
    table = cross_validated("", methods, data, 5, np.random.default_rng(0))
    assert seen == [set()] * 5
    assert table.of("noting").max_abs == 0.0


def test_more_folds_than_rows_are_refused():
    data = simulate(SEED_PAPER, 40, np.random.default_rng(0))
    with pytest.raises(ModelError, match="41 folds of 40 rows"):
        cross_validated("", {}, data, 41, np.random.default_rng(0))


def test_few_rows_teach_few_nodes():
    assert calibration.nodes_for(30, 2) == calibration.MIN_NODES
    assert calibration.nodes_for(400, 2) == 12
    assert calibration.nodes_for(25000, 6) == calibration.MAX_NODES


def test_on_measured_rows_the_error_contains_the_cameras_noise():
    data = simulate(SEED_PAPER, 400, np.random.default_rng(0), noise_k=0.05)
    measured = replace(data, origin="measured (lab.csv)")
    run = Run(SEED_INPUTS, nodes=6, steps=60, target=Target.SURFACE)
    network, tables = run.measured(measured, 4, np.random.default_rng(0))
    assert network.noise_sensitivity == pytest.approx(1.1, abs=0.1)
    assert network.residual_std_c == pytest.approx(tables[0].of(Target.SURFACE).rms)
    assert float(network.own_error_k(0.05)) < 0.04


def test_the_hybrid_without_all_conditions_is_refused():
    data = simulate(SEED_PAPER, 60, np.random.default_rng(0))
    seen = {name: data.values[name] for name in SEED_INPUTS}
    bare = replace(data, values=seen, origin="measured (lab.csv)")
    with pytest.raises(ModelError, match="needs all conditions"):
        Run(target=Target.RESIDUAL).measured(bare, 4, np.random.default_rng(0))


def test_an_input_that_never_varies_is_refused():
    data = simulate(SEED_PAPER, 200, np.random.default_rng(0))
    with pytest.raises(ModelError, match="air_c is the same in every row"):
        calibration.train(data, ("measured_c", "air_c"), nodes=2)


def test_rows_of_one_distance_are_compared_as_well():
    near = replace(SEED_PAPER, distance_m=(5.0, 5.0))
    training, hold_out = (simulate(near, 80, np.random.default_rng(seed)) for seed in (0, 1))
    table = errors_on(training, hold_out, ("measured_c",), nodes=3, steps=40)
    assert table.of("interpolation").mean_abs < 2.0
    assert table.of(Target.SURFACE).mean_abs < 0.1


def test_a_method_without_an_answer_is_not_flattered():
    with pytest.raises(ModelError, match="no answer for 1 rows"):
        figures("m", "i", np.array([1.0, np.nan]), np.array([1.0, 1.0]))


HEADER = "true_c,measured_c,distance_m,ambient_c,relative_humidity"


def write_csv(path, rows, header=HEADER):
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def good_rows(count=40):
    return [f"{20 + i},{19 + 0.97 * i:.2f},{1 + i % 7},20,0.5" for i in range(count)]


def test_a_csv_of_measurements_is_read(tmp_path):
    data = read_csv(write_csv(tmp_path / "lab.csv", good_rows()))
    assert len(data) == 40 and data.values["air_c"][0] == 20.0
    assert data.origin == "measured (lab.csv)" and not data.is_simulated


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("80,79,5,20,50", r"row 42: relative_humidity = '50'.*0\.5, not 50"),
        ("80,79,0,20,0.5", "row 42: distance_m"),
        ("80,79,-3,20,0.5", "row 42: distance_m"),
        ("80,79,5,293.15,0.5", "row 42: ambient_c.*not K"),
        ("80,,5,20,0.5", "row 42: measured_c"),
        ("80,nan,5,20,0.5", "row 42: measured_c"),
        ("20,19.00,1,20,0.5", "row 42 repeats row 2"),
        ("90,19.00,1,20,0.5", "rows 2 and 42 have the same inputs"),
        ("20,25.00,1,20,0.5", "rows 2 and 42 have the same truth and conditions"),
        ("80,79,5,20", "row 42 has 4 cells, the header 5"),
        ('80,"79,5",5,20,0.5', "row 42: measured_c is '79,5'.*decimal point"),
    ],
)
def test_a_bad_row_is_named_with_the_remedy(tmp_path, row, complaint):
    path = write_csv(tmp_path / "lab.csv", [*good_rows(), row])
    with pytest.raises(DatasetError, match=complaint):
        read_csv(path)


def test_a_missing_column_is_named(tmp_path):
    path = write_csv(tmp_path / "lab.csv", ["20,5"], header="measured_c,distance_m")
    with pytest.raises(DatasetError, match="no column true_c"):
        read_csv(path)


def test_too_few_rows_are_refused(tmp_path):
    with pytest.raises(DatasetError, match="5 rows; a calibration needs at least 30"):
        read_csv(write_csv(tmp_path / "lab.csv", good_rows(5)))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DatasetError, match=r"none\.csv"):
        read_csv(tmp_path / "none.csv")


@pytest.mark.parametrize("name", ["true_c", "measured_c"])
@pytest.mark.parametrize(
    ("unit", "convert"),
    [("kelvin", lambda c: c + 273.15), ("degrees Fahrenheit", lambda c: c * 1.8 + 32.0)],
)
def test_a_column_in_another_unit_is_noticed(tmp_path, name, unit, convert):
    data = simulate(SEED_PAPER, 60, np.random.default_rng(0))
    columns = {"true_c": data.true_c, **{n: data.values[n] for n in SEED_INPUTS}}
    columns[name] = convert(columns[name])
    rows = [",".join(f"{v:.2f}" for v in row) for row in zip(*columns.values(), strict=True)]
    path = write_csv(tmp_path / "lab.csv", rows, header=",".join(columns))
    with pytest.raises(DatasetError, match=f"{unit}.*give °C"):
        read_csv(path)


def test_conditions_that_are_no_columns_may_be_given(tmp_path):
    rows = [row.rsplit(",", 2)[0] for row in good_rows()]
    path = write_csv(tmp_path / "lab.csv", rows, header="true_c,measured_c,distance_m")
    given = {"air_c": 21.0, "relative_humidity": 0.4, "emissivity": 0.95, "reflected_c": 20.0}
    data = read_csv(path, constants=given)
    assert data.has_all_inputs and data.varying == SEED_INPUTS
    assert set(data.values["emissivity"]) == {0.95}


def test_semicolons_separate_as_well(tmp_path):
    rows = [row.replace(",", ";") for row in good_rows()]
    path = write_csv(tmp_path / "lab.csv", rows, header=HEADER.replace(",", ";"))
    assert len(read_csv(path)) == 40
