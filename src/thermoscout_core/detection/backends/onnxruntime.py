"""ONNX Runtime: the default backend, on the CPU; on a GPU where its package for that is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnxruntime as ort

from thermoscout_core.detection.backends.base import (
    METADATA_KEY,
    Tensor,
    is_int8,
    read_metadata,
    require_file,
)
from thermoscout_core.errors import ConfigurationError, ModelError
from thermoscout_core.machine import cuts_byte_products

PROVIDERS = {
    "CPU": "CPUExecutionProvider",
    "CUDA": "CUDAExecutionProvider",
    "TensorRT": "TensorrtExecutionProvider",
}
"""What computes -> ONNX Runtime's name for it."""

FREE_BATCHES = ("batch", "frames")
"""What our exports call the number of frames where it is free."""


SMALL_BLOCKS = ("session.dynamic_block_base", "4")
"""Threads take a layer's work in smaller and smaller blocks, so that one that is held up doesn't
hold up the others: 2 % less time on two cores, and less at the 95th percentile."""

SHORT_SPINNING = ("session.intra_op.spin_duration_us", "20")
"""How long a thread that waits for another keeps its core: longer than from layer to layer,
shorter than a time slice. One that spins on keeps off the core the very thread that it waits for:
beside two busy processes the detector took 1.5 times as long so, int8 1.7 times. ONNX Runtime 1.23
doesn't know it yet, and spins on."""

WHOLE_SUMS = ("session.x64quantprecision", "1")
"""Where the processor cuts sums of byte products off (machine.cuts_byte_products), ONNX Runtime
takes a whole, slower way so asked (benchmarks/onnxruntime_options.py); elsewhere the option
changes nothing. Without it the shipped int8 file had 0.336 mAP on val in place of 0.510 there."""

BIAS_QUANTIZATION = "WeightBiasQuantization"
"""The optimiser of ONNX Runtime (seen in 1.31) that spoils biases beside scales in float16."""


def resting_options(threads: int) -> ort.SessionOptions:
    """Of a session whose threads spin within a run, which is fast, but not after it, when others
    want the core (another session that is timed in turns, too)."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.force_spinning_stop", "1")
    options.add_session_config_entry(*SHORT_SPINNING)
    options.add_session_config_entry(*SMALL_BLOCKS)
    options.add_session_config_entry(*WHOLE_SUMS)
    return options


class OnnxRuntimeBackend:
    """An ONNX file in ONNX Runtime; see backends.base.Backend."""

    def __init__(
        self,
        path: Path,
        threads: int = 2,
        *,
        optimise: bool = True,
        provider: str = "CPU",
        one_frame: bool = False,
    ) -> None:
        """optimise False runs the graph as it is written: slow, and the yardstick of every faster
        way. provider: one of PROVIDERS. one_frame: a free batch is always 1, as a robot's is; all
        shapes are then known beforehand, and the neck stays in the convolutions' blocked layout.

        Raises ModelError when the file is missing, no ONNX, or not one of our exports,
        ConfigurationError when the provider isn't there or doesn't start: ONNX Runtime alone
        would go on on the CPU.
        """
        require_file(path)
        wanted = PROVIDERS[provider]
        if wanted not in ort.get_available_providers():
            raise ConfigurationError(
                f"ONNX Runtime {ort.__version__} has no {provider} here; pip install "
                "onnxruntime-gpu in the place of onnxruntime (on a Jetson NVIDIA's own build)"
            )
        options = resting_options(threads)
        if one_frame:
            for name in FREE_BATCHES:
                options.add_free_dimension_override_by_name(name, 1)
        level = ort.GraphOptimizationLevel
        options.graph_optimization_level = (
            level.ORT_ENABLE_ALL if optimise else level.ORT_DISABLE_ALL
        )
        self._session = _session(path, options, wanted)
        if self._session.get_providers()[0] != wanted:
            raise ConfigurationError(
                f"ONNX Runtime's {provider} doesn't start here; its log above says why, as a rule "
                "a CUDA or TensorRT of another version"
            )
        self.name = f"onnxruntime {ort.__version__} {provider}, {threads} threads"
        properties = self._session.get_modelmeta().custom_metadata_map
        self.metadata = read_metadata(path, properties.get(METADATA_KEY))
        if provider == "CPU" and is_int8(self.metadata) and cuts_byte_products():
            self.name += ", int8 slower: this processor has no VNNI"
        if self.metadata.get("precision", {}).get("type") == "int8_float16":
            self._session = _session(path, options, wanted, [BIAS_QUANTIZATION])
        self.inputs = {
            entry.name: tuple(side if isinstance(side, int) else None for side in entry.shape)
            for entry in self._session.get_inputs()
        }
        self.settings = frozenset(
            entry.name for entry in self._session.get_overridable_initializers()
        )
        self.outputs = tuple(entry.name for entry in self._session.get_outputs())

    def run(self, tensors: Mapping[str, Tensor]) -> dict[str, Any]:
        return dict(zip(self.outputs, self._session.run(self.outputs, dict(tensors)), strict=True))

    def close(self) -> None:
        """Nothing to let go of before the object itself."""


def _session(
    path: Path, options: ort.SessionOptions, provider: str, disabled: Sequence[str] = ()
) -> ort.InferenceSession:
    try:
        return ort.InferenceSession(
            str(path), options, providers=[provider], disabled_optimizers=list(disabled)
        )
    except Exception as error:  # ONNX Runtime's exceptions share no public base class
        raise ModelError(f"{path}: ONNX Runtime can't read it as a model: {error}") from error
