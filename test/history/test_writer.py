"""The writing thread: nothing waits for it, nothing is lost in silence."""

from __future__ import annotations

import sqlite3
import threading
import time

import pytest

from thermoscout_core.errors import HistoryError
from thermoscout_core.history.queries import History
from thermoscout_core.history.recorder import PatrolInfo
from thermoscout_core.history.writer import HistoryWriter

DEADLINE_S = 20.0


class Told:
    """What the writer reports; await_word() waits for a sentence with those words."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self._changed = threading.Condition()

    def __call__(self, sentence: str) -> None:
        with self._changed:
            self.sentences.append(sentence)
            self._changed.notify_all()

    def await_word(self, words: str) -> str:
        with self._changed:
            said = self._changed.wait_for(
                lambda: next((s for s in self.sentences if words in s), ""), DEADLINE_S
            )
        assert said, f"never told: {words}; told: {self.sentences}"
        return said


@pytest.fixture
def told() -> Told:
    return Told()


def test_what_is_put_is_written_by_the_time_it_is_closed(path, told, row, frame) -> None:
    writer = HistoryWriter(path, PatrolInfo, told)
    for second in range(50):
        writer.put(frame(*row, second=second))
    writer.close()
    writer.close()
    assert (writer.written, writer.dropped, told.sentences) == (50, 0, [])
    with History(path) as history:
        assert history.patrols()[0]["thermograms"] == 50


def test_put_never_waits_and_what_is_dropped_is_told(path, told, frame) -> None:
    writer = HistoryWriter(path, PatrolInfo, told, capacity=5)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    begun_s = time.perf_counter()
    for second in range(20):
        writer.put(frame(second=second))
    assert time.perf_counter() - begun_s < 1.0
    other.execute("ROLLBACK")
    other.close()
    writer.close()
    assert "5 frames wait; newer ones are lost" in told.await_word("frames wait")
    assert writer.written + writer.dropped == 20
    assert f"{writer.dropped} frames not written" in told.await_word("not written")


def test_what_a_lock_held_up_is_written_after_it(path, told, row, frame, monkeypatch) -> None:
    monkeypatch.setattr("thermoscout_core.history.database.BUSY_S", 0.05)
    writer = HistoryWriter(path, PatrolInfo, told)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for second in range(3):
        writer.put(frame(*row, second=second))
    told.await_word("another program has been writing")
    assert writer.problem
    other.execute("ROLLBACK")
    other.close()
    told.await_word("written again")
    writer.close()
    assert (writer.written, writer.dropped) == (3, 0)


def test_a_damaged_file_is_set_aside_and_the_patrol_recorded(path, told, row, frame) -> None:
    path.write_bytes(b"rubbish" * 5000)
    writer = HistoryWriter(path, PatrolInfo, told)
    writer.put(frame(*row))
    writer.close()
    assert "a new history begins" in told.await_word("damaged")
    aside = list(path.parent.glob("history.sqlite.damaged-*"))
    assert [file.read_bytes() for file in aside] == [b"rubbish" * 5000]
    with History(path) as history:
        assert len(history.readings()) == 3


def test_a_foreign_file_is_refused_at_once(path, told) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE songs (title TEXT)")
    connection.close()
    with pytest.raises(HistoryError, match="another program"):
        HistoryWriter(path, PatrolInfo, told)
