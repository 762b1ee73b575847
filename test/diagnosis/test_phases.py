"""Which boxes are three phases of one set."""

from __future__ import annotations

from thermoscout_core.detections import Box, Detection
from thermoscout_core.diagnosis.phases import find_phase_sets


def box(x: float, y: float, size: float = 20.0, name: str = "connector") -> Detection:
    return Detection(name, 0.9, Box(x, y, x + size, y + size))


def members(*boxes: Detection) -> set[tuple[int, int, int]]:
    return {found.members for found in find_phase_sets(boxes).values()}


def test_three_alike_in_line_are_a_set_with_the_middle_one_in_the_middle():
    assert members(box(0, 0), box(120, 12), box(60, 5)) == {(0, 2, 1)}


def test_a_set_may_shrink_with_the_distance():
    assert members(box(0, 0, 24), box(55, 10, 20), box(100, 17, 17)) == {(0, 1, 2)}


def test_other_classes_other_sizes_and_crooked_lines_are_no_set():
    assert not members(box(0, 0), box(60, 0, name="bushing"), box(120, 0))
    assert not members(box(0, 0), box(60, 0, 60), box(120, 0))
    assert not members(box(0, 0), box(60, 40), box(120, 0))
    assert not members(box(0, 0), box(20, 0), box(120, 0))


def test_six_in_a_row_are_two_sets_of_neighbours():
    row = [box(x, 0) for x in (0, 50, 100, 260, 310, 360)]
    assert members(*row) == {(0, 1, 2), (3, 4, 5)}


def test_two_are_no_set():
    assert find_phase_sets([box(0, 0), box(60, 0)]) == {}
