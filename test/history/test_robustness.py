"""What goes wrong: killed writers, damage, no rights, no room, two writers, other versions."""

from __future__ import annotations

import os
import select
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from thermoscout_core.errors import HistoryError
from thermoscout_core.history import schema
from thermoscout_core.history.database import (
    CorruptHistoryError,
    open_for_reading,
    open_for_writing,
    set_aside,
)
from thermoscout_core.history.queries import History
from thermoscout_core.history.recorder import PatrolInfo, PatrolRecorder

READINGS = 3
WRITER = f"""
import os, sys
from pathlib import Path
from thermoscout_core.detections import Box, Detection
from thermoscout_core.diagnosis.sightings import Sighting
from thermoscout_core.history.places import Place
from thermoscout_core.history.recorder import FrameRecord, PatrolInfo, PatrolRecorder
from thermoscout_core.readings import Reading
from thermoscout_core.verdicts import Severity, Verdict

path, name, frames = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
recorder = PatrolRecorder(path, PatrolInfo(name))
boxes = [Box(90.0 * k, 100.0, 90.0 * k + 50, 160.0) for k in range({READINGS})]
sightings = tuple(
    Sighting(Verdict(Reading(Detection("connector", 0.9, box), 40.0, 40.0), Severity.NORMAL))
    for box in boxes
)
for k in range(frames):
    recorder.record(FrameRecord(1e9 + k, (640, 512), sightings, place=Place("bay 1")))
    os.write(1, b".")  # told: committed
recorder.close()
"""


