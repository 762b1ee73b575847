"""A small inspection made by hand: a critical disconnector, a normal bushing, one unread."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from thermoscout_core.detections import Box, Detection
from thermoscout_core.frames import LinearScale, ObjectParameters, Radiometry, ThermalFrame
from thermoscout_core.inspection import FrameInspection, NamedInspection
from thermoscout_core.readings import Correction, Reading, ReadingFlag
from thermoscout_core.reporting.report import write_report
from thermoscout_core.verdicts import Severity, Verdict


@pytest.fixture
def frame() -> ThermalFrame:
    rng = np.random.default_rng(1)
    counts = rng.integers(10_200, 10_300, (96, 128)).astype(np.uint16)
    counts[40:44, 50:54] = 11_300
    radiometry = Radiometry(LinearScale(0.1, -1000.0), ObjectParameters(), camera="TP8")
    return ThermalFrame(counts, radiometry, 1_700_000_000.0, "s/a.png")


@pytest.fixture
def inspection(frame: ThermalFrame) -> FrameInspection:
    hot = Reading(
        Detection("disconnector", 0.9, Box(40.5, 30.0, 64.0, 50.0)),
        measured_c=128.0,
        corrected_c=130.0,
        uncertainty_c=1.5,
        mean_c=40.0,
        min_c=20.0,
        background_c=25.0,
        hot_spot_px=(51, 41),
        distance_m=10.0,
        emissivity=0.9,
        correction=Correction.NETWORK,
        flags=frozenset({ReadingFlag.TOO_SMALL}),
    )
    cool = Reading(
        Detection("bushing", 0.8, Box(80.0, 20.0, 110.0, 60.0)),
        measured_c=25.0,
        corrected_c=25.0,
        hot_spot_px=(90, 30),
    )
    unread = Reading(
        Detection("connector", 0.5, Box(5.0, 70.0, 20.0, 90.0)),
        flags=frozenset({ReadingFlag.NO_VALID_PIXEL}),
    )
    verdicts = (
        Verdict(
            hot,
            Severity.CRITICAL,
            "disconnector-head",
            "DL/T 664-2008 Annex A (unverified)",
            130.0,
            30.0,
            25.0,
            100 / 105,
            "130.0 °C is above 130 °C",
            provisional=True,
        ),
        Verdict(cool, Severity.NORMAL, "bushing-head", t1_c=25.0, reason="25 °C is below 55 °C"),
        Verdict(unread, Severity.UNKNOWN, reason="no valid pixel", t1_c=math.nan),
    )
    readings = (hot, cool, unread)
    detections = tuple(reading.detection for reading in readings)
    return FrameInspection(frame, detections, readings, verdicts)


@pytest.fixture
def named(inspection: FrameInspection) -> NamedInspection:
    return NamedInspection("a", "s/a.png", inspection)


@pytest.fixture
def failed() -> NamedInspection:
    return NamedInspection("b", "s/b.png", None, "s/b.png: truncated PNG")


@pytest.fixture
def inspected(tmp_path: Path, named: NamedInspection, frame: ThermalFrame, failed) -> Path:
    """Folder of a finished run: one image whose thermogram is there, one that failed."""
    source = tmp_path / "counts" / "a.png"
    source.parent.mkdir()
    cv2.imwrite(str(source), frame.counts)
    (tmp_path / "scale.yaml").write_text(
        "gain: 0.1\noffset: -1000\nencoding: mono16\ncamera: TP8\napplied: {emissivity: 1.0, "
        "reflected_c: 20.0, air_c: 20.0, relative_humidity: 0.5, distance_m: 0.0}\n"
    )
    write_report(tmp_path / "run", [dataclasses.replace(named, file=str(source)), failed])
    return tmp_path / "run"
