"""Found versus truth: who is found, what is missed, and what is nobody's."""

from __future__ import annotations

import math

import pytest

from thermoscout_core.detections import Box, Detection
from thermoscout_core.readings import Reading
from thermoscout_core.verdicts import Severity, Verdict
from thermoscout_nodes.bag_frames import Judged
from thermoscout_nodes.found_versus_truth import compare, match

HERE, ELSEWHERE = Box(10, 10, 50, 50), Box(200, 10, 240, 50)


def verdict(
    box: Box,
    severity: Severity = Severity.NORMAL,
    celsius: float = 30.0,
    name: str = "",
    class_name: str = "connector",
    score: float = 0.9,
    hot_spot_px: tuple[int, int] | None = None,
) -> Verdict:
    detection = Detection(class_name, score, box)
    reading = Reading(detection, corrected_c=celsius, hot_spot_px=hot_spot_px)
    return Verdict(reading, severity, rule=name)


def frame(
    truths: list[Verdict], verdicts: list[Verdict], second: int = 1, known: bool = True
) -> Judged:
    return Judged((second, 0), tuple(verdicts), tuple(truths) if known else None)


CRITICAL_A = verdict(HERE, Severity.CRITICAL, 150.0, "A")
NORMAL_B = verdict(ELSEWHERE, Severity.NORMAL, 30.0, "B")


def test_a_fault_that_is_found_is_recognised_with_its_temperature_error() -> None:
    found = verdict(Box(11, 11, 51, 51), Severity.CRITICAL, 148.5)
    comparison = compare([frame([CRITICAL_A], [found])])
    item = comparison.equipment[0]
    assert (item.frames_found, item.frames_seen) == (1, 1)
    assert not item.is_missed_fault
    assert comparison.errors_c == [pytest.approx(-1.5)]
    assert comparison.stray_boxes == 0


def test_a_fault_without_a_box_is_missed() -> None:
    comparison = compare([frame([CRITICAL_A], [])])
    assert comparison.equipment[0].is_missed_fault


def test_a_fault_called_normal_is_missed() -> None:
    comparison = compare([frame([CRITICAL_A], [verdict(HERE)])])
    assert comparison.equipment[0].is_missed_fault


def test_a_fault_called_by_another_degree_is_recognised() -> None:
    comparison = compare([frame([CRITICAL_A], [verdict(HERE, Severity.SERIOUS)])])
    assert not comparison.equipment[0].is_missed_fault


def test_healthy_equipment_called_faulty_is_a_false_alarm() -> None:
    comparison = compare([frame([NORMAL_B], [verdict(ELSEWHERE, Severity.GENERAL)])])
    assert comparison.equipment[0].is_false_alarm
    assert comparison.stray_alarms == 0


def test_a_fault_where_nothing_is_counts_as_nobody_s() -> None:
    comparison = compare([frame([NORMAL_B], [verdict(HERE, Severity.CRITICAL)])])
    assert (comparison.stray_boxes, comparison.stray_alarms) == (1, 1)


def test_a_box_of_another_class_is_no_match() -> None:
    matched, strays = match([CRITICAL_A], [verdict(HERE, class_name="bushing")])
    assert not matched
    assert len(strays) == 1


def test_a_box_that_overlaps_less_than_half_is_no_match() -> None:
    matched, _ = match([CRITICAL_A], [verdict(Box(30, 10, 70, 50))])
    assert not matched


def test_a_fault_is_found_by_the_verdict_on_its_heat() -> None:
    around = Box(0, 0, 100, 60)
    told = verdict(around, Severity.SERIOUS, class_name="disconnector", hot_spot_px=(30, 30))
    matched, strays = match([CRITICAL_A], [told, verdict(HERE, Severity.UNKNOWN)])
    assert told in matched["A"] and not strays


def test_heat_beside_a_fault_is_not_its_heat() -> None:
    told = verdict(Box(0, 0, 100, 60), Severity.SERIOUS, hot_spot_px=(80, 30))
    matched, strays = match([CRITICAL_A], [told])
    assert not matched and strays == [told]


def test_one_box_belongs_to_one_piece_of_equipment_the_nearer() -> None:
    twin = verdict(Box(14, 10, 54, 50), name="A2")
    matched, _ = match([CRITICAL_A, twin], [verdict(Box(13, 10, 53, 50))])
    assert list(matched) == ["A2"]


def test_the_verdict_over_the_patrol_is_the_most_frequent() -> None:
    severities = [Severity.CRITICAL, Severity.NORMAL, Severity.CRITICAL]
    comparison = compare(
        frame([CRITICAL_A], [verdict(HERE, severity)], second)
        for second, severity in enumerate(severities)
    )
    assert comparison.equipment[0].given_severity is Severity.CRITICAL


def test_an_unreadable_temperature_is_no_error_of_the_thermometer() -> None:
    comparison = compare([frame([CRITICAL_A], [verdict(HERE, Severity.UNKNOWN, math.nan)])])
    assert comparison.errors_c == []
    assert comparison.equipment[0].is_missed_fault


def test_frames_without_a_truth_are_left_out() -> None:
    comparison = compare([frame([], [verdict(HERE)], known=False)])
    assert comparison.frames == 0
    assert comparison.equipment == ()


def test_few_frames_show_every_piece_that_was_found() -> None:
    both = [verdict(HERE, name="A"), verdict(ELSEWHERE, name="B")]
    frames = [
        frame(both, [verdict(HERE)], 1),
        frame(both, [verdict(HERE), verdict(ELSEWHERE)], 2),
        frame(both, [verdict(ELSEWHERE)], 3),
    ]
    assert compare(frames).telling_frames() == [(2, 0)]
