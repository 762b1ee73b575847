"""The network's inference and its file."""

from __future__ import annotations

import json

import numpy as np
import pytest

from thermoscout_core.errors import ModelError
from thermoscout_core.frames import ObjectParameters
from thermoscout_core.thermometry import atmosphere
from thermoscout_core.thermometry.bp_network import ALL_INPUTS, BpNetwork, Target


def small_network(**changes) -> BpNetwork:
    parts = {
        "inputs": ("measured_c", "distance_m"),
        "hidden_weights": np.array([[1.0, 0.5], [-0.3, 2.0]]),
        "hidden_biases": np.array([0.1, -0.2]),
        "output_weights": np.array([2.0, -1.0]),
        "output_bias": 0.25,
        "input_mean": np.array([50.0, 20.0]),
        "input_spread": np.array([30.0, 10.0]),
        "output_mean": 55.0,
        "output_spread": 10.0,
        "domain": np.array([[0.0, 100.0], [1.0, 50.0]]),
        "surface_domain_c": np.array([0.0, 110.0]),
        "metadata": {"data": "simulated"},
    }
    return BpNetwork(**{**parts, **changes})


def test_predict_is_one_tanh_layer_and_a_linear_output():
    z = np.array([(80.0 - 50.0) / 30.0, (10.0 - 20.0) / 10.0])
    hidden = np.tanh([z[0] + 0.5 * z[1] + 0.1, -0.3 * z[0] + 2.0 * z[1] - 0.2])
    expected = (2.0 * hidden[0] - hidden[1] + 0.25) * 10.0 + 55.0
    assert small_network().predict([[80.0, 10.0]])[0] == pytest.approx(expected, abs=1e-12)


def test_a_correction_network_adds_its_output_to_the_measured_temperature():
    surface, correction = small_network(), small_network(target=Target.CORRECTION)
    row = [[80.0, 10.0]]
    assert correction.predict(row)[0] == pytest.approx(surface.predict(row)[0] + 80.0)


def test_a_nan_input_makes_no_temperature():
    network = small_network()
    assert np.isnan(network.predict([[np.nan, 10.0]])[0])
    assert not network.in_domain([[np.nan, 10.0]])[0]


@pytest.mark.parametrize("row", [[101.0, 10.0], [-1.0, 10.0], [50.0, 0.5], [50.0, 51.0]])
def test_an_input_beyond_training_is_outside_the_domain(row):
    assert not small_network().in_domain([row])[0]


def test_an_answer_beyond_training_is_outside_the_domain():
    assert small_network().in_domain([[60.0, 20.0]])[0]
    assert not small_network(surface_domain_c=np.array([0.0, 40.0])).in_domain([[60.0, 20.0]])[0]


def test_save_and_load_give_the_same_answers(tmp_path):
    path = tmp_path / "net.npz"
    network = small_network(target=Target.CORRECTION, residual_std_c=0.07)
    network.save(path)
    again = BpNetwork.load(path)
    rows = np.random.default_rng(0).uniform([0, 1], [100, 50], (20, 2))
    np.testing.assert_array_equal(again.predict(rows), network.predict(rows))
    assert (again.inputs, again.target) == (network.inputs, network.target)
    assert again.residual_std_c == 0.07 and again.metadata == network.metadata


def test_the_file_is_read_without_pickle_and_states_its_units(tmp_path):
    path = tmp_path / "net.npz"
    small_network().save(path)
    with np.load(path, allow_pickle=False) as archive:
        header = json.loads(str(archive["header"]))
        assert all(archive[name].dtype != object for name in archive.files)
    assert header["units"]["distance_m"] == "m"


def test_a_missing_file_is_named_with_the_remedy(tmp_path):
    with pytest.raises(ModelError, match=r"none\.npz.*thermoscout calibrate"):
        BpNetwork.load(tmp_path / "none.npz")


@pytest.mark.parametrize("content", [b"", b"not a network", b"PK\x03\x04broken"])
def test_a_foreign_file_is_named(tmp_path, content):
    path = tmp_path / "foreign.npz"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"foreign\.npz"):
        BpNetwork.load(path)


def test_a_truncated_file_is_named(tmp_path):
    path = tmp_path / "half.npz"
    small_network().save(path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ModelError, match=r"half\.npz"):
        BpNetwork.load(path)


def test_an_npz_of_something_else_is_refused(tmp_path):
    path = tmp_path / "other.npz"
    np.savez(path, a=np.zeros(3))
    with pytest.raises(ModelError, match=r"other\.npz"):
        BpNetwork.load(path)


@pytest.mark.parametrize(
    "inputs", [("measured_c", "colour"), ("distance_m",), (), ("measured_c",) * 2]
)
def test_inputs_that_are_no_inputs_are_refused(inputs):
    with pytest.raises(ModelError, match="input"):
        small_network(inputs=inputs)


def test_weights_of_another_shape_are_refused():
    with pytest.raises(ModelError, match="hidden_weights"):
        small_network(hidden_weights=np.zeros((3, 2)))


def test_a_residual_network_needs_all_inputs():
    with pytest.raises(ModelError, match="all six"):
        small_network(target=Target.RESIDUAL)


def test_another_number_of_columns_is_refused():
    with pytest.raises(ModelError, match=r"\(N, 2\)"):
        small_network().predict(np.zeros((4, 3)))


def test_rows_name_a_missing_input():
    with pytest.raises(ModelError, match="distance_m"):
        small_network().rows_of({"measured_c": 20.0})


def test_the_shipped_network_reads_an_80_degree_joint_at_20_metres():
    truth = ObjectParameters(0.9, 15.0, 25.0, 0.6, 20.0)
    seen = float(atmosphere.apparent_of_object_c(80.0, truth))
    network = BpNetwork.load()
    rows = network.rows_of({"measured_c": seen, **vars(truth)})
    assert network.inputs == ALL_INPUTS
    assert network.in_domain(rows)[0]
    assert network.predict(rows)[0] == pytest.approx(80.0, abs=0.15)
