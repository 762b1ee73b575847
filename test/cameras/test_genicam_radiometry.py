"""From a camera's features to °C, with the features of models that no fake camera has."""

from __future__ import annotations

import math

import numpy as np
import pytest

from thermoscout_core.cameras.genicam_radiometry import (
    celsius_of_counts,
    coding_of,
    features_of,
    object_parameters_of,
)
from thermoscout_core.frames import ObjectParameters, PlanckConstants


class Features:
    """A camera that has these features and no others."""

    def __init__(self, highest_humidity=1.0, **values):
        self._values = values
        self._highest_humidity = highest_humidity

    def get(self, name):
        return str(self._values.get(name, ""))

    def number(self, name):
        return float(self._values.get(name, math.nan))

    def highest(self, name):
        return self._highest_humidity


@pytest.mark.parametrize(
    ("resolution", "count", "celsius"), [("High", 9137, 92.33), ("Low", 914, 92.45)]
)
def test_an_ax5_codes_kelvin_in_steps_of_its_resolution(resolution, count, celsius):
    camera = Features(TemperatureLinearMode="On", TemperatureLinearResolution=resolution)
    scale = coding_of(camera).scale
    assert float(scale.to_celsius(np.array([count]))[0]) == pytest.approx(celsius, abs=1e-3)


@pytest.mark.parametrize(
    "features",
    [{}, {"IRFormat": "Unknown"}, {"TemperatureLinearMode": "Off"}],
)
def test_a_camera_that_states_no_coding_has_no_temperature(features):
    assert coding_of(Features(**features)).scale is None


@pytest.mark.parametrize(("highest", "value"), [(1.0, 0.4), (100.0, 40.0)])
def test_humidity_is_a_share_whatever_unit_the_camera_has(highest, value):
    camera = Features(highest, IRFormat="TemperatureLinear10mK", RelativeHumidity=value)
    assert object_parameters_of(camera, coding_of(camera)).relative_humidity == 0.4
    assert features_of(ObjectParameters(relative_humidity=0.4), camera) == {
        "RelativeHumidity": pytest.approx(value)
    }


def test_temperatures_are_set_in_kelvin_and_only_what_is_wanted():
    wanted = features_of(ObjectParameters(reflected_c=20.0), Features())
    assert wanted == {"ReflectedTemperature": pytest.approx(293.15)}


def test_the_curve_of_counts_is_the_inverse_of_planck_s():
    planck = PlanckConstants(r1=1_117_530.0, r2=1.0, b_k=1428.0, f=1.0, o=-89.8)
    celsius = celsius_of_counts(planck)
    for at_c in (-20.0, 20.0, 92.34):
        signal = planck.r1 / (math.exp(planck.b_k / (at_c + 273.15)) - planck.f) - planck.o
        count = round(signal)
        slope_c = celsius[count + 1] - celsius[count]
        assert celsius[count] == pytest.approx(at_c, abs=slope_c)


def test_counts_below_the_curve_are_no_temperature():
    celsius = celsius_of_counts(PlanckConstants(r1=1e6, r2=1.0, b_k=1428.0, f=1.0, o=-500.0))
    assert np.isnan(celsius[:501]).all() and np.isfinite(celsius[1000:]).all()
