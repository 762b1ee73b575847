"""Building an engine from an ONNX file. The file's own data types hold (strongly typed)."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from thermoscout_core.detection.engines.calibrator import Calibrator
from thermoscout_core.detection.engines.layers import (
    Layer,
    layers_of_inspector,
    layers_of_listing,
)
from thermoscout_core.detection.engines.library import IS_RTX, trt
from thermoscout_core.detection.engines.logging import EngineLogger
from thermoscout_core.detection.engines.options import MIB, BuildOptions
from thermoscout_core.errors import ConfigurationError, EngineError

HERE_ONLY = (
    "TensorRT builds for the GPU of this machine only; leave --compute-capability out, and build "
    "on the machine that the engine is for"
)

Progress = Callable[[str, int, int], bool]
"""Told (phase, steps done, steps there are) while TensorRT builds; False stops it."""


@dataclass(frozen=True)
class Built:
    """plan: the serialised engine. timing_cache: for the next build on this machine, b"" where the
    library has none. layers: empty where they can't be told."""

    plan: bytes
    timing_cache: bytes
    layers: list[Layer]
    seconds: float


def build(
    model: Path,
    options: BuildOptions,
    timing_cache: bytes = b"",
    progress: Progress | None = None,
    calibrator: Calibrator | None = None,
) -> Built:
    """Parse and build the file for the GPU of this thread's context.

    calibrator: of TensorRT 10 alone; the network is then weakly typed. Raises EngineError with
    what TensorRT complained of, ConfigurationError for options that the library doesn't have.
    """
    begun_s = time.perf_counter()
    logger = EngineLogger(verbose=IS_RTX)
    builder = trt.Builder(logger)
    network = builder.create_network(0 if calibrator is not None else _strongly_typed())
    _parse(model, network, logger)
    config = builder.create_builder_config()
    _configure(config, options)
    cache = _attach_timing_cache(config, timing_cache)
    _add_profile(builder, config, network, options.batch)
    if calibrator is not None:
        calibrator.attach(config, _profile(builder, network, (1, 1, 1)))
    if progress is not None:
        config.progress_monitor = _Monitor(progress)
    plan = builder.build_serialized_network(network, config)
    if calibrator is not None and calibrator.failure is not None:
        raise EngineError(f"{model}: a frame can't be calibrated on") from calibrator.failure
    if plan is None:
        raise EngineError(f"{model}: TensorRT can't build it: {logger.why()}")
    content = bytes(plan)
    return Built(
        content,
        bytes(cache.serialize()) if cache is not None else b"",
        layers_of_listing(logger.lines) if IS_RTX else _inspected(content, options, logger),
        time.perf_counter() - begun_s,
    )


def _strongly_typed() -> int:
    """The network's flags: an opt-in of TensorRT 10, and the only way of 11 and of RTX."""
    flag = getattr(trt.NetworkDefinitionCreationFlag, "STRONGLY_TYPED", None)
    return 0 if flag is None or IS_RTX else 1 << int(flag)


def _parse(model: Path, network: trt.INetworkDefinition, logger: EngineLogger) -> None:
    parser = trt.OnnxParser(network, logger)
    if parser.parse_from_file(str(model)):
        return
    reasons = [parser.get_error(index).desc() for index in range(parser.num_errors)]
    raise EngineError(
        f"{model}: TensorRT can't read it: {'; '.join(reasons)}. Quantised files must be made for "
        "TensorRT, and suppression stays outside; 'thermoscout engine build' of the float32 "
        "export makes a file that fits"
    )


def _configure(config: trt.IBuilderConfig, options: BuildOptions) -> None:
    config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, options.workspace_mib * MIB)
    config.builder_optimization_level = options.level
    if not options.tf32:
        config.clear_flag(trt.BuilderFlag.TF32)
    if options.dla_core is not None:
        if IS_RTX:
            raise ConfigurationError("TensorRT for RTX has no DLA; leave --dla out")
        config.default_device_type = trt.DeviceType.DLA
        config.DLA_core = options.dla_core
        config.set_flag(trt.BuilderFlag.GPU_FALLBACK)
    if options.compute_capabilities:
        _set_compute_capabilities(config, options.compute_capabilities)


def _set_compute_capabilities(config: trt.IBuilderConfig, wanted: Sequence[str]) -> None:
    set_capability = getattr(config, "set_compute_capability", None)
    if set_capability is None:
        raise ConfigurationError(HERE_ONLY)
    known = trt.ComputeCapability.__members__  # type: ignore[attr-defined]
    config.num_compute_capabilities = len(wanted)  # type: ignore[attr-defined]
    for index, text in enumerate(wanted):
        capability = known.get(f"SM{text.replace('.', '')}")
        if capability is None:
            there = ", ".join(name for name in known if name.startswith("SM"))
            raise ConfigurationError(
                f"TensorRT for RTX can't build for compute capability {text}; there are {there}"
            )
        set_capability(capability, index)


def _attach_timing_cache(config: trt.IBuilderConfig, content: bytes) -> trt.ITimingCache | None:
    if IS_RTX:
        return None
    cache = config.create_timing_cache(content)
    config.set_timing_cache(cache, ignore_mismatch=False)
    return cache


def _add_profile(
    builder: trt.Builder,
    config: trt.IBuilderConfig,
    network: trt.INetworkDefinition,
    batch: tuple[int, int, int],
) -> None:
    profile = _profile(builder, network, batch)
    if profile is not None:
        config.add_optimization_profile(profile)


def _profile(
    builder: trt.Builder, network: trt.INetworkDefinition, batch: tuple[int, int, int]
) -> trt.IOptimizationProfile | None:
    """The batches that a free first side may take; None where none is free."""
    profile = builder.create_optimization_profile()
    free = False
    for index in range(network.num_inputs):
        tensor = network.get_input(index)
        shape = [tensor.shape[side] for side in range(len(tensor.shape))]
        if -1 in shape[1:]:
            raise EngineError(f"input {tensor.name} is {shape}: only the batch may be free")
        if shape[0] == -1:
            free = True
            least, usual, most = (trt.Dims([frames, *shape[1:]]) for frames in batch)
            profile.set_shape(tensor.name, least, usual, most)
    return profile if free else None


def _inspected(plan: bytes, options: BuildOptions, logger: EngineLogger) -> list[Layer]:
    runtime = trt.Runtime(logger)
    if options.dla_core is not None:
        runtime.DLA_core = options.dla_core
    engine = runtime.deserialize_cuda_engine(plan)
    if engine is None:
        raise EngineError(f"TensorRT can't load what it built: {logger.why()}")
    inspector = engine.create_engine_inspector()
    return layers_of_inspector(inspector.get_engine_information(trt.LayerInformationFormat.JSON))


class _Monitor(trt.IProgressMonitor):
    """Phases lie within phases; each is told under its own name."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress
        self._steps: dict[str, int] = {}

    def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
        self._steps[phase_name] = num_steps
        self._progress(phase_name, 0, num_steps)

    def step_complete(self, phase_name: str, step: int) -> bool:
        return self._progress(phase_name, step + 1, self._steps.get(phase_name, step + 1))

    def phase_finish(self, phase_name: str) -> None:
        steps = self._steps.pop(phase_name, 1)
        self._progress(phase_name, steps, steps)
