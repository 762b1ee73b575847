"""The budget: against a Monte Carlo of the same inputs, and against the rules of the GUM."""

from __future__ import annotations

import math

import numpy as np
import pytest

from thermoscout_core.thermometry.bp_network import BpNetwork
from thermoscout_core.thermometry.correction import Corrector
from thermoscout_core.thermometry.uncertainty import (
    NETWORK,
    SPOT_SIZE,
    Budget,
    budget,
    typical_camera_c,
)

SCENE = {
    "measured_c": 70.0,
    "distance_m": 15.0,
    "air_c": 12.0,
    "relative_humidity": 0.6,
    "emissivity": 0.9,
    "reflected_c": -5.0,
}
STATED = {
    "measured_c": 0.8,
    "distance_m": 0.5,
    "air_c": 1.0,
    "relative_humidity": 0.05,
    "emissivity": 0.02,
    "reflected_c": 5.0,
}
PHYSICS = Corrector(None)
BY_PHYSICS = np.array([False])


def values(**changes):
    return {name: np.array([value]) for name, value in {**SCENE, **changes}.items()}


def test_the_combined_uncertainty_is_that_of_a_monte_carlo():
    rng = np.random.default_rng(0)
    drawn = {n: SCENE[n] + rng.normal(0, STATED[n], 200_000) for n in SCENE}
    spread = PHYSICS.correct(drawn).surface_c.std()
    made = budget(PHYSICS, values(), BY_PHYSICS, STATED)
    assert float(made.standard_k[0]) == pytest.approx(spread, rel=0.01)


@pytest.mark.parametrize("name", list(SCENE))
def test_each_contribution_is_the_spread_when_that_input_alone_is_uncertain(name):
    rng = np.random.default_rng(1)
    drawn = {n: np.full(100_000, value) for n, value in SCENE.items()}
    drawn[name] = drawn[name] + rng.normal(0, STATED[name], 100_000)
    spread = PHYSICS.correct(drawn).surface_c.std()
    made = budget(PHYSICS, values(), BY_PHYSICS, STATED)
    assert float(made.contributions_k[name][0]) == pytest.approx(spread, rel=0.015)


def test_an_input_without_uncertainty_still_has_its_sensitivity():
    made = budget(PHYSICS, values(), BY_PHYSICS, {})
    assert float(made.standard_k[0]) == 0.0
    stated = budget(PHYSICS, values(), BY_PHYSICS, STATED)
    for name, slope in made.sensitivities.items():
        assert float(slope[0]) == pytest.approx(float(stated.sensitivities[name][0]), rel=0.05)


def test_what_is_not_known_leaves_the_whole_unknown():
    made = budget(PHYSICS, values(), BY_PHYSICS, {**STATED, "measured_c": math.nan})
    assert math.isnan(made.standard_k[0])


def test_inputs_at_their_physical_limits_have_a_budget():
    at_limits = values(distance_m=0.1, relative_humidity=1.0, emissivity=1.0)
    assert np.isfinite(budget(PHYSICS, at_limits, BY_PHYSICS, STATED).standard_k).all()


def test_the_networks_own_error_counts_only_where_it_corrected():
    corrector = Corrector(BpNetwork.load())
    both = {name: np.repeat(column, 2) for name, column in values().items()}
    made = budget(corrector, both, np.array([True, False]), STATED)
    own = corrector.network.own_error_k(STATED["measured_c"])
    np.testing.assert_allclose(made.own_k[NETWORK], [own, 0.0])


def test_the_lines_of_a_budget_add_up_in_quadrature():
    made = budget(PHYSICS, values(), BY_PHYSICS, STATED, spot_size_k=0.7)
    lines = made.lines(0)
    assert [line.source for line in lines] == [*SCENE, NETWORK, SPOT_SIZE]
    total = math.sqrt(sum(line.contribution_k**2 for line in lines))
    assert float(made.standard_k[0]) == pytest.approx(total)
    for line in lines:
        assert line.contribution_k == pytest.approx(abs(line.sensitivity) * line.uncertainty)


def test_few_degrees_of_freedom_widen_the_coverage():
    zero = {"measured_c": np.zeros(1)}
    only_network = Budget(zero, zero, zero, {NETWORK: np.array([0.5])}, 4.0)
    assert only_network.effective_freedom(0) == pytest.approx(4.0)
    assert only_network.coverage_factor(0) == pytest.approx(2.776, abs=1e-3)


def test_stated_uncertainties_have_the_normal_coverage():
    made = budget(PHYSICS, values(), BY_PHYSICS, STATED)
    assert made.effective_freedom(0) == math.inf
    assert made.coverage_factor(0) == pytest.approx(1.96, abs=1e-3)


@pytest.mark.parametrize(("measured_c", "limit"), [(20.0, 2.0), (100.0, 2.0), (300.0, 6.0)])
def test_a_typical_camera_is_2_degrees_or_2_percent(measured_c, limit):
    assert float(typical_camera_c(measured_c)) == pytest.approx(limit / math.sqrt(3.0))
