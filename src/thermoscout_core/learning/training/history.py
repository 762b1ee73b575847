"""What a run has measured, epoch by epoch, and log.csv that is written from it."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from thermoscout_core.learning.checkpoint import write_whole


@dataclass(frozen=True)
class EpochRecord:
    """One finished epoch.

    epoch: from 1. Losses, gradient_norm: means over its batches. learning_rate: of its last batch.
    seconds: of training and validation; images_per_s: of training alone. memory_mb: peak so far.
    val_map_50, val_ap: NaN and empty where it wasn't validated.
    """

    epoch: int
    loss: float
    localisation: float
    classification: float
    gradient_norm: float
    learning_rate: float
    seconds: float
    images_per_s: float
    memory_mb: float
    val_map_50: float = math.nan
    val_ap: dict[str, float] = field(default_factory=dict)

    @property
    def validated(self) -> bool:
        return bool(self.val_ap)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


COLUMNS = tuple(entry.name for entry in fields(EpochRecord) if entry.name != "val_ap")


def write_log(path: Path, history: Sequence[EpochRecord], classes: Sequence[str]) -> None:
    """A row an epoch, a column a measurement, and AP@0.5 of each class. Raises CheckpointError."""
    content = io.StringIO()
    writer = csv.writer(content, lineterminator="\n")
    writer.writerow([*COLUMNS, *(f"ap_{name}" for name in classes)])
    for record in history:
        values = [getattr(record, name) for name in COLUMNS]
        values += [record.val_ap.get(name, math.nan) for name in classes]
        writer.writerow([_shown(value) for value in values])
    write_whole(path, content.getvalue().encode())


def _shown(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6g}"
