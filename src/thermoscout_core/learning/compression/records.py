"""compression.json: what a recipe found, for other programs and for resuming.

A figure that doesn't exist is null: it wasn't measured, and isn't guessed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from thermoscout_core import __version__
from thermoscout_core.learning.checkpoint import write_whole

FINAL_RECORD = "compression.json"


class Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class GateRecord(Record):
    """The way from torch to the runtime, step by step."""

    folding_difference: float | None
    """Largest difference of any output that folding batch norm made."""
    folding_worst_layer: str | None
    onnx_difference: float | None
    """Largest difference of any output, ONNX Runtime against torch; of an int8 file, against the
    float32 one."""
    map_torch: float
    map_onnx: float


class LatencyRecord(Record):
    """One file in one runtime, measured in turns with the dense one."""

    runtime: str
    p50_ms: float
    p95_ms: float
    dense_p50_ms: float
    foreign: float | None
    """Share of the machine that others took meanwhile, at most; above some percent the times say
    little."""

    @property
    def faster(self) -> float:
        return self.dense_p50_ms / self.p50_ms


class Measures(Record):
    """Of a step's model."""

    parameters: int
    nonzero: int
    macs: int
    onnx_bytes: int
    stored_bytes: dict[str, int] = {}
    """Of further files with the same weights: CSR by type of index."""
    map_50: float
    """mAP@0.5 on val of the ONNX file in ONNX Runtime."""
    latencies: list[LatencyRecord] = []

    @property
    def smallest_bytes(self) -> int:
        return min([self.onnx_bytes, *self.stored_bytes.values()])


class StepRecord(Record):
    """One step, done. fingerprint: of everything it depends on."""

    title: str
    do: str
    fingerprint: str
    settings: dict[str, Any]
    gate: GateRecord
    measures: Measures
    refused: list[str] = []
    """Why it isn't taken; empty: it is."""
    figures: dict[str, Any] = {}
    notes: list[str] = []
    seconds: float = Field(0.0, ge=0)
    folder: str = ""


class TestRecord(Record):
    """The one look at the test split."""

    split: str
    images: int
    dense_map_50: float
    compressed_map_50: float


class CompressionRecord(Record):
    """A whole recipe."""

    version: str = __version__
    date: str
    machine: dict[str, Any]
    data: str
    dense: StepRecord
    steps: list[StepRecord]
    chosen: str | None
    """Title of the step whose model is compressed.onnx; null: none met budget and goal."""
    unmet: list[str] = []
    """What the best step misses of the goal."""
    test: TestRecord | None = None


def write_record(path: Path, record: Record) -> None:
    """Raises CheckpointError when it can't be written; the file before stays."""
    write_whole(path, (record.model_dump_json(indent=1) + "\n").encode())


def read_step(path: Path) -> StepRecord | None:
    """The record of a finished step, None where there is none or one of another version."""
    if not path.is_file():
        return None
    try:
        return StepRecord.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError:
        return None
