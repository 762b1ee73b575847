import numpy as np
import pytest

from thermoscout_core.simulation.dataset import random_frame

CLASSES = {
    "bushing",
    "insulator_column",
    "insulator_string",
    "disconnector",
    "connector",
    "transformer",
    "cable_termination",
}


@pytest.fixture(scope="module")
def frames():
    return [random_frame(np.random.default_rng(seed), 192, 144) for seed in range(60)]


def test_a_frame_has_the_asked_size_and_type():
    counts, _ = random_frame(np.random.default_rng(3), 320, 256)
    assert counts.shape == (256, 320)
    assert counts.dtype == np.uint16


def test_the_same_generator_state_gives_the_same_frame():
    one, two = (random_frame(np.random.default_rng(5), 192, 144) for _ in range(2))
    assert np.array_equal(one[0], two[0])
    assert one[1] == two[1]


def test_boxes_lie_inside_the_frame(frames):
    for _, boxes in frames:
        for _, box in boxes:
            assert 0 <= box.x1 < box.x2 <= 192
            assert 0 <= box.y1 < box.y2 <= 144


def test_every_class_of_the_detector_occurs_and_no_other(frames):
    assert {name for _, boxes in frames for name, _ in boxes} == CLASSES


def test_frames_differ_in_what_they_show(frames):
    assert len({len(boxes) for _, boxes in frames}) > 5
    assert np.median([len(boxes) for _, boxes in frames]) >= 6
