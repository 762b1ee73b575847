"""thermoscout history and inspect --history."""

from __future__ import annotations

import csv
import sqlite3
import sys

import cv2
import pyarrow.parquet as parquet
import pytest

from thermoscout_core.cli import app
from thermoscout_core.history.queries import History

pytestmark = pytest.mark.usefixtures("fake_inspector")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "history.sqlite"


@pytest.fixture
def inspected(runner, folder, tmp_path, file):
    """Run inspect --history on cold.png and hot.png, a patrol each call."""

    def call(*arguments):
        places = ["--output", str(tmp_path / "out"), "--history", str(file)]
        return runner.invoke(app, ["inspect", str(folder), "--no-report", *places, *arguments])

    return call


@pytest.fixture
def run(runner, file):
    def call(command, *arguments):
        result = runner.invoke(app, ["history", command, str(file), *arguments])
        return result

    return call


def test_two_inspections_are_two_patrols_of_the_same_equipment(inspected, run, file, folder):
    assert inspected("--waypoint", "bay 1").exit_code == 0
    assert inspected("--waypoint", "bay 1").exit_code == 0
    with History(file) as history:
        assert [p["thermograms"] for p in history.patrols()] == [2, 2]
        assert [e["patrols"] for e in history.equipment()] == [2]
        first = history.readings()[0]
        assert first["thermogram"] == str(folder / "cold.png")
        assert history.patrols()[0]["model"] == "fake@0"
    assert "serious" in run("list").output
    assert "bay 1" in run("list", "equipment").output
    assert "no alarms" in run("list", "alarms").output


@pytest.mark.parametrize(("pattern", "names"), [("{stem}", {"cold", "hot"}), ("{folder}", {"in"})])
def test_the_waypoint_comes_from_the_files_name(inspected, file, pattern, names):
    inspected("--waypoint", pattern)
    with History(file) as history:
        assert {reading["waypoint"] for reading in history.readings()} == names


def test_without_a_waypoint_it_is_said_why_there_is_nothing_to_plot(inspected, run):
    inspected()
    result = run("plot")
    assert result.exit_code == 2
    assert "--waypoint" in result.stderr


def test_show_lists_every_reading(inspected, run):
    inspected("--waypoint", "bay 1")
    output = run("show", "1").output
    assert "100.0" in output
    assert "serious" in output


def test_equipment_that_isnt_there_is_one_plain_line(inspected, run):
    inspected("--waypoint", "bay 1")
    for command in (("show", "7"), ("plot", "7"), ("label", "7", "x")):
        result = run(*command)
        assert result.exit_code == 2
        assert "no equipment 7" in result.stderr


def test_a_label_is_kept_and_shown(inspected, run):
    inspected("--waypoint", "bay 1")
    assert run("label", "1", "phase A").exit_code == 0
    assert "phase A, bay 1" in run("show", "1").output


def test_plots_are_pictures_with_something_in_them(inspected, run, tmp_path):
    inspected("--waypoint", "bay 1")
    result = run("plot", "--output", str(tmp_path / "trends"))
    picture = cv2.imread(result.output.strip())
    assert picture is not None
    assert len(set(map(tuple, picture.reshape(-1, 3)))) > 20


def test_csv_has_a_row_a_reading_and_a_header_for_none(inspected, run, tmp_path):
    inspected()
    out = tmp_path / "readings.csv"
    assert run("export", "--output", str(out)).exit_code == 0
    rows = list(csv.DictReader(out.open(encoding="utf-8")))
    assert [row["severity"] for row in rows] == ["normal", "serious"]
    assert rows[0]["t2_c"] == ""
    alarms = tmp_path / "alarms.csv"
    run("export", "--table", "alarms", "--output", str(alarms))
    assert alarms.read_text(encoding="utf-8").startswith("id,patrol_id,number,")


def test_parquet_holds_the_same(inspected, run, tmp_path):
    inspected()
    out = tmp_path / "readings.parquet"
    assert run("export", "--output", str(out)).exit_code == 0
    assert parquet.read_table(out).column("corrected_c").to_pylist() == pytest.approx([30, 100])


def test_parquet_without_pyarrow_names_the_extra(inspected, run, tmp_path, monkeypatch):
    inspected()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    result = run("export", "--output", str(tmp_path / "readings.parquet"))
    assert result.exit_code == 2
    assert "pip install 'thermoscout[parquet]'" in result.stderr


def test_another_ending_is_refused(inspected, run, tmp_path):
    inspected()
    assert "write .csv or .parquet" in run("export", "--output", str(tmp_path / "a.xls")).stderr


def test_check_says_that_a_file_is_sound_or_what_isnt(inspected, run, file):
    inspected()
    assert "sound, 1 patrols" in run("check").output
    connection = sqlite3.connect(file)
    connection.execute("DELETE FROM verdicts")
    connection.commit()
    connection.close()
    result = run("check")
    assert result.exit_code == 1
    assert "2 readings have no verdict" in result.output


def test_a_history_that_cant_be_written_is_refused_before_the_work(inspected, file, tmp_path):
    file.write_bytes(b"rubbish" * 1000)
    result = inspected()
    assert result.exit_code == 2
    assert "damaged, or no history" in result.stderr
    assert not (tmp_path / "out" / "results.json").exists()
    assert file.read_bytes() == b"rubbish" * 1000


def test_results_are_kept_when_the_history_fails_midway(inspected, tmp_path, monkeypatch):
    from thermoscout_core.errors import HistoryError
    from thermoscout_core.history.recorder import PatrolRecorder

    record = PatrolRecorder.record

    def full_at_the_second(self, frame):
        if "hot" in frame.path:
            raise HistoryError("the disk is full")
        record(self, frame)

    monkeypatch.setattr(PatrolRecorder, "record", full_at_the_second)
    result = inspected()
    assert result.exit_code == 2
    assert "the disk is full" in result.stderr
    assert (tmp_path / "out" / "results.json").exists()


def test_a_file_that_isnt_there_is_told(run):
    assert "no such file" in run("list").stderr
