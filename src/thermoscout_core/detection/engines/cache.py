"""The engines of this machine: each a plan, its record and its self-test, found by key.

``<name>-<digest>.plan``, ``.json`` and ``.npz``. The record is written last, each file by way of
a rename, all under a lock: what has a record is whole. Nothing is served whose checksum or
environment differs.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from thermoscout_core.atomic import write_bytes
from thermoscout_core.detection.engines.key import EngineKey, Environment, changes
from thermoscout_core.errors import EngineError

FOLDER_VARIABLE = "THERMOSCOUT_ENGINES"
"""Environment variable: the folder of the cache."""


class Outcome(BaseModel):
    """Of a self-test. detections: how many there were to find. score: largest difference of one.
    box_px: largest difference of an edge. when: ISO 8601, UTC."""

    model_config = ConfigDict(frozen=True)

    when: str
    detections: int
    score: float
    box_px: float


class EngineRecord(BaseModel):
    """What is known of a kept engine. name: the model's file name without ending. metadata: what
    the export wrote into the file. inputs, outputs: shapes, None where free. convolutions: how
    many compute in each data type. asked_for: when a build was last answered with it, ISO 8601,
    UTC, or nothing. self_test: of the build; None for an engine that was built for a GPU that
    isn't here."""

    model_config = ConfigDict(frozen=True)

    schema_version: int = 1
    name: str
    key: EngineKey
    plan_sha256: str
    plan_bytes: int
    built: str
    asked_for: str = ""
    build_s: float
    convolutions: dict[str, int]
    metadata: dict[str, Any]
    inputs: dict[str, tuple[int | None, ...]]
    outputs: tuple[str, ...]
    self_test: Outcome | None = None


def default_folder() -> Path:
    """$THERMOSCOUT_ENGINES, else thermoscout/engines in the user's cache folder."""
    asked = os.environ.get(FOLDER_VARIABLE)
    if asked:
        return Path(asked)
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "thermoscout" / "engines"


class EngineCache:
    """A folder of engines."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder if folder is not None else default_folder()

    def plan_path(self, record: EngineRecord) -> Path:
        return self._path(record, ".plan")

    def test_path(self, record: EngineRecord) -> Path:
        return self._path(record, ".npz")

    def timing_path(self, environment: Environment) -> Path:
        """TensorRT's timing cache, one an environment: layers timed once aren't timed again."""
        digest = hashlib.sha256(environment.model_dump_json().encode()).hexdigest()
        return self.folder / f"timing-{digest[:12]}.cache"

    def ranges_path(self, model_sha256: str, environment: Environment, frames: str) -> Path:
        """The ranges that TensorRT's calibrator found in frames of that digest."""
        content = f"{model_sha256} {environment.model_dump_json()} {frames}"
        return self.folder / f"ranges-{hashlib.sha256(content.encode()).hexdigest()[:12]}.cache"

    @contextmanager
    def lock(self, digest: str) -> Iterator[None]:
        """Held while an engine of that key is built or written; a second one waits."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(
                self.folder / f"{digest[:12]}.lock", os.O_RDWR | os.O_CREAT, 0o644
            )
        except OSError as error:
            raise EngineError(
                f"{self.folder}: can't keep engines here: {error}; set {FOLDER_VARIABLE} to "
                "another folder"
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def store(self, record: EngineRecord, plan: bytes, test: bytes) -> None:
        """Write plan and self-test, then the record. Under lock(). Raises EngineError."""
        try:
            write_bytes(self.plan_path(record), plan)
            write_bytes(self.test_path(record), test)
        except OSError as error:
            raise EngineError(f"{self.folder}: the engine can't be written: {error}") from error
        self._write_record(record)

    def renew(self, record: EngineRecord) -> EngineRecord:
        """Make a kept engine the newest, which is the one that find() gives: of several builds of
        one file (calibrated, other flags) the last one asked for runs. Under lock(). Raises
        EngineError when its plan is gone or damaged."""
        self.read_plan(record)
        renewed = record.model_copy(update={"asked_for": datetime.now(timezone.utc).isoformat()})
        self._write_record(renewed)
        return renewed

    def records(self) -> list[EngineRecord]:
        """All that are kept, newest first; a record that can't be read is left out."""
        found = []
        for path in self.folder.glob("*.json"):
            try:
                found.append(EngineRecord.model_validate_json(path.read_bytes()))
            except (OSError, ValidationError):
                continue
        return sorted(found, key=lambda it: max(it.built, it.asked_for), reverse=True)

    def find(self, model: Path, model_sha256: str, present: Environment) -> EngineRecord:
        """The newest engine of that file for this machine as it is.

        Raises EngineError naming what changed since one was built, or that none was, and the
        command that builds one.
        """
        rebuild = f"build one here: thermoscout engine build {model}"
        records = self.records()
        mine = [record for record in records if record.key.model_sha256 == model_sha256]
        for record in mine:
            if record.key.environment.serves(present):
                return record
        if mine:
            differences = ", ".join(changes(mine[0].key.environment, present))
            raise EngineError(
                f"{model}: its engine of {mine[0].built} is stale: {differences}; {rebuild}"
            )
        for record in records:
            if record.name == model.stem:
                raise EngineError(
                    f"{model}: the file has changed since its engine of {record.built} was built; "
                    f"{rebuild}"
                )
        raise EngineError(f"{model}: there is no engine for it in {self.folder}; {rebuild}")

    def read_plan(self, record: EngineRecord) -> bytes:
        """The plan. Raises EngineError when it is gone or isn't what was built."""
        path = self.plan_path(record)
        try:
            plan = path.read_bytes()
        except OSError as error:
            raise EngineError(f"{path}: the engine can't be read: {error}") from error
        if hashlib.sha256(plan).hexdigest() != record.plan_sha256:
            raise EngineError(
                f"{path}: the engine is damaged (its checksum differs from its record's); build "
                "it again: thermoscout engine build --force"
            )
        return plan

    def _write_record(self, record: EngineRecord) -> None:
        path = self._path(record, ".json")
        try:
            write_bytes(path, record.model_dump_json(indent=1).encode())
        except OSError as error:
            raise EngineError(f"{path}: can't be written: {error}") from error

    def _path(self, record: EngineRecord, ending: str) -> Path:
        return self.folder / f"{record.name}-{record.key.digest()[:12]}{ending}"
