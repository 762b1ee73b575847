"""From a model file to its engine, loaded and proved; all of it in the thread that will run it.

TensorRT itself is imported when an engine is opened, not before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thermoscout_core.detection.backends.base import Tensor, require_file
from thermoscout_core.detection.engines.cache import EngineCache, EngineRecord
from thermoscout_core.detection.engines.cuda import open_device
from thermoscout_core.detection.engines.cuda.base import Device
from thermoscout_core.detection.engines.key import ANY_GPU, Environment
from thermoscout_core.detection.engines.self_test import SelfTest, run_self_test
from thermoscout_core.detection.engines.session import Session
from thermoscout_core.resources import sha256_of


@dataclass
class OpenedEngine:
    """A loaded engine as a Backend, without a thread of its own."""

    record: EngineRecord
    session: Session

    def __post_init__(self) -> None:
        library = self.record.key.environment
        self.name = (
            f"{library.library} {library.version} {self.record.key.precision}, {self.session.name}"
        )
        self.metadata: dict[str, Any] = self.record.metadata
        self.inputs = self.record.inputs
        self.outputs = self.record.outputs
        self.settings: frozenset[str] = frozenset()

    def run(self, tensors: Mapping[str, Tensor]) -> dict[str, Any]:
        return self.session.run(tensors)

    def close(self) -> None:
        self.session.close()


Opener = Callable[[Path], OpenedEngine]


def present_environment(device: Device) -> Environment:
    """This machine as engines see it. TensorRT for RTX asks for a capability, not for one GPU."""
    from thermoscout_core.detection.engines.library import IS_RTX, LIBRARY, version

    gpu = ANY_GPU if IS_RTX else device.name
    return Environment(
        library=LIBRARY,
        version=version(),
        gpu=gpu,
        compute_capability=device.compute_capability,
    )


def open_engine(path: Path, cache: EngineCache | None = None) -> OpenedEngine:
    """The engine of a model file from the cache, after its self-test.

    Raises ModelError for a missing file, EngineError when there is no fitting engine, it can't be
    loaded, or fails its test.
    """
    from thermoscout_core.detection.engines.engine_session import EngineSession

    require_file(path)
    engines = cache if cache is not None else EngineCache()
    device = open_device()
    try:
        record = engines.find(path, sha256_of(path), present_environment(device))
        session = EngineSession(engines.read_plan(record), device, _dla_core(record))
    except BaseException:
        device.close()
        raise
    opened = OpenedEngine(record, session)
    try:
        run_self_test(opened, SelfTest.read(engines.test_path(record)), record.key.precision)
    except BaseException:
        opened.close()
        raise
    return opened


def _dla_core(record: EngineRecord) -> int | None:
    for flag in record.key.flags:
        if flag.startswith("dla="):
            return int(flag.removeprefix("dla="))
    return None
