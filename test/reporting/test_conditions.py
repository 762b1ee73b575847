"""The report's measuring conditions beside what the verdicts' own rule set asks."""

from __future__ import annotations

import pytest

from thermoscout_core.diagnosis.conditions import ConditionLimits, MeasuringConditions
from thermoscout_core.reporting.choices import Language
from thermoscout_core.reporting.conditions import asked_by, condition_rows
from thermoscout_core.reporting.details import Circumstances, Details
from thermoscout_core.reporting.wording import Wording

EN = Wording(Language.EN)
WIND, LOAD, SUN = 2, 3, 5


def rows(limits, **stated):
    return condition_rows([Circumstances(**stated)], limits, EN)


def test_dlt664_asks_for_little_wind_and_some_load():
    made = rows(asked_by("dlt664"), wind_m_s=8.0, load_a=400, rated_load_a=1000)
    assert (made[WIND].asked, made[WIND].state, made[WIND].is_broken) == (
        "≤ 5.0 m/s",
        "NOT met",
        True,
    )
    assert (made[LOAD].asked, made[LOAD].state) == ("≥ 30 %", "met")


def test_what_a_rule_set_does_not_ask_for_is_neither_met_nor_not():
    made = rows(ConditionLimits(max_wind_m_s=5), wind_m_s=1.0, direct_sun=True)
    assert (made[WIND].state, made[SUN].state, made[SUN].is_broken) == ("met", "–", False)


def test_what_nobody_stated_says_so():
    assert rows(asked_by("dlt664"))[WIND].state == "not stated"


@pytest.mark.parametrize("rules", ["", "my_own_rules"])
def test_of_rules_that_are_not_at_hand_nothing_is_claimed(rules):
    assert asked_by(rules) is None
    assert {row.asked for row in rows(asked_by(rules), wind_m_s=8.0)} == {"–"}


def test_an_image_is_judged_by_what_is_said_of_it_and_then_of_all():
    details = Details(
        wind_m_s=1.0, rated_load_a=600, images={"a": Circumstances(load_a=300, wind_m_s=2.0)}
    )
    known = details.conditions_of("a")
    assert (known.wind_m_s, known.load_share) == (2.0, 0.5)
    assert details.conditions_of("b").wind_m_s == 1.0


def test_conditions_fill_each_other_up():
    both = MeasuringConditions(air_c=10.0, direct_sun=False).or_else(
        MeasuringConditions(air_c=20.0, wind_m_s=3.0, direct_sun=True)
    )
    assert (both.air_c, both.wind_m_s, both.direct_sun) == (10.0, 3.0, False)
