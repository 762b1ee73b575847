"""thermoscout inspect with the shipped detector, network and rules, on files of the simulation."""

from __future__ import annotations

import dataclasses

import pytest
from typer.testing import CliRunner

from thermoscout_core.cli import app
from thermoscout_core.results import Results, read_results
from thermoscout_core.simulation.patrol import Patrol
from thermoscout_core.thermograms.annex_c_frames import annex_c_of_frame, write_annex_c


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Results:
    """Four stations of a patrol, written as DL/T 664 Annex C files and inspected."""
    folder = tmp_path_factory.mktemp("patrol")
    patrol = Patrol(seed=7, width_px=384, height_px=288)
    for station in range(4):
        seen = patrol.frame_at((station + 0.5) * patrol.period_s / 9)
        frame = dataclasses.replace(seen.frame, stamp_s=1_700_000_000.0 + station)
        write_annex_c(folder / f"station_{station}.jpg", annex_c_of_frame(frame))
    arguments = ["inspect", str(folder), "--output", str(folder / "out"), "--distance", "12"]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    return read_results(folder / "out" / "results.json")


def test_every_station_is_listed(results):
    assert [image.id for image in results.images] == [f"station_{n}" for n in range(4)]


def test_the_detector_finds_equipment(results):
    assert sum(len(image.detections) for image in results.images) > 0


def test_every_detection_has_a_reading_and_every_reading_a_verdict(results):
    for image in results.images:
        assert len(image.detections) == len(image.readings) <= len(image.verdicts)


def test_readings_are_corrected_for_the_distance_given(results):
    readings = [reading for image in results.images for reading in image.readings]
    assert {reading.distance_m for reading in readings} == {12.0}
    assert all(reading.correction.value != "none" for reading in readings)


def test_the_record_names_model_and_rules(results):
    assert results.model.startswith("mobilenet_v1_ssd512_int8@") and results.rules == "dlt664"
    assert results.model.endswith("+12looks")


def test_a_correction_of_ones_own_is_loaded_or_refused_by_name(tmp_path):
    broken = tmp_path / "mine.npz"
    broken.write_bytes(b"no archive")
    arguments = ["inspect", str(tmp_path), "--output", str(tmp_path / "out")]
    (tmp_path / "frame.png").write_bytes(b"")
    refused = CliRunner().invoke(app, [*arguments, "--correction", str(broken)])
    assert refused.exit_code == 2 and "mine.npz" in refused.stderr
