"""The measurement equation against published numbers and against itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thermoscout_core.frames import APPARENT, ObjectParameters, PlanckConstants
from thermoscout_core.thermometry import atmosphere
from thermoscout_core.thermometry.two_segment import (
    Window,
    two_segment_object_c,
    two_segment_signal,
)

CAMERAS = {
    "SC660": PlanckConstants(),
    "T300": PlanckConstants(14364.633, 0.010603162, 1385.4, 1.0, -5753.0),
    "FLIR One": PlanckConstants(16528.178, 0.012258549, 1427.5, 1.0, -1307.0),
}


@pytest.mark.parametrize(
    ("air_c", "humidity", "distance_m", "published"),
    [
        (20, 0.5, 1, 0.9939),
        (20, 0.5, 5, 0.9864),
        (20, 0.5, 10, 0.9807),
        (20, 0.5, 20, 0.9726),
        (20, 0.5, 30, 0.9663),
        (20, 0.5, 50, 0.9562),
        (20, 0.5, 100, 0.9375),
        (35, 0.8, 10, 0.9641),
        (35, 0.8, 20, 0.9477),
        (35, 0.8, 50, 0.9124),
        (0, 0.5, 20, 0.9835),
    ],
)
def test_transmittance_is_the_published_one(air_c, humidity, distance_m, published):
    tau = float(atmosphere.transmittance(distance_m, air_c, humidity))
    assert tau == pytest.approx(published, abs=5e-5)


def test_transmittance_of_no_path_is_one():
    assert float(atmosphere.transmittance(0.0, 20.0, 0.5)) == pytest.approx(1.0, abs=1e-12)


def test_transmittance_of_a_negative_distance_is_nan():
    assert np.isnan(atmosphere.transmittance(-1.0, 20.0, 0.5))


@pytest.mark.parametrize("planck", CAMERAS.values(), ids=CAMERAS.keys())
def test_planck_forms_are_each_other_inverse(planck):
    kelvin = np.linspace(230.0, 900.0, 200)
    back = atmosphere.kelvin_of_signal(atmosphere.signal_of_kelvin(kelvin, planck), planck)
    np.testing.assert_allclose(back, kelvin, atol=1e-8)


@pytest.mark.parametrize("signal", [7340.0, 0.0, -1e6, np.nan])
def test_a_signal_without_radiance_is_no_temperature(signal):
    assert np.isnan(atmosphere.kelvin_of_signal(signal))


@pytest.mark.parametrize("kelvin", [0.0, -3.0, np.nan])
def test_a_temperature_below_absolute_zero_has_no_signal(kelvin):
    assert np.isnan(atmosphere.signal_of_kelvin(kelvin))


# Thermimage: raw2temp(raw, E, OD, RTemp, ATemp, IRWTemp, IRT, RH), SC660 constants.
RAW2TEMP = [
    ((18109, 1, 0, 20, 20, 20, 1, 50), 23.6243264998),
    ((18109, 0.95, 1, 20, 20, 20, 0.96, 50), 24.0002209255),
    ((15000, 0.9, 0, 20, 25, 20, 1, 60), 3.145193223),
    ((18109, 0.9, 0, 20, 25, 20, 1, 60), 24.018552458),
    ((22000, 0.9, 0, 20, 25, 20, 1, 60), 44.995307851),
    ((15000, 0.9, 20, 20, 25, 20, 1, 60), 1.867182374),
    ((18109, 0.9, 20, 20, 25, 20, 1, 60), 23.942674843),
    ((22000, 0.9, 20, 20, 25, 20, 1, 60), 45.872407687),
    ((15000, 0.9, 50, 20, 25, 20, 1, 60), 1.034814814),
    ((18109, 0.9, 50, 20, 25, 20, 1, 60), 23.893883390),
    ((22000, 0.9, 50, 20, 25, 20, 1, 60), 46.432504548),
    ((15000, 0.95, 20, 20, 25, 20, 1, 60), 2.926853286),
    ((18109, 0.95, 20, 20, 25, 20, 1, 60), 23.739229410),
    ((22000, 0.95, 20, 20, 25, 20, 1, 60), 44.656979606),
]


@pytest.mark.parametrize(("arguments", "golden"), RAW2TEMP)
def test_two_segment_form_is_raw2temp(arguments, golden):
    raw, epsilon, distance, reflected, air, window_c, window_tau, humidity = arguments
    parameters = ObjectParameters(epsilon, reflected, air, humidity / 100, distance)
    value = two_segment_object_c(raw, parameters, Window(window_tau, window_c))
    assert float(value) == pytest.approx(golden, abs=1e-6)


@pytest.mark.parametrize(
    ("object_c", "golden"),
    [(20, 17404.779290512), (60, 24565.057116497), (100, 34363.268043430)],
)
def test_two_segment_form_is_temp2raw(object_c, golden):
    parameters = ObjectParameters(0.9, 15, 25, 0.7, 10)
    assert float(two_segment_signal(object_c, parameters, Window(0.95, 20))) == pytest.approx(
        golden, abs=1e-6
    )


@pytest.mark.parametrize(
    ("arguments", "golden"), [row for row in RAW2TEMP if row[0][2] == 0 and row[0][6] == 1]
)
def test_single_path_is_raw2temp_at_distance_zero(arguments, golden):
    raw, epsilon, distance, reflected, air, _, _, humidity = arguments
    parameters = ObjectParameters(epsilon, reflected, air, humidity / 100, distance)
    apparent = atmosphere.celsius_of_signal(raw)
    assert float(atmosphere.object_c(apparent, parameters)) == pytest.approx(golden, abs=1e-6)


def test_single_path_is_not_the_two_segment_form_at_a_distance():
    single = float(atmosphere.transmittance(20.0, 20.0, 0.5))
    double = float(atmosphere.transmittance(10.0, 20.0, 0.5)) ** 2
    assert (round(single, 4), round(double, 4)) == (0.9726, 0.9618)


# facts/radiometry.md: error when the distance is left at 1 m, ε 0.9, reflected = air, SC660.
@pytest.mark.parametrize(
    ("air_c", "humidity", "true_c", "errors_k"),
    [
        (20, 0.5, 40, (-0.05, -0.14, -0.24, -0.39, -0.51, -0.69)),
        (20, 0.5, 80, (-0.12, -0.36, -0.64, -1.03, -1.34, -1.83)),
        (20, 0.5, 130, (-0.20, -0.61, -1.07, -1.73, -2.24, -3.06)),
        (35, 0.8, 80, (-0.18, -0.54, -0.97, -1.61, -2.12, -2.99)),
        (35, 0.8, 130, (-0.34, -1.03, -1.85, -3.07, -4.05, -5.72)),
    ],
)
def test_a_distance_left_at_one_metre_reads_low_by_the_published_amount(
    air_c, humidity, true_c, errors_k
):
    distances = np.array([2.0, 5.0, 10.0, 20.0, 30.0, 50.0])
    seen = atmosphere.apparent_of_surface_c(
        true_c,
        emissivity=0.9,
        reflected_c=air_c,
        air_c=air_c,
        relative_humidity=humidity,
        distance_m=distances,
    )
    read = atmosphere.object_c(seen, ObjectParameters(0.9, air_c, air_c, humidity, 1.0))
    np.testing.assert_allclose(read - true_c, errors_k, atol=0.006)


@given(
    surface=st.floats(-20, 200),
    epsilon=st.floats(0.3, 1.0),
    reflected=st.floats(-40, 60),
    air=st.floats(-20, 45),
    humidity=st.floats(0.05, 1.0),
    distance=st.floats(0.0, 100.0),
)
def test_inverse_undoes_forward(surface, epsilon, reflected, air, humidity, distance):
    parameters = ObjectParameters(epsilon, reflected, air, humidity, distance)
    apparent = atmosphere.apparent_of_object_c(surface, parameters)
    assert float(atmosphere.object_c(apparent, parameters)) == pytest.approx(surface, abs=1e-6)


def test_undoing_what_the_camera_applied_brings_back_its_signal():
    applied = ObjectParameters(0.95, 20.0, 20.0, 0.5, 1.0)
    seen = np.array([10.0, 55.0, 120.0])
    stated = atmosphere.object_c(seen, applied)
    np.testing.assert_allclose(atmosphere.apparent_c(stated, applied), seen, atol=1e-9)


def test_a_camera_set_to_a_blackbody_at_no_distance_states_apparent_temperatures():
    assert float(atmosphere.apparent_c(63.2, APPARENT)) == pytest.approx(63.2, abs=1e-9)


def test_parameters_may_be_arrays():
    grid = atmosphere.apparent_of_surface_c(
        np.full((4, 5), 80.0),
        emissivity=np.linspace(0.85, 0.98, 5),
        reflected_c=20.0,
        air_c=20.0,
        relative_humidity=0.5,
        distance_m=np.array([[1.0], [5.0], [10.0], [50.0]]),
    )
    one = atmosphere.apparent_of_object_c(
        80.0, ObjectParameters(float(np.linspace(0.85, 0.98, 5)[3]), 20.0, 20.0, 0.5, 10.0)
    )
    assert grid.shape == (4, 5)
    assert grid[2, 3] == pytest.approx(float(one), abs=1e-12)


def test_an_unknown_parameter_makes_no_temperature():
    parameters = ObjectParameters(0.95, np.nan, 20.0, 0.5, 5.0)
    assert np.isnan(atmosphere.object_c(40.0, parameters))


def test_all_golden_vectors_in_one_call_of_the_two_segment_form():
    raw, *_ = (np.array(column) for column in zip(*(row[0] for row in RAW2TEMP[2:5]), strict=True))
    parameters = ObjectParameters(0.9, 20, 25, 0.6, 0)
    goldens = [golden for _, golden in RAW2TEMP[2:5]]
    values = two_segment_object_c(raw.reshape(3, 1), parameters)
    np.testing.assert_allclose(values.ravel(), goldens, atol=1e-6)


@pytest.mark.parametrize(
    ("mode", "count", "celsius"),
    [
        ("TemperatureLinear10mK", 29315, 20.0),
        ("TemperatureLinear10mK", 37315, 100.0),
        ("TemperatureLinear100mK", 2931, 19.95),
        ("TemperatureLinear100mK", 6731, 399.95),
    ],
)
def test_a_linear_mode_counts_kelvins(mode, count, celsius):
    scale = atmosphere.LINEAR_MODES[mode]
    assert float(scale.to_celsius(np.array(count))) == pytest.approx(celsius, abs=1e-4)
    assert int(scale.to_counts(np.array(celsius))) == count


def test_another_cameras_atmosphere_has_its_own_constants():
    dry = atmosphere.Atmosphere(beta_1=0.0, beta_2=0.0)
    one, other = (atmosphere.transmittance(20.0, 20.0, rh, dry) for rh in (0.2, 0.9))
    assert float(one) == float(other) != float(atmosphere.transmittance(20.0, 20.0, 0.2))
