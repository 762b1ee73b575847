"""Opening history files: what a file must be, and what is said of one that isn't.

Write-ahead logging with synchronous = FULL: a transaction that was committed is on the disk, and
one that was cut short never happened, whatever ends the program or the machine.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import quote

from thermoscout_core.errors import HistoryError
from thermoscout_core.history.schema import APPLICATION_ID, MIGRATIONS, schema_version

BUSY_S = 5.0
"""So long a writer waits for another one's transaction."""

_SIDE_FILES = ("", "-wal", "-shm")
_REMEDIES = {
    "locked": "another program has been writing to it for long; try again when that is done",
    "busy": "another program has been writing to it for long; try again when that is done",
    "readonly": "it is read-only; make it and its folder writable",
    "full": "the disk is full; make room, what was committed is safe",
    "unable to open": "it can't be opened; does its folder exist, and may you write there?",
    "i/o": "the disk failed; see the system's log, what was committed is safe",
}
_CORRUPT = ("malformed", "not a database", "corrupt")


class CorruptHistoryError(HistoryError):
    """The file is damaged, or no SQLite database at all."""


def explained(error: sqlite3.Error, path: Path) -> HistoryError:
    """An error of SQLite as one that says what to do."""
    text = str(error)
    if any(word in text.lower() for word in _CORRUPT):
        return CorruptHistoryError(
            f"{path}: damaged, or no history: {text}; keep it, `sqlite3 FILE .recover` may save "
            "what is left, and write to another file meanwhile"
        )
    for word, remedy in _REMEDIES.items():
        if word in text.lower():
            return HistoryError(f"{path}: {remedy} ({text})")
    return HistoryError(f"{path}: {text}")


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open a history, make it where there is none, bring an older one up to date.

    Raises CorruptHistoryError for a damaged file, HistoryError for a foreign or newer one, or one
    that can't be written.
    """
    if path.is_dir():
        raise HistoryError(f"{path}: a folder; give a file, such as {path / 'history.sqlite'}")
    try:
        connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
    except sqlite3.Error as error:
        raise explained(error, path) from error
    try:
        _check_owner(connection, path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        with transaction(connection):  # also shows now whether it can be written
            _migrate(connection)
    except sqlite3.Error as error:
        connection.close()
        raise explained(error, path) from error
    except HistoryError:
        connection.close()
        raise
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open a history that is there, also while others write to it. Raises as open_for_writing,
    and for an older file too, which only a writer brings up to date."""
    if not path.is_file():
        raise HistoryError(f"{path}: no such file; `thermoscout inspect --history` makes one")
    try:
        connection = _connect_read_only(path)
        version = _check_owner(connection, path)
    except sqlite3.Error as error:
        raise explained(error, path) from error
    if version < schema_version():
        connection.close()
        raise HistoryError(
            f"{path}: of an older Thermoscout (version {version} of the tables, now "
            f"{schema_version()}); write to it once to bring it up to date"
            if version
            else f"{path}: an empty database, no history"
        )
    connection.row_factory = sqlite3.Row
    return connection


def set_aside(path: Path) -> Path:
    """Rename a damaged history, with its side files, and return its new name. Nothing of it is
    deleted. Raises HistoryError when it can't be renamed."""
    now = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S.%fZ")
    aside = path.with_name(f"{path.name}.damaged-{now}")
    try:
        for suffix in _SIDE_FILES:
            side = path.with_name(path.name + suffix)
            if side.exists():
                side.rename(aside.with_name(aside.name + suffix))
    except OSError as error:
        raise HistoryError(f"{path}: damaged, and can't be renamed: {error.strerror}") from error
    return aside


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All that is written within, or nothing. Raises sqlite3.Error."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _connect_read_only(path: Path) -> sqlite3.Connection:
    address = f"file:{quote(str(path.resolve()))}?mode=ro"
    connection = sqlite3.connect(address, timeout=BUSY_S, uri=True)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        connection.close()
        if "unable to open" not in str(error) and "readonly" not in str(error):
            raise
        # Nobody may write here, so there is no log to share: an archived copy
        connection = sqlite3.connect(f"{address}&immutable=1", timeout=BUSY_S, uri=True)
    return connection


def _check_owner(connection: sqlite3.Connection, path: Path) -> int:
    """The file's version. Raises HistoryError for a foreign or a newer one."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    owner = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if owner != APPLICATION_ID and (owner or version or tables):
        raise HistoryError(f"{path}: a database of another program; give another file")
    if version > schema_version():
        raise HistoryError(
            f"{path}: written by a newer Thermoscout (version {version} of the tables, this one "
            f"knows {schema_version()}); update Thermoscout, or give another file"
        )
    return version


def _migrate(connection: sqlite3.Connection) -> None:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == schema_version():
        return
    for script in MIGRATIONS[version:]:
        for statement in _statements(script):
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {schema_version()}")


def _statements(script: str) -> Iterator[str]:
    """The statements of a script; executescript() would commit before it begins."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
