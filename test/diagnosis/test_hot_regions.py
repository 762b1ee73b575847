"""Where heat stands out in a frame, and what the survey makes of it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from thermoscout_core.detections import Box, Detection
from thermoscout_core.diagnosis.hot_regions import find_hot_regions
from thermoscout_core.diagnosis.scorecard import SURE_SCORE, Scorecard
from thermoscout_core.diagnosis.survey import HOT_REGION, Survey
from thermoscout_core.errors import ModelError
from thermoscout_core.frames import LinearScale, Radiometry, ThermalFrame
from thermoscout_core.thermometry.thermometer import Thermometer

SCALE = LinearScale(0.1, -100.0)


def scene(hot_k: float = 30.0, size_px: tuple[int, int] = (384, 288)) -> np.ndarray:
    """°C: cold sky, a gantry at 10 °C with a dozen clamps 2 K above it, one of them hotter."""
    width, height = size_px
    unit = width / 384
    y, x = np.mgrid[:height, :width] / unit
    celsius = np.where(y > 120, 10.0, -20.0) + 0.2 * np.sin(x / 5) * np.cos(y / 7)
    for column in range(4):
        for row in range(3):
            center = 60 + 80 * column, 150 + 50 * row
            rise = hot_k if (column, row) == (2, 1) else 2.0
            square = (x - center[0]) ** 2 + (y - center[1]) ** 2
            celsius += rise * np.exp(-square / (2 * 3.0**2))
    return celsius.astype(np.float32)


def frame_of(celsius: np.ndarray, invalid: np.ndarray | None = None) -> ThermalFrame:
    return ThermalFrame(
        SCALE.to_counts(celsius), radiometry=Radiometry(scale=SCALE), invalid=invalid
    )


@pytest.fixture(scope="module")
def survey() -> Survey:
    return Survey(Thermometer(None))


def test_the_hot_clamp_comes_first_with_what_it_stands_above_its_peers():
    first = find_hot_regions(scene())[0]
    assert np.abs(np.subtract(first.spot_px, (220, 200))).max() <= 1
    assert first.over_peers_k == pytest.approx(27.5, abs=2.0)
    assert first.scene_contrast_k == pytest.approx(30.0, abs=1.0)
    assert first.edge_px == pytest.approx(87, abs=1)


def test_lengths_mean_the_same_at_another_resolution():
    small, large = (find_hot_regions(scene(size_px=size))[0] for size in ((384, 288), (768, 576)))
    assert np.abs(np.subtract(large.spot_px, (440, 400))).max() <= 2
    assert large.edge_px == pytest.approx(small.edge_px, abs=1)
    assert large.over_peers_k == pytest.approx(small.over_peers_k, abs=1.5)


def test_an_even_frame_has_no_region_that_stands_out(survey):
    assert survey.read(frame_of(np.full((288, 384), 20.0)), [], None) == []


def test_heat_without_a_detection_becomes_a_reading_of_its_own(survey):
    (reading,) = survey.read(frame_of(scene()), [], None)
    assert reading.detection.class_name == HOT_REGION
    assert np.abs(np.subtract(reading.hot_spot_px, (220, 200))).max() <= 1
    assert reading.stands_out > 0.5 and reading.over_peers_k > 20


def test_a_detected_piece_accounts_for_its_heat(survey):
    clamp = Detection("connector", 0.9, Box(210, 190, 230, 210))
    (reading,) = survey.read(frame_of(scene()), [clamp], None)
    assert reading.detection is clamp and reading.stands_out > 0.5


def test_a_piece_without_a_spot_of_its_own_stands_out_by_nothing(survey):
    sky = Detection("connector", 0.9, Box(10, 10, 40, 40))
    first, _ = survey.read(frame_of(scene()), [sky], None)
    assert first.detection is sky and first.stands_out < 0.01


def test_more_heat_stands_out_more(survey):
    scores = [survey.read(frame_of(scene(k)), [], None)[0].stands_out for k in (14.0, 30.0, 60.0)]
    assert scores == sorted(scores) and scores[0] < scores[-1]


def test_without_a_scale_nobody_looks(survey):
    frame = ThermalFrame(SCALE.to_counts(scene()), radiometry=Radiometry(scale=None))
    clamp = Detection("connector", 0.9, Box(210, 190, 230, 210))
    (reading,) = survey.read(frame, [clamp], None)
    assert math.isnan(reading.stands_out)


def test_invalid_pixels_are_no_heat(survey):
    celsius = scene()
    invalid = np.zeros(celsius.shape, np.bool_)
    celsius[30:40, 30:40] = 300.0
    invalid[30:40, 30:40] = True
    (reading,) = survey.read(frame_of(celsius, invalid), [], None)
    assert np.abs(np.subtract(reading.hot_spot_px, (220, 200))).max() <= 1


@pytest.mark.parametrize("size_px", [(16, 16), (20, 400), (31, 17)])
def test_small_and_odd_frames_are_searched(survey, size_px):
    rng = np.random.default_rng(0)
    survey.read(frame_of(rng.normal(20, 1, size_px[::-1])), [], None)


def test_the_shares_of_the_facts_add_up_to_the_score():
    card, region = Scorecard.load(), find_hot_regions(scene())[0]
    logit = card.intercept + sum(card.shares(region, []).values())
    assert card.score(region, []) == pytest.approx(1 / (1 + math.exp(-logit)))


def test_a_joint_counts_for_more_than_an_unidentified_thing():
    card, region = Scorecard.load(), find_hot_regions(scene())[0]
    clamp = Detection("connector", 0.9, Box(210, 190, 230, 210))
    assert card.score(region, [clamp]) > card.score(region, [])


def test_a_joint_counts_by_how_sure_the_detection_is_and_from_a_score_on_in_full():
    card, region = Scorecard.load(), find_hot_regions(scene())[0]

    def share(*scores):
        box = Box(210, 190, 230, 210)
        clamps = [Detection("connector", score, box) for score in scores]
        return card.shares(region, clamps)["on_joint"]

    full = card.weights.on_joint
    assert share(0.9) == share(SURE_SCORE) == full and share() == 0.0
    assert share(SURE_SCORE / 2) == pytest.approx(full / 2)
    assert share(SURE_SCORE / 4, SURE_SCORE / 2) == pytest.approx(full / 2)


def test_a_foreign_scorecard_is_refused(tmp_path):
    (tmp_path / "card.yaml").write_text("id: x\nintercept: 1\nweights: {heat: 2}\n")
    with pytest.raises(ModelError, match=r"card\.yaml: no scorecard"):
        Scorecard.load(tmp_path / "card.yaml")


def with_a_shoulder(celsius: np.ndarray) -> np.ndarray:
    """A broad, lower summit 30 px to the right of the hot clamp."""
    y, x = np.mgrid[:288, :384]
    return celsius + 20.0 * np.exp(-((x - 250) ** 2 + (y - 200) ** 2) / (2 * 20.0**2))


def test_the_hottest_stands_alone_and_its_shoulder_is_a_flank():
    summit, shoulder = find_hot_regions(with_a_shoulder(scene()))[:2]
    assert summit.own_rise == 1.0 and not summit.is_flank
    assert shoulder.spot_px[0] > 240 and shoulder.own_rise <= 0.5 and shoulder.is_flank
    assert shoulder.box.x1 > summit.spot_px[0]


def test_of_two_boxes_that_see_a_spot_the_one_that_holds_it_has_it(survey):
    holding = Detection("connector", 0.9, Box(210, 190, 230, 210))
    beside = Detection("connector", 0.9, Box(224, 185, 260, 215))
    first, second = survey.read(frame_of(scene()), [holding, beside], None)
    assert first.stands_out > 0.5 and second.stands_out == 0.0


def test_a_flank_within_a_box_is_no_reading_of_its_own(survey):
    frame = frame_of(with_a_shoulder(scene()))
    blades = Detection("disconnector", 0.9, Box(205, 185, 275, 215))
    alone, within = survey.read(frame, [], None), survey.read(frame, [blades], None)
    assert len(alone) > len(within) == 1 and within[0].stands_out > 0.5
    assert np.abs(np.subtract(within[0].hot_spot_px, (220, 200))).max() <= 1
