"""Frames made up for the history."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from thermoscout_core.detections import Box, Detection
from thermoscout_core.diagnosis.sightings import Sighting
from thermoscout_core.history.places import Place
from thermoscout_core.history.queries import History
from thermoscout_core.history.recorder import FrameRecord, PatrolInfo, PatrolRecorder
from thermoscout_core.readings import Correction, Reading, ReadingFlag
from thermoscout_core.verdicts import Severity, Verdict

SIZE = 640, 512
START_S = 1_700_000_000.0


def make_sighting(
    place: int = 0,
    hot_c: float = 40.0,
    severity: Severity = Severity.NORMAL,
    *,
    x_px: float = 0.0,
    track: int = 0,
    class_name: str = "connector",
    provisional: bool = False,
) -> Sighting:
    x = 60.0 + 120 * place + x_px
    reading = Reading(
        Detection(class_name, 0.9, Box(x, 200.0, x + 60, 280.0)),
        measured_c=hot_c - 1,
        corrected_c=hot_c,
        uncertainty_c=1.5,
        background_c=20.0,
        hot_spot_px=(int(x) + 30, 240),
        distance_m=8.0,
        emissivity=0.9,
        correction=Correction.NETWORK,
        flags=frozenset({ReadingFlag.NO_RANGE} if provisional else ()),
    )
    verdict = Verdict(
        reading,
        severity,
        rule="joint",
        rule_source="DL/T 664",
        t1_c=hot_c,
        t0_c=20.0,
        reason="because",
        provisional=provisional,
    )
    return Sighting(verdict, track, seen_frames=5, fault_frames=3, recent_frames=5)


def make_frame(
    *sightings: Sighting, second: float = 0.0, waypoint: str = "bay 1", **more
) -> FrameRecord:
    more.setdefault("place", Place(waypoint))
    return FrameRecord(START_S + second, SIZE, sightings, **more)


@pytest.fixture
def sighting() -> Callable[..., Sighting]:
    return make_sighting


@pytest.fixture
def frame() -> Callable[..., FrameRecord]:
    return make_frame


@pytest.fixture
def row() -> list[Sighting]:
    """Three connectors, the middle one a fault."""
    return [make_sighting(0), make_sighting(1, 90.0, Severity.SERIOUS), make_sighting(2)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


@pytest.fixture
def patrol(path: Path) -> Callable[..., None]:
    """Record frames as one patrol."""

    def record(*frames: FrameRecord, name: str = "") -> None:
        recorder = PatrolRecorder(path, PatrolInfo(name, "camera", "model", "rules"))
        for frame in frames:
            recorder.record(frame)
        recorder.close()

    return record


@pytest.fixture
def history(path: Path) -> Callable[[], History]:
    """Open what was recorded."""
    return lambda: History(path)
