"""Readings made up for the tests of the judge."""

from __future__ import annotations

import math

import pytest

from thermoscout_core.detections import Box, Detection
from thermoscout_core.diagnosis.judge import Judge
from thermoscout_core.diagnosis.rules import KnowledgeBase
from thermoscout_core.readings import Correction, Reading, ReadingFlag


def _reading(
    hot_c: float = 30.0,
    class_name: str = "connector",
    *,
    background_c: float = math.nan,
    flags: tuple[ReadingFlag, ...] = (),
    place: int = 0,
) -> Reading:
    """A reading in a box of its own; place tells boxes apart."""
    x = 40.0 * place
    return Reading(
        Detection(class_name, 0.9, Box(x, 10, x + 30, 40)),
        measured_c=hot_c,
        corrected_c=hot_c,
        background_c=background_c,
        hot_spot_px=(int(x) + 15, 25),
        correction=Correction.PHYSICS,
        flags=frozenset(flags),
    )


@pytest.fixture
def reading():
    return _reading


@pytest.fixture(scope="session")
def knowledge_base():
    return KnowledgeBase.load()


@pytest.fixture
def judge_one(knowledge_base):
    """Judge a reading beside others of its frame; its verdict."""

    def judge(first, *others):
        return Judge(knowledge_base).judge([first, *others])[0]

    return judge
