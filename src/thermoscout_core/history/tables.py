"""A history as tables for other programs: CSV always, Parquet where pyarrow is installed."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from thermoscout_core.atomic import write_bytes
from thermoscout_core.errors import HistoryError
from thermoscout_core.history.queries import ALARMS, EQUIPMENT, PATROLS, READINGS, History

TABLES = {"readings": READINGS, "patrols": PATROLS, "equipment": EQUIPMENT, "alarms": ALARMS}


def export(history: History, table: str, path: Path) -> int:
    """Write one of TABLES to path, .csv or .parquet, and return its number of rows.

    Raises HistoryError for another ending, and where the file can't be written;
    ModuleNotFoundError without pyarrow.
    """
    writers = {".csv": _csv, ".parquet": _parquet}
    if path.suffix.lower() not in writers:
        raise HistoryError(f"{path}: write .csv or .parquet")
    columns, rows = history.table(TABLES[table])
    content = writers[path.suffix.lower()](columns, rows)
    try:
        write_bytes(path, content)
    except OSError as error:
        raise HistoryError(f"{path}: can't be written: {error.strerror or error}") from error
    return len(rows)


def _csv(columns: list[str], rows: list[tuple[Any, ...]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")


def _parquet(columns: list[str], rows: list[tuple[Any, ...]]) -> bytes:
    import pyarrow
    import pyarrow.parquet

    values = {name: [row[i] for row in rows] for i, name in enumerate(columns)}
    sink = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(values), sink)
    return sink.getvalue()
