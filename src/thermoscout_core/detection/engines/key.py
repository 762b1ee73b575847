"""What an engine was built from and for: the key that it is kept and found by."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from thermoscout_core.detection.engines.options import BuildOptions

ANY_GPU = "any"
"""TensorRT for RTX builds for compute capabilities, not for one GPU."""
SEPARATOR = "+"


class Environment(BaseModel):
    """library: tensorrt or tensorrt_rtx. version: its own. gpu: the GPU's name.
    compute_capability: such as 8.7; of an engine for several GPUs, 8.6+8.9."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    library: str
    version: str
    gpu: str
    compute_capability: str

    def serves(self, present: Environment) -> bool:
        """Whether an engine built for this runs on a machine as it is at present."""
        capabilities = self.compute_capability.split(SEPARATOR)
        return (
            self.model_copy(update={"compute_capability": present.compute_capability}) == present
            and present.compute_capability in capabilities
        )


class EngineKey(BaseModel):
    """model_sha256: of the ONNX file. precision: as the file says, one of
    self_test.TOLERANCES.
    shapes: of each input, its least, usual and most. flags: BuildOptions.flags()."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model_sha256: str
    environment: Environment
    precision: str
    shapes: dict[str, tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]]
    flags: tuple[str, ...]

    def digest(self) -> str:
        """SHA-256 of all of it, in hexadecimal."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def profile_shapes(
    inputs: Mapping[str, tuple[int | None, ...]], options: BuildOptions
) -> dict[str, tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]]:
    """Shapes of the inputs, None where free (the batch), filled with the options' batches."""

    def filled(shape: tuple[int | None, ...], batch: int) -> tuple[int, ...]:
        return tuple(batch if side is None else side for side in shape)

    least, usual, most = options.batch
    return {
        name: (filled(shape, least), filled(shape, usual), filled(shape, most))
        for name, shape in inputs.items()
    }


def changes(built: Environment, present: Environment) -> list[str]:
    """What differs, in words: "TensorRT 10.3.0 → 10.7.0"."""
    names = {
        "library": "library",
        "version": "TensorRT",
        "gpu": "GPU",
        "compute_capability": "compute capability",
    }
    return [
        f"{words} {getattr(built, field)} → {getattr(present, field)}"
        for field, words in names.items()
        if getattr(built, field) != getattr(present, field)
    ]
