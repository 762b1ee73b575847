"""From a model file to an engine in the cache: built once, proved, and only then kept."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from thermoscout_core.atomic import write_bytes
from thermoscout_core.detection.backends.onnxruntime import OnnxRuntimeBackend
from thermoscout_core.detection.contract import Contract
from thermoscout_core.detection.engines.builder import HERE_ONLY, Built, Progress, build
from thermoscout_core.detection.engines.cache import EngineCache, EngineRecord, Outcome
from thermoscout_core.detection.engines.calibrator import (
    PRECISION,
    Calibrator,
    Inputs,
    digest_of,
    require_calibrator,
)
from thermoscout_core.detection.engines.cuda import open_device
from thermoscout_core.detection.engines.engine_session import EngineSession
from thermoscout_core.detection.engines.key import (
    ANY_GPU,
    SEPARATOR,
    EngineKey,
    Environment,
    profile_shapes,
)
from thermoscout_core.detection.engines.layers import data_types
from thermoscout_core.detection.engines.library import IS_RTX, LIBRARY, version
from thermoscout_core.detection.engines.opening import OpenedEngine, present_environment
from thermoscout_core.detection.engines.options import BuildOptions
from thermoscout_core.detection.engines.self_test import SelfTest, make_self_test, run_self_test
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.frames import Counts
from thermoscout_core.resources import sha256_of


def make_engine(
    model: Path,
    options: BuildOptions,
    frames: Sequence[Counts],
    cache: EngineCache,
    *,
    force: bool = False,
    progress: Progress | None = None,
) -> tuple[EngineRecord, bool]:
    """The engine of a file: from the cache where it is there, else built, tested and kept.

    frames: in one of which the model finds something, and that a calibrator gets. force: build in
    any case. Returns its record and whether it was built. Raises EngineError when it can't be
    built or fails its test; then nothing is kept. ConfigurationError for wishes that don't go
    together, or that the library can't fulfil.
    """
    backend = OnnxRuntimeBackend(model)
    inputs = _calibration_inputs(model, backend, options, frames)
    ranges = (f"ranges={digest_of(inputs)[:12]}",) if inputs else ()
    environment = _environment(options)
    key = EngineKey(
        model_sha256=sha256_of(model),
        environment=environment,
        precision=PRECISION if inputs else precision_of(backend),
        shapes=profile_shapes(backend.inputs, options),
        flags=(*options.flags(), *ranges),
    )
    with cache.lock(key.digest()):
        kept = next((record for record in cache.records() if record.key == key), None)
        if kept is not None and not force:
            return cache.renew(kept), False
        test = make_self_test(model, frames)
        built = _built(model, options, cache, key, inputs, progress)
        record = EngineRecord(
            name=model.stem,
            key=key,
            plan_sha256=hashlib.sha256(built.plan).hexdigest(),
            plan_bytes=len(built.plan),
            built=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            build_s=round(built.seconds, 2),
            convolutions=data_types(built.layers),
            metadata=backend.metadata,
            inputs=backend.inputs,
            outputs=backend.outputs,
        )
        if not options.compute_capabilities:
            record = record.model_copy(update={"self_test": _proved(record, built, options, test)})
        cache.store(record, built.plan, test.to_bytes())
        return record, True


def precision_of(backend: OnnxRuntimeBackend) -> str:
    """As the file's metadata say; float32 where they say nothing."""
    noted = backend.metadata.get("precision", {})
    return str(noted.get("type", "float32")) if isinstance(noted, dict) else "float32"


def _environment(options: BuildOptions) -> Environment:
    """Of this machine, or of the GPUs that the options name."""
    if not options.compute_capabilities:
        device = open_device()
        try:
            return present_environment(device)
        finally:
            device.close()
    if not IS_RTX:
        raise ConfigurationError(HERE_ONLY)
    return Environment(
        library=LIBRARY,
        version=version(),
        gpu=ANY_GPU,
        compute_capability=SEPARATOR.join(options.compute_capabilities),
    )


def _calibration_inputs(
    model: Path, backend: OnnxRuntimeBackend, options: BuildOptions, frames: Sequence[Counts]
) -> Inputs:
    """What a calibrator gets; empty without one."""
    if not options.calibrator:
        return ()
    require_calibrator()
    contract = Contract(backend)
    if contract.input != "images" or precision_of(backend) != "float32":
        raise ConfigurationError(
            f"{model}: TensorRT's calibrator takes a float32 file with the preprocessing outside; "
            "leave --precision and --with-preprocessing out, or --calibrator"
        )
    if not frames:
        raise ConfigurationError("TensorRT's calibrator needs frames; name them with --data")
    return [contract.prepare(counts) for counts in frames]


def _built(
    model: Path,
    options: BuildOptions,
    cache: EngineCache,
    key: EngineKey,
    inputs: Inputs,
    progress: Progress | None,
) -> Built:
    timings = cache.timing_path(key.environment)
    known = timings.read_bytes() if timings.is_file() else b""
    if inputs:
        ranges = cache.ranges_path(key.model_sha256, key.environment, digest_of(inputs))
        device = open_device()
        try:
            with device.active():
                calibrator = Calibrator(inputs, device, ranges)
                built = build(model, options, known, progress, calibrator)
        finally:
            device.close()
    else:
        built = build(model, options, known, progress)
    if built.timing_cache:
        write_bytes(timings, built.timing_cache)
    return built


def _proved(record: EngineRecord, built: Built, options: BuildOptions, test: SelfTest) -> Outcome:
    device = open_device()
    try:
        session = EngineSession(built.plan, device, options.dla_core)
    except BaseException:
        device.close()
        raise
    opened = OpenedEngine(record, session)
    try:
        return run_self_test(opened, test, record.key.precision)
    finally:
        opened.close()
