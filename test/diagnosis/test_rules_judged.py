"""How the judge applies what rule sets other than the default one ask for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from thermoscout_core.diagnosis.conditions import MeasuringConditions
from thermoscout_core.diagnosis.judge import Judge
from thermoscout_core.diagnosis.rules import KnowledgeBase
from thermoscout_core.verdicts import Severity


@pytest.fixture(scope="module")
def neta():
    return Judge(KnowledgeBase.load("neta"))


@pytest.fixture(scope="module")
def iec():
    return Judge(KnowledgeBase.load("iec62271"))


def air(celsius: float) -> MeasuringConditions:
    return MeasuringConditions(air_c=celsius)


def test_a_rise_over_the_stated_air_is_graded_and_named(neta, reading):
    verdict = neta.judge([reading(45.0)], air(20.0))[0]
    assert verdict.severity is Severity.SERIOUS and verdict.rule == "over-ambient"
    assert verdict.reason == (
        "45.0 °C is 25.0 K above the air (20.0 °C), more than 20 K: monitor until corrected"
    )


def test_the_surroundings_are_no_air(neta, reading):
    verdict = neta.judge([reading(45.0, background_c=20.0)])[0]
    assert verdict.severity is Severity.UNKNOWN
    assert verdict.reason.endswith("and the air temperature isn't stated")


def test_without_the_air_similar_components_are_still_compared(neta, reading):
    verdict = neta.judge([reading(35.5), reading(20.0, place=1)])[0]
    assert verdict.severity is Severity.CRITICAL and verdict.rule == "similar-components"
    assert verdict.reason.endswith("more than 15 K: major discrepancy, repair immediately")


def test_a_part_as_cold_as_the_air_is_normal_and_says_so(neta, reading):
    verdict = neta.judge([reading(18.0)], air(20.0))[0]
    assert verdict.severity is Severity.NORMAL
    assert verdict.reason == "2.0 K below the air (20.0 °C)"


def test_the_graver_of_two_columns_wins_and_the_other_is_listed(neta, reading):
    pair = [reading(45.0), reading(43.0, place=1)]
    verdict = neta.judge(pair, air(20.0))[0]
    assert verdict.rule == "over-ambient"
    assert verdict.also[0].startswith("similar-components: general, ")


def test_a_coating_that_nobody_knows_makes_two_limits(iec, reading):
    verdicts = iec.judge([reading(100.0), reading(120.0, place=1)])
    assert [v.severity.value for v in verdicts] == ["general", "serious"]
    assert "above the limit of bare copper" in verdicts[0].reason
    assert "above the limit of every coating" in verdicts[1].reason


def test_a_rise_counts_where_the_air_is_cold(iec, reading):
    verdict = iec.judge([reading(45.0)], air(-10.0))[0]
    assert verdict.severity is Severity.GENERAL and "above the air (-10.0 °C)" in verdict.reason


def test_limits_hold_up_to_forty_degrees(iec, reading):
    verdict = iec.judge([reading(95.0)], air(45.0))[0]
    assert verdict.provisional and "air 45 °C is above 40 °C" in verdict.cautions


def test_a_set_says_why_it_does_not_judge_a_class(iec, reading):
    verdict = iec.judge([reading(60.0, "insulator_string")])[0]
    assert verdict.severity is Severity.UNKNOWN
    assert verdict.reason.startswith("no rule for insulator_string in iec62271: the table limits")


@pytest.mark.parametrize("name", ["neta", "iec62271"])
def test_a_hot_region_is_judged_by_every_set(name, reading):
    region = replace(reading(40.0, "hot_region"), stands_out=0.8, over_peers_k=12.0)
    verdict = Judge(KnowledgeBase.load(name)).judge([region])[0]
    assert verdict.severity is Severity.GENERAL


def test_a_row_may_ask_for_more_of_the_conditions(knowledge_base, reading):
    pair = [reading(22.0, "surge_arrester"), reading(20.0, "surge_arrester", place=1)]
    breeze = MeasuringConditions(wind_m_s=2.0)
    verdict = Judge(knowledge_base).judge(pair, breeze)[0]
    assert verdict.severity is Severity.SERIOUS and verdict.provisional
    assert "wind 2 m/s is above 0.5 m/s" in verdict.cautions
    joints = [reading(30.0), reading(30.0, place=1)]
    assert not Judge(knowledge_base).judge(joints, breeze)[0].provisional
