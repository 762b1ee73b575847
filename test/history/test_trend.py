"""Trends, and the baselines that the judge compares with."""

from __future__ import annotations

import cv2
import pytest

from thermoscout_core.diagnosis.judge import Judge
from thermoscout_core.diagnosis.rules import KnowledgeBase
from thermoscout_core.errors import HistoryError
from thermoscout_core.history.baselines import WaypointBaselines
from thermoscout_core.history.plots import write_trend
from thermoscout_core.verdicts import Severity

DAY_S = 86400.0
SIZE = 640, 512


@pytest.fixture
def four_patrols(patrol, frame, sighting) -> None:
    """A connector that warms up from 40 °C by 10 K a patrol, beside one that stays."""
    for day in range(4):
        severity = Severity.NORMAL if day < 3 else Severity.GENERAL
        patrol(
            frame(sighting(0, 40.0 + 10 * day, severity), sighting(1, 30.0), second=day * DAY_S),
            frame(sighting(0, 42.0 + 10 * day, severity), second=day * DAY_S + 60),
        )


@pytest.mark.usefixtures("four_patrols")
def test_a_trend_lists_the_readings_by_their_time(history) -> None:
    with history() as h:
        trend = h.trend(1)
    assert trend.name == "connector 1, bay 1"
    assert [point.t1_c for point in trend.points] == [40, 42, 50, 52, 60, 62, 70, 72]
    assert trend.points[0].rise_k == 20.0
    assert trend.points[-1].severity is Severity.GENERAL


@pytest.mark.usefixtures("four_patrols")
def test_a_trend_is_drawn(history, tmp_path) -> None:
    with history() as h:
        write_trend(tmp_path / "trend.png", h.trend(1))
    picture = cv2.imread(str(tmp_path / "trend.png"))
    assert picture.shape[0] > 400
    orange = (abs(picture.astype(int) - (0, 159, 230)) < 30).all(axis=2)  # general, BGR
    assert orange.any()


def test_what_has_no_temperature_cant_be_drawn(patrol, history, frame, sighting, tmp_path) -> None:
    patrol(frame(sighting(0, float("nan"))))
    with history() as h, pytest.raises(HistoryError, match="no temperature to plot"):
        write_trend(tmp_path / "trend.png", h.trend(1))


@pytest.mark.usefixtures("four_patrols")
def test_the_baseline_is_the_first_patrols_median_rise(history, sighting) -> None:
    with history() as h:
        baselines = WaypointBaselines(h, "bay 1")
    readings = [sighting(place, x_px=25.0).verdict.reading for place in (1, 0)]
    cool, warming = baselines.of(readings, SIZE)
    assert (cool.rise_k, warming.rise_k) == (10.0, 21.0)
    assert warming.when == "2023-11-14"


def test_provisional_readings_and_faults_are_no_baseline(patrol, history, frame, sighting) -> None:
    patrol(frame(sighting(0, 40.0, provisional=True)))
    patrol(frame(sighting(0, 90.0, Severity.SERIOUS), second=DAY_S))
    with history() as h:
        baselines = WaypointBaselines(h, "bay 1")
    assert baselines.of([sighting(0).verdict.reading], SIZE) == [None]


@pytest.mark.usefixtures("four_patrols")
def test_another_waypoint_has_no_baselines(history, sighting) -> None:
    with history() as h:
        baselines = WaypointBaselines(h, "bay 2")
    assert baselines.of([sighting(0).verdict.reading], SIZE) == [None]


@pytest.mark.usefixtures("four_patrols")
def test_the_judge_takes_the_baselines_and_says_how_much_it_grew(history, sighting) -> None:
    with history() as h:
        baselines = WaypointBaselines(h, "bay 1")
    readings = [sighting(0, 60.0).verdict.reading]
    verdict = Judge(KnowledgeBase.load()).judge(readings, baselines=baselines.of(readings, SIZE))[
        0
    ]
    assert verdict.severity is Severity.GENERAL
    assert "19.0 K since 2023-11-14" in verdict.reason
