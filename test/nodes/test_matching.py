"""Frames and what was said of them meet by exact stamp, whichever comes first."""

from __future__ import annotations

import pytest

from thermoscout_nodes.matching import StampMatcher


@pytest.fixture
def pairs() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def matcher(pairs: list[tuple[str, str]]) -> StampMatcher[str, str]:
    return StampMatcher(lambda first, second: pairs.append((first, second)), depth=3)


def test_the_frame_may_come_first(matcher, pairs) -> None:
    matcher.add_first((1, 5), "frame")
    matcher.add_second((1, 5), "detections")
    assert pairs == [("frame", "detections")]


def test_the_frame_may_come_last(matcher, pairs) -> None:
    matcher.add_second((1, 5), "detections")
    matcher.add_first((1, 5), "frame")
    assert pairs == [("frame", "detections")]


def test_a_nanosecond_apart_is_no_match(matcher, pairs) -> None:
    matcher.add_first((1, 5), "frame")
    matcher.add_second((1, 6), "detections")
    assert pairs == []


def test_frames_that_were_skipped_are_forgotten(matcher, pairs) -> None:
    for second in (1, 2, 3):
        matcher.add_first((second, 0), f"frame {second}")
    matcher.add_second((3, 0), "detections")
    matcher.add_second((2, 0), "late")
    assert pairs == [("frame 3", "detections")]


def test_what_never_meets_is_counted(matcher) -> None:
    for second in range(5):
        matcher.add_second((second, 0), "detections")
    assert matcher.unmatched == 2


def test_only_the_newest_frames_are_kept(matcher, pairs) -> None:
    for second in range(5):
        matcher.add_first((second, 0), f"frame {second}")
    matcher.add_second((0, 0), "late")
    assert pairs == []