def start_writer(path: Path, name: str, frames: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", WRITER, str(path), name, str(frames)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)


def read_until(writer: subprocess.Popen[bytes], told: int) -> int:
    """Wait until it has told of that many commits; how many it told of."""
    assert writer.stdout is not None
    seen = 0
    while seen < told:
        assert select.select([writer.stdout], [], [], 60.0)[0], "the writer is silent"
        some = os.read(writer.stdout.fileno(), 65536)
        assert some, "the writer ended"
        seen += len(some)
    return seen


def test_nothing_committed_is_lost_by_kill_9_and_nothing_is_half_written(path: Path) -> None:
    """A writer is killed again and again, each time a little later, always on the same file."""
    told = {}
    for attempt, commits in enumerate((1, 2, 3, 7, 13, 29)):
        writer = start_writer(path, f"{attempt}", 10**6)
        told[f"{attempt}"] = read_until(writer, commits)
        writer.send_signal(signal.SIGKILL)
        told[f"{attempt}"] += len(writer.stdout.read() if writer.stdout else b"")
        assert writer.wait() == -signal.SIGKILL
    with History(path) as history:
        assert history.problems() == []
        patrols = {patrol["name"]: patrol for patrol in history.patrols()}
        assert len(history.equipment()) == READINGS
    for name, commits in told.items():
        # it may have committed one more than it came to tell of
        assert patrols[name]["thermograms"] in (commits, commits + 1)
        assert patrols[name]["readings"] == READINGS * patrols[name]["thermograms"]


def test_two_writers_lose_nothing_and_share_the_equipment(path: Path) -> None:
    writers = [start_writer(path, name, 40) for name in ("one", "two")]
    assert [writer.wait(120) for writer in writers] == [0, 0]
    for writer in writers:
        assert writer.stdout is not None
        writer.stdout.close()
    with History(path) as history:
        assert history.problems() == []
        assert {p["name"]: p["readings"] for p in history.patrols()} == {
            "one": 40 * READINGS,
            "two": 40 * READINGS,
        }
        assert len(history.equipment()) == READINGS


def test_who_waits_too_long_for_another_writer_is_told(path, patrol, frame, monkeypatch) -> None:
    patrol(frame())
    monkeypatch.setattr("thermoscout_core.history.database.BUSY_S", 0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(HistoryError, match="another program has been writing"):
        open_for_writing(path)
    other.close()
    open_for_writing(path).close()


def test_it_can_be_read_while_it_is_written(path, row, frame) -> None:
    recorder = PatrolRecorder(path, PatrolInfo())
    recorder.record(frame(*row))
    with History(path) as history:
        recorder.record(frame(*row, second=1))
        assert len(history.readings()) == 6
    recorder.close()


@pytest.mark.parametrize("damage", ["garbage", "torn"])
def test_a_damaged_file_is_told_and_can_be_set_aside(path, patrol, row, frame, damage) -> None:
    for second in range(30):
        patrol(frame(*row, second=second))
    whole = path.read_bytes()
    damaged = b"not a database at all" * 1000
    if damage == "torn":
        damaged = whole[:4096] + b"\x5a" * (len(whole) - 4096)
    path.write_bytes(damaged)
    with pytest.raises(CorruptHistoryError, match="damaged, or no history"):
        recorder = PatrolRecorder(path, PatrolInfo())
        try:
            recorder.record(frame(*row))
        finally:
            recorder.close()
    aside = set_aside(path)
    assert aside.read_bytes()[4096:] == damaged[4096:]
    assert not path.exists()
    patrol(frame(*row))
    with History(path) as history:
        assert len(history.readings()) == 3


def test_damage_is_found_by_check(path, patrol, row, frame) -> None:
    for second in range(40):
        patrol(frame(*row, second=second))
    content = bytearray(path.read_bytes())
    content[-4096:] = b"\x77" * 4096
    path.write_bytes(content)
    with History(path) as history:
        assert history.problems()


def test_a_row_without_its_parent_is_found_by_check(path, patrol, row, frame) -> None:
    patrol(frame(*row))
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM verdicts WHERE reading_id = 2")
    connection.execute("DELETE FROM thermograms")
    connection.commit()
    connection.close()
    with History(path) as history:
        assert "1 readings have no verdict" in history.problems()
        assert any("names a row of thermograms" in problem for problem in history.problems())


def test_a_full_disk_is_told_and_what_was_committed_is_safe(path, row, frame) -> None:
    recorder = PatrolRecorder(path, PatrolInfo())
    recorder.record(frame(*row))
    pages = recorder._connection.execute("PRAGMA page_count").fetchone()[0]
    recorder._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(HistoryError, match="disk is full; make room"):
        for second in range(1, 500):
            recorder.record(frame(*row, second=second))
    recorder._connection.execute("PRAGMA max_page_count = 1000000")
    recorder.record(frame(*row, second=1000))  # there is room again
    recorder.close()
    with History(path) as history:
        assert history.problems() == []
        assert history.patrols()[0]["ended_s"] == frame(second=1000).stamp_s


@pytest.fixture
def nobodys_folder() -> Iterator[Path]:
    """A folder in which this process may only read, also where the tests run as root."""
    with tempfile.TemporaryDirectory() as folder:
        root = os.geteuid() == 0
        os.chmod(folder, 0o755)
        yield Path(folder)
        if root:
            os.seteuid(0)
        os.chmod(folder, 0o755)


def give_up_rights(folder: Path) -> None:
    for path in folder.iterdir():
        path.chmod(0o444)
    folder.chmod(0o555)
    if os.geteuid() == 0:
        os.seteuid(65534)


def test_a_read_only_file_is_told_and_can_still_be_read(nobodys_folder, row, frame) -> None:
    path = nobodys_folder / "history.sqlite"
    recorder = PatrolRecorder(path, PatrolInfo())
    recorder.record(frame(*row))
    recorder.close()
    give_up_rights(nobodys_folder)
    with pytest.raises(HistoryError, match="read-only; make it and its folder writable"):
        open_for_writing(path)
    with History(path) as history:
        assert len(history.readings()) == 3


def test_a_folder_without_rights_is_told(nobodys_folder) -> None:
    give_up_rights(nobodys_folder)
    with pytest.raises(HistoryError, match="can't be opened; does its folder exist"):
        open_for_writing(nobodys_folder / "new.sqlite")


def test_a_newer_file_is_refused_and_left_alone(path, patrol, frame) -> None:
    patrol(frame())
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()
    for opened in (open_for_writing, open_for_reading):
        with pytest.raises(HistoryError, match="newer Thermoscout \\(version 99"):
            opened(path)
    assert path.read_bytes() == before


def test_an_older_file_is_brought_up_to_date_with_all_that_is_in_it(
    path, patrol, row, frame, monkeypatch
) -> None:
    patrol(frame(*row))
    newer = (*schema.MIGRATIONS, "ALTER TABLE patrols ADD COLUMN weather TEXT;")
    for module in ("schema", "database"):
        monkeypatch.setattr(f"thermoscout_core.history.{module}.MIGRATIONS", newer)
    with pytest.raises(HistoryError, match="version 1 of the tables, now 2"):
        open_for_reading(path)
    open_for_writing(path).close()
    with History(path) as history:
        assert "weather" in history.patrols()[0]
        assert len(history.readings()) == 3


def test_a_migration_that_fails_leaves_the_file_as_it_was(
    path, patrol, frame, monkeypatch
) -> None:
    patrol(frame())
    broken = (*schema.MIGRATIONS, "ALTER TABLE patrols ADD COLUMN x TEXT;\nDROP TABLE nonsense;")
    with monkeypatch.context() as patch:
        for module in ("schema", "database"):
            patch.setattr(f"thermoscout_core.history.{module}.MIGRATIONS", broken)
        with pytest.raises(HistoryError, match="nonsense"):
            open_for_writing(path)
    with History(path) as history:
        assert "x" not in history.patrols()[0]


def test_the_database_of_another_program_is_refused(path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE songs (title TEXT)")
    connection.close()
    for opened in (open_for_writing, open_for_reading):
        with pytest.raises(HistoryError, match="another program"):
            opened(path)


def test_what_isnt_there_is_told(path, tmp_path) -> None:
    with pytest.raises(HistoryError, match="no such file"):
        open_for_reading(path)
    with pytest.raises(HistoryError, match="a folder; give a file"):
        open_for_writing(tmp_path)
