"""What the judge makes of a frame's readings."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from thermoscout_core.detections import Box, Detection
from thermoscout_core.diagnosis.conditions import MeasuringConditions
from thermoscout_core.diagnosis.evidence import Baseline
from thermoscout_core.diagnosis.judge import Judge
from thermoscout_core.readings import Reading, ReadingFlag
from thermoscout_core.verdicts import Severity


def test_a_hot_joint_is_graded_by_its_surface_temperature(judge_one, reading):
    verdict = judge_one(reading(135.0))
    assert verdict.severity is Severity.CRITICAL
    assert verdict.rule == "connector-joint"
    assert "135.0 °C is above 130 °C" in verdict.reason
    assert verdict.rule_source.startswith("DL/T 664-2016")
    assert not verdict.provisional


def test_a_joint_like_its_neighbours_is_normal(judge_one, reading):
    verdict = judge_one(reading(31.0), reading(30.0, place=1), reading(32.0, place=2))
    assert verdict.severity is Severity.NORMAL
    assert "not above 90 °C" in verdict.reason and "1.0 K above" in verdict.reason


def test_a_joint_hotter_than_its_neighbours_is_a_defect(judge_one, reading):
    verdict = judge_one(reading(45.0), reading(30.0, place=1), reading(32.0, place=4))
    assert verdict.severity is Severity.GENERAL
    assert (verdict.t1_c, verdict.t2_c) == (45.0, 30.0)
    assert "median of 2 other connectors" in verdict.reason


def test_another_hot_joint_does_not_hide_the_first(judge_one, reading):
    places = zip((29.0, 30.0, 60.0, 61.0), (1, 4, 13, 40), strict=True)
    others = [reading(c, place=place) for c, place in places]
    verdict = judge_one(reading(60.0), *others)
    assert verdict.t2_c == 30.0 and verdict.severity.is_fault


def test_other_classes_are_no_like_parts(judge_one, reading):
    verdict = judge_one(reading(45.0), reading(20.0, "bushing", place=1))
    assert verdict.severity is Severity.NORMAL
    assert math.isnan(verdict.t2_c) and "no other connector" in verdict.reason


def test_the_relative_difference_grades_and_is_stated_with_its_parts(judge_one, reading):
    verdict = judge_one(reading(60.0, background_c=20.0), reading(25.0, place=1))
    assert verdict.severity is Severity.SERIOUS
    assert verdict.relative_difference == pytest.approx(35 / 40)
    assert "δ = 88 %" in verdict.reason and "T0 20.0 °C from the surroundings" in verdict.reason


def test_below_a_rise_of_ten_kelvin_the_relative_difference_is_not_used(judge_one, reading):
    verdict = judge_one(reading(29.9, background_c=20.0), reading(22.5, place=1))
    assert verdict.severity is Severity.NORMAL
    assert math.isnan(verdict.relative_difference)


def test_a_like_part_colder_than_the_surroundings_makes_no_relative_difference(judge_one, reading):
    verdict = judge_one(reading(35.0, background_c=24.0), reading(20.0, place=1))
    assert math.isnan(verdict.relative_difference)
    assert verdict.severity is Severity.GENERAL


def test_a_high_relative_difference_on_a_cool_joint_is_not_critical(judge_one, reading):
    verdict = judge_one(reading(50.0, background_c=20.0), reading(20.5, place=1))
    assert verdict.relative_difference > 0.95
    assert verdict.severity is Severity.SERIOUS


def test_without_a_ring_the_other_rings_are_the_surroundings(judge_one, reading):
    verdict = judge_one(reading(60.0), reading(25.0, background_c=20.0, place=1))
    assert verdict.t0_c == 20.0 and "surroundings of the other boxes" in verdict.reason


def test_a_lone_insulator_cannot_be_judged(judge_one, reading):
    verdict = judge_one(reading(25.0, "insulator_column"))
    assert verdict.severity is Severity.UNKNOWN
    assert "no other insulator_column in the frame" in verdict.reason


def test_a_class_without_a_rule_cannot_be_judged(judge_one, reading):
    verdict = judge_one(reading(200.0, "lamp"))
    assert verdict.severity is Severity.UNKNOWN
    assert verdict.reason == "no rule for lamp in dlt664" and verdict.rule == ""


@pytest.mark.parametrize(
    ("flag", "why"),
    [
        (ReadingFlag.NO_RADIOMETRY, "no temperature scale"),
        (ReadingFlag.NO_VALID_PIXEL, "no valid pixel"),
    ],
)
def test_without_a_temperature_there_is_no_verdict(judge_one, flag, why):
    nothing = Reading(Detection("connector", 0.9, Box(0, 0, 9, 9)), flags=frozenset({flag}))
    verdict = judge_one(nothing)
    assert verdict.severity is Severity.UNKNOWN
    assert why in verdict.reason and verdict.rule == ""


@pytest.mark.parametrize(
    "flag",
    [ReadingFlag.NO_RANGE, ReadingFlag.UNKNOWN_SETTINGS],
)
@pytest.mark.parametrize(("hot_c", "severity"), [(30.0, "normal"), (100.0, "serious")])
def test_an_uncorrected_reading_is_judged_provisionally(judge_one, reading, flag, hot_c, severity):
    verdict = judge_one(reading(hot_c, flags=(flag,)), reading(30.0, place=1))
    assert verdict.severity.value == severity
    assert verdict.provisional and "not corrected" in verdict.reason


READ_LOW = [ReadingFlag.TOO_SMALL, ReadingFlag.SATURATED, ReadingFlag.STALE_RANGE]


@pytest.mark.parametrize("flag", READ_LOW)
def test_a_reading_that_reads_low_is_never_normal(judge_one, reading, flag):
    verdict = judge_one(reading(30.0, flags=(flag,)), reading(30.0, place=1))
    assert verdict.severity is Severity.UNKNOWN and verdict.provisional


@pytest.mark.parametrize("flag", READ_LOW)
def test_a_fault_that_reads_low_stands(judge_one, reading, flag):
    verdict = judge_one(reading(95.0, flags=(flag,)))
    assert verdict.severity is Severity.SERIOUS and verdict.provisional


def test_a_part_too_small_to_measure_is_no_like_part(judge_one, reading):
    small = reading(10.0, flags=(ReadingFlag.TOO_SMALL,), place=1)
    verdict = judge_one(reading(30.0), small, reading(29.0, place=2))
    assert verdict.t2_c == 29.0


def test_heat_in_two_overlapping_boxes_is_judged_once(knowledge_base, reading):
    hot = reading(100.0)
    beside = replace(
        hot, detection=Detection("connector", 0.8, Box(12, 10, 60, 40)), hot_spot_px=(15, 25)
    )
    first, second = Judge(knowledge_base).judge([hot, beside])
    assert first.severity is Severity.SERIOUS
    assert second.severity is Severity.UNKNOWN and "overlapping connector" in second.reason


def test_heat_seen_in_two_classes_belongs_to_the_smaller_box(knowledge_base, reading):
    joint = reading(100.0)
    column = replace(joint, detection=Detection("insulator_column", 0.9, Box(0, 10, 30, 200)))
    first, second = Judge(knowledge_base).judge([column, joint])
    assert first.severity is Severity.UNKNOWN and "overlapping connector" in first.reason
    assert second.severity is Severity.SERIOUS


def test_boxes_that_each_give_the_heat_to_another_do_not_lose_it(knowledge_base, reading):
    hot = reading(100.0)
    left = replace(
        hot, detection=Detection("connector", 0.9, Box(0, 0, 40, 40)), hot_spot_px=(28, 20)
    )
    right = replace(
        hot, detection=Detection("connector", 0.8, Box(10, 0, 50, 40)), hot_spot_px=(21, 20)
    )
    verdicts = Judge(knowledge_base).judge([left, right])
    assert sum(verdict.severity is Severity.SERIOUS for verdict in verdicts) == 1


def test_three_in_a_row_are_compared_as_phases(judge_one, reading):
    verdict = judge_one(reading(45.0), reading(44.0, place=1), reading(32.0, place=2))
    assert verdict.severity is Severity.GENERAL and verdict.t2_c == 32.0
    assert verdict.t2_source == "the colder of the other two phases, 40 px apart"
    assert verdict.t2_source in verdict.reason


def test_a_hot_region_without_equipment_is_judged_by_the_frame(judge_one, reading):
    region = replace(reading(30.0, "hot_region"), stands_out=0.8, over_peers_k=12.0)
    verdict = judge_one(region)
    assert verdict.severity is Severity.GENERAL and verdict.rule == "hot-region"
    assert verdict.t2_c == 18.0 and verdict.t2_source.startswith("the eighth-hottest")
    assert "stands out by 0.80 (12.0 K above the eighth-hottest other spot" in verdict.reason


def test_a_hot_pixel_that_is_no_spot_of_its_own_is_compared_with_nothing(judge_one, reading):
    halo = replace(reading(45.0), stands_out=0.0)
    assert judge_one(halo, reading(30.0, place=1)).severity is Severity.NORMAL


def test_spots_alike_in_a_row_are_phases_under_load(knowledge_base, reading):
    def severities(*over_peers_k: float) -> list[str]:
        row = [
            replace(
                reading(24.0 + over_k, "hot_region", place=place),
                stands_out=0.8,
                over_peers_k=over_k,
            )
            for place, over_k in enumerate(over_peers_k)
        ]
        return [verdict.severity.value for verdict in Judge(knowledge_base).judge(row)]

    assert severities(6.0, 6.2, 6.1) == ["normal"] * 3
    assert severities(6.0, 9.0, 6.2) == ["normal", "general", "normal"]
    assert severities(6.0, 9.0, 9.2) == ["general", "general", "general"]
    assert severities(6.0, 6.2) == ["general"] * 2


def test_what_is_no_hotter_than_any_of_its_kind_does_not_stand_out(judge_one, reading):
    joint = replace(reading(30.0), stands_out=0.8, over_peers_k=6.0)
    assert judge_one(joint).severity is Severity.GENERAL
    alike = (reading(30.1, place=1), reading(60.0, place=3))
    verdict = judge_one(joint, *alike)
    assert verdict.severity is Severity.NORMAL
    assert "0.1 K below the coldest of its kind" in verdict.reason
    assert judge_one(joint, reading(29.0, place=1), alike[1]).severity is Severity.GENERAL


def test_a_hot_roof_is_no_fault_by_its_temperature_alone(judge_one, reading):
    roof = replace(reading(95.0, "hot_region"), stands_out=0.1, over_peers_k=1.0)
    assert judge_one(roof).severity is Severity.NORMAL


def test_the_other_rules_are_listed(knowledge_base, reading):
    joint = knowledge_base.rules_for("connector")[0]
    site = joint.model_copy(update={"id": "site", "serious": None, "critical": None})
    both = knowledge_base.model_copy(update={"rules": (site, joint)})
    verdict = Judge(both).judge([reading(95.0), reading(30.0, place=1)])[0]
    assert verdict.rule == "connector-joint" and verdict.severity is Severity.SERIOUS
    assert verdict.also[0].startswith("site: general, 95.0 °C is 65.0 K above")


def test_growth_since_an_earlier_measurement_is_a_defect(knowledge_base, reading):
    joint = reading(40.0, background_c=20.0)
    earlier = Baseline(rise_k=8.0, when="2026-03-01")
    verdict = Judge(knowledge_base).judge([joint], baselines=[earlier])[0]
    assert verdict.severity is Severity.GENERAL
    assert "grown by 12.0 K since 2026-03-01, more than 10 K" in verdict.reason


def test_conditions_that_nobody_stated_are_named(judge_one, reading):
    (caution,) = judge_one(reading(30.0), reading(30.0, place=1)).cautions
    assert caution.startswith("not stated: air, relative humidity, wind, load share")


def test_a_broken_condition_makes_a_verdict_provisional(knowledge_base, reading):
    windy = MeasuringConditions(wind_m_s=8.0)
    verdict = Judge(knowledge_base).judge([reading(30.0)], windy)[0]
    assert verdict.provisional and verdict.cautions[0] == "wind 8 m/s is above 5 m/s"


def test_at_a_low_load_a_cool_surface_proves_nothing(knowledge_base, reading):
    idle = MeasuringConditions(load_share=0.1)
    verdict = Judge(knowledge_base).judge([reading(30.0)], idle)[0]
    assert verdict.severity is Severity.UNKNOWN and "low a load" in verdict.reason


def test_differences_are_taken_to_the_rated_load_where_the_rules_say_how(knowledge_base, reading):
    rules = knowledge_base.model_copy(update={"load_exponent": 2.0})
    half = MeasuringConditions(load_share=0.5)
    pair = [reading(33.0), reading(30.0, place=1)]
    assert Judge(rules).judge(pair)[0].severity is Severity.NORMAL
    assert Judge(rules).judge(pair, half)[0].severity is Severity.GENERAL


def test_the_same_box_twice_is_not_judged_away(knowledge_base, reading):
    verdicts = Judge(knowledge_base).judge([reading(100.0), reading(100.0)])
    assert [verdict.severity for verdict in verdicts] == [Severity.SERIOUS] * 2


def test_no_readings_are_no_verdicts(knowledge_base):
    assert Judge(knowledge_base).judge([]) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["connector", "bushing", "insulator_column", "lamp"]),
            st.one_of(st.floats(-50, 300), st.just(math.nan)),
            st.one_of(st.floats(-50, 300), st.just(math.nan)),
            st.sets(st.sampled_from(list(ReadingFlag))),
        ),
        max_size=6,
    )
)
def test_no_verdict_better_than_unknown_without_a_reading_that_earned_it(
    knowledge_base, reading, rows
):
    readings = [
        reading(hot, name, background_c=ring, flags=tuple(flags), place=place)
        for place, (name, hot, ring, flags) in enumerate(rows)
    ]
    verdicts = Judge(knowledge_base).judge(readings)
    assert [verdict.reading for verdict in verdicts] == readings
    for verdict in verdicts:
        assert verdict.reason
        if verdict.severity is not Severity.UNKNOWN:
            assert verdict.reading.has_temperature and verdict.rule
        if verdict.severity is Severity.NORMAL:
            assert not verdict.reading.flags & {ReadingFlag.TOO_SMALL, ReadingFlag.SATURATED}
        assert verdict.provisional == bool(verdict.reading.flags)
