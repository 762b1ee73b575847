"""Boxes of two frames: the motion between them, and who is who."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thermoscout_core.diagnosis.association import Layout, associate

ROW = [(100.0 + 60 * k, 100.0, 130.0 + 60 * k, 160.0) for k in range(4)]


def layout(boxes, classes=None, heat=None) -> Layout:
    boxes = np.array(boxes, float).reshape(-1, 4)
    none = np.full((len(boxes), 2), np.nan)
    names = tuple(classes or ["connector"] * len(boxes))
    return Layout(boxes, names, none if heat is None else np.array(heat, float))


def moved(boxes, x: float, y: float):
    return [(x1 + x, y1 + y, x2 + x, y2 + y) for x1, y1, x2, y2 in boxes]


def test_boxes_that_stay_are_paired_without_a_shift() -> None:
    found = associate(layout(ROW), layout(ROW), 200.0)
    assert found.pairs == ((0, 0), (1, 1), (2, 2), (3, 3))
    assert found.shift_px == (0.0, 0.0)
    assert found.agreement == pytest.approx(1.0)


def test_the_order_of_the_boxes_doesnt_matter() -> None:
    assert associate(layout(ROW), layout(ROW[::-1]), 50.0).pairs == (
        (0, 3),
        (1, 2),
        (2, 1),
        (3, 0),
    )


def test_boxes_without_a_choice_are_paired_without_scipy() -> None:
    """It takes a second to load; a node that was started again answers before."""
    code = (
        "import sys, numpy as np\n"
        "from thermoscout_core.diagnosis.association import Layout, associate\n"
        "boxes = np.array([[0, 0, 20, 20], [100, 0, 120, 20.0]])\n"
        "seen = Layout(boxes, ('connector',) * 2, np.full((2, 2), np.nan))\n"
        "assert associate(seen, seen, 50.0).pairs == ((0, 0), (1, 1))\n"
        "assert 'scipy' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_where_boxes_have_a_choice_the_sum_of_overlaps_decides() -> None:
    """The first overlaps 28–122 the most, but so does the second, which has no other."""
    before = layout([(0, 0, 100, 100), (60, 0, 160, 100)])
    now = layout([(28, 0, 122, 100), (0, 0, 45, 100)])
    assert associate(before, now, 0.0).pairs == ((0, 1), (1, 0))


def test_the_motion_of_the_picture_is_found_though_no_box_overlaps_itself() -> None:
    found = associate(layout(ROW), layout(moved(ROW, 37.0, -61.0)), 100.0)
    assert found.pairs == ((0, 0), (1, 1), (2, 2), (3, 3))
    assert found.shift_px == pytest.approx((37.0, -61.0))


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(-90, 90), st.floats(-90, 90))
def test_motion_is_found_through_jitter_and_missed_boxes(seed: int, x: float, y: float) -> None:
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, 500, (12, 2))
    boxes = np.hstack([corners, corners + rng.uniform(20, 80, (12, 2))])
    now = boxes + np.array([x, y, x, y]) + rng.normal(0, 0.5, boxes.shape)
    seen = np.sort(rng.permutation(12)[:9])
    found = associate(layout(boxes), layout(now[seen]), 100.0)
    assert np.abs(np.array(found.shift_px) - (x, y)).max() < 4
    right = sum(seen[j] == i for i, j in found.pairs)
    assert right >= 8


def test_one_box_alone_doesnt_move_the_picture() -> None:
    found = associate(layout(ROW[:1]), layout(moved(ROW[:1], 50.0, 0.0)), 100.0)
    assert found.shift_px == (0.0, 0.0)
    assert found.pairs == ()


def test_another_class_is_paired_only_by_a_large_overlap() -> None:
    before, disconnector = layout(ROW[:1]), ["disconnector"]
    assert associate(before, layout(moved(ROW[:1], 1, 1), disconnector), 0.0).pairs == ((0, 0),)
    assert associate(before, layout(moved(ROW[:1], 12, 0), disconnector), 0.0).pairs == ()


def test_of_two_overlapping_boxes_the_one_of_the_class_is_the_partner() -> None:
    now = layout([ROW[0], ROW[0]], ["disconnector", "connector"])
    assert associate(layout(ROW[:1]), now, 0.0).pairs == ((0, 1),)


def test_the_same_heat_in_another_box_is_the_same_fault() -> None:
    whole = layout([(0, 0, 100, 100)], ["transformer"], [(80.0, 20.0)])
    spot = layout([(75, 15, 85, 25)], ["unidentified"], [(81.0, 21.0)])
    assert associate(whole, spot, 0.0).pairs == ((0, 0),)
    elsewhere = layout([(75, 15, 85, 25)], ["unidentified"], [(60.0, 60.0)])
    assert associate(whole, elsewhere, 0.0).pairs == ()


@pytest.mark.parametrize("sizes", [(0, 0), (0, 2), (2, 0)])
def test_nothing_pairs_with_nothing(sizes: tuple[int, int]) -> None:
    assert associate(layout(ROW[: sizes[0]]), layout(ROW[: sizes[1]]), 10.0).pairs == ()


def test_two_on_top_of_each_other_get_two_partners() -> None:
    twice = layout([ROW[0], ROW[0]])
    assert len(set(associate(twice, twice, 10.0).pairs)) == 2


def test_a_box_without_extent_hurts_nobody() -> None:
    flat = layout([(5, 5, 5, 5)])
    assert associate(flat, flat, 0.0).pairs == ()
