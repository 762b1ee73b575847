"""TensorRT 10's own int8 calibration, for comparison with files that carry their scales.

Superseded by explicit quantisation and gone from TensorRT 11 and TensorRT for RTX; the network is
then weakly typed, and TensorRT chooses which layers compute in int8, float16 or float32.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from thermoscout_core.atomic import write_bytes
from thermoscout_core.detection.backends.base import Tensor
from thermoscout_core.detection.engines.cuda.base import Buffer, Device
from thermoscout_core.detection.engines.library import LIBRARY, trt, version
from thermoscout_core.errors import ConfigurationError

PRECISION = "int8_calibrated"
"""Of an engine that is made this way; its file is float32."""

Inputs = Sequence[Mapping[str, Tensor]]
"""Tensors by name, one frame each."""


def require_calibrator() -> None:
    """Raises ConfigurationError where the installed library has no calibrator."""
    if not hasattr(trt, "IInt8EntropyCalibrator2"):
        raise ConfigurationError(
            f"{LIBRARY} {version()} has no calibrator, only TensorRT 8 to 10 have; leave "
            "--calibrator out and take --precision int8: the scales are then in the file, for "
            "every version"
        )


def digest_of(inputs: Inputs) -> str:
    """SHA-256 of the frames that an engine is calibrated on, in hexadecimal."""
    digest = hashlib.sha256()
    for tensors in inputs:
        for name in sorted(tensors):
            digest.update(name.encode() + np.ascontiguousarray(tensors[name]).tobytes())
    return digest.hexdigest()


class Calibrator:
    """Attached to a builder's configuration; holds what must live until the build has ended.

    failure: of reading or copying a frame: an exception can't pass through TensorRT.
    """

    def __init__(self, inputs: Inputs, device: Device, cache: Path) -> None:
        """device: with its context active while TensorRT builds. cache: file of the ranges, taken
        where it is there, else written. Raises ConfigurationError without a calibrator."""
        require_calibrator()
        self.failure: Exception | None = None
        self._waiting = iter(inputs)
        self._device = device
        self._cache = cache
        self._buffers: dict[str, Buffer] = {}
        self._tensorrts = _entropy_calibrator(self)

    def attach(self, config: trt.IBuilderConfig, profile: trt.IOptimizationProfile | None) -> None:
        """profile: of one frame, where the number of frames is free."""
        config.set_flag(trt.BuilderFlag.INT8)
        config.set_flag(trt.BuilderFlag.FP16)
        config.int8_calibrator = self._tensorrts
        if profile is not None:
            config.set_calibration_profile(profile)

    def next_frame(self, names: Sequence[str]) -> list[int] | None:
        """Addresses of the next frame's tensors on the GPU, None after the last."""
        try:
            tensors = next(self._waiting, None)
            if tensors is None:
                return None
            for name in names:
                values = tensors[name]
                if name not in self._buffers:
                    self._buffers[name] = self._device.buffer(values.shape, values.dtype)
                np.copyto(self._buffers[name].host, values, casting="no")
                self._device.upload(self._buffers[name])
            self._device.synchronise()
        except Exception as error:  # whatever it was: build() raises it
            self.failure = error
            return None
        return [self._buffers[name].address for name in names]

    def known_ranges(self) -> bytes | None:
        """What an earlier calibration on the same frames found."""
        return self._cache.read_bytes() if self._cache.is_file() else None

    def keep_ranges(self, ranges: bytes) -> None:
        if self.failure is None:
            write_bytes(self._cache, ranges)


def _entropy_calibrator(calibrator: Calibrator) -> trt.IInt8EntropyCalibrator2:
    class EntropyCalibrator(trt.IInt8EntropyCalibrator2):
        """Only here: where TensorRT has no such base, the class can't be made."""

        def __init__(self) -> None:
            super().__init__()

        def get_batch_size(self) -> int:
            return 1

        def get_batch(self, names: list[str]) -> list[int] | None:  # type: ignore[override]
            return calibrator.next_frame(names)

        def read_calibration_cache(self) -> bytes | None:  # type: ignore[override]
            return calibrator.known_ranges()

        def write_calibration_cache(self, cache: bytes) -> None:  # type: ignore[override]
            calibrator.keep_ranges(bytes(cache))

    return EntropyCalibrator()
