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
    answer = small_network().predict({"measured_c": 80.0, "distance_m": 10.0})
    assert float(answer) == pytest.approx(expected, abs=1e-12)


def conditions(measured_c, distance_m, **others):
    return {"measured_c": measured_c, "distance_m": distance_m, **others}


SCENE = {"air_c": 20.0, "relative_humidity": 0.5, "emissivity": 0.9, "reflected_c": 15.0}


def test_the_hybrid_adds_its_output_to_the_physics():
    surface, hybrid = small_network(), small_network(target=Target.RESIDUAL)
    values = conditions(80.0, 10.0, **SCENE)
    physics_c = float(atmosphere.object_c(80.0, ObjectParameters(0.9, 15.0, 20.0, 0.5, 10.0)))
    expected = physics_c + float(surface.predict(values))
    assert float(hybrid.predict(values)) == pytest.approx(expected, abs=1e-12)
    assert float(hybrid.predict(values, np.float64(100.0))) == pytest.approx(
        float(surface.predict(values)) + 100.0
    )


def test_the_hybrid_without_all_conditions_is_refused():
    with pytest.raises(ModelError, match="also needs air_c"):
        small_network(target=Target.RESIDUAL).predict(conditions(80.0, 10.0))


def test_values_of_any_shape_give_answers_of_that_shape():
    answer = small_network().predict(conditions(np.full((3, 4), 80.0), 10.0))
    assert answer.shape == (3, 4)


def test_a_nan_input_makes_no_temperature():
    network = small_network()
    answer = network.predict(conditions(np.nan, 10.0))
    assert np.isnan(answer)
    assert not network.in_domain(conditions(np.nan, 10.0), answer)


def is_inside(network, values):
    return bool(network.in_domain(values, network.predict(values)))


@pytest.mark.parametrize("row", [(101.0, 10.0), (-1.0, 10.0), (50.0, 0.5), (50.0, 51.0)])
def test_an_input_beyond_training_is_outside_the_domain(row):
    assert not is_inside(small_network(), conditions(*row))


def test_an_answer_beyond_training_is_outside_the_domain():
    assert is_inside(small_network(), conditions(60.0, 20.0))
    narrow = small_network(surface_domain_c=np.array([0.0, 40.0]))
    assert not is_inside(narrow, conditions(60.0, 20.0))


def test_another_air_than_the_calibrations_is_outside_the_domain():
    network = small_network(held={"air_c": (20.0, 21.0)})
    assert is_inside(network, conditions(60.0, 20.0))
    assert is_inside(network, conditions(60.0, 20.0, air_c=22.5))
    assert not is_inside(network, conditions(60.0, 20.0, air_c=30.0))


def test_another_air_is_the_physics_affair_in_a_hybrid():
    hybrid = small_network(target=Target.RESIDUAL, held={"air_c": (20.0, 20.0)},
                           surface_domain_c=np.array([-300.0, 300.0]))  # fmt: skip
    assert is_inside(hybrid, conditions(60.0, 20.0, **{**SCENE, "air_c": 35.0}))


def test_the_cameras_noise_is_taken_off_the_error_on_measured_rows():
    network = small_network(residual_std_c=0.5, noise_sensitivity=1.2)
    assert network.own_error_k(0.25) == pytest.approx(0.4)
    assert network.own_error_k(1.0) == 0.0
    assert network.own_error_k(np.nan) == 0.5


def test_save_and_load_give_the_same_answers(tmp_path):
    path = tmp_path / "net.npz"
    network = small_network(
        residual_std_c=0.07, noise_sensitivity=1.1, held={"air_c": (19.0, 21.0)}
    )
    network.save(path)
    again = BpNetwork.load(path)
    measured, distance = np.random.default_rng(0).uniform([0, 1], [100, 50], (20, 2)).T
    values = conditions(measured, distance)
    np.testing.assert_array_equal(again.predict(values), network.predict(values))
    assert (again.inputs, again.target, again.held) == (
        network.inputs,
        network.target,
        network.held,
    )
    assert (again.residual_std_c, again.noise_sensitivity) == (0.07, 1.1)
    assert again.metadata == network.metadata


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


def test_a_missing_input_is_named():
    with pytest.raises(ModelError, match="distance_m"):
        small_network().predict({"measured_c": 20.0})


def test_the_shipped_network_reads_an_80_degree_joint_at_20_metres():
    truth = ObjectParameters(0.9, 15.0, 25.0, 0.6, 20.0)
    seen = float(atmosphere.apparent_of_object_c(80.0, truth))
    network = BpNetwork.load()
    values = {"measured_c": seen, **vars(truth)}
    assert network.inputs == ALL_INPUTS
    assert is_inside(network, values)
    assert float(network.predict(values)) == pytest.approx(80.0, abs=0.05)
