"""The command run in-process, on thermograms made here, with a detector that is a fake by name."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from thermoscout_core.detections import Box, Detection
from thermoscout_core.inspection import Inspector
from thermoscout_core.readings import Reading
from thermoscout_core.verdicts import Severity, Verdict


class FakeBrightestSpotDetector:
    """Says that there is a connector around the brightest pixel."""

    def detect(self, counts):
        y, x = np.unravel_index(int(counts.argmax()), counts.shape)
        return [Detection("connector", 0.9, Box(x - 3.0, y - 3.0, x + 4.0, y + 4.0))]


class FakeUncorrectedThermometer:
    """States the camera's own °C, and the scene's distance."""

    def read(self, frame, detections, fix, air=None):
        celsius = frame.celsius()
        readings = []
        for detection in detections:
            x, y = (int(edge) for edge in detection.box.center_px)
            hot_c = float(celsius[y, x])
            scene = frame.radiometry.scene
            readings.append(
                Reading(
                    detection,
                    hot_c,
                    hot_c,
                    hot_spot_px=(x, y),
                    distance_m=scene.distance_m,
                    emissivity=scene.emissivity,
                )
            )
        return readings


class FakeAbove90Judge:
    """Calls everything above 90 °C serious."""

    def judge(self, readings, conditions=None):
        return [
            Verdict(reading, Severity.SERIOUS, "fake-90", t1_c=reading.corrected_c)
            if reading.corrected_c > 90
            else Verdict(reading, Severity.NORMAL, t1_c=reading.corrected_c)
            for reading in readings
        ]


@pytest.fixture
def fake_inspector(monkeypatch) -> Inspector:
    inspector = Inspector(
        FakeBrightestSpotDetector(),
        FakeUncorrectedThermometer(),
        FakeAbove90Judge(),
        model_id="fake@0",
        score_threshold=0.3,
        rules_id="fake",
    )
    monkeypatch.setattr(Inspector, "default", lambda *_: inspector)
    return inspector


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """cold.png (normal), hot.png (100 °C)."""
    root = tmp_path / "in"
    root.mkdir()
    (root / "scale.yaml").write_text("gain: 0.1\noffset: -1000\nencoding: mono16\n")
    for name, peak in (("cold", 10_300), ("hot", 11_000)):
        counts = np.full((48, 64), 10_200, np.uint16)
        counts[20:23, 30:33] = peak
        cv2.imwrite(str(root / f"{name}.png"), counts)
    return root


@pytest.fixture
def runner() -> CliRunner:
    return CliRunner()
