"""How an engine is built: what of it belongs into the engine's key."""

from __future__ import annotations

from dataclasses import dataclass

from thermoscout_core.errors import ConfigurationError

MIB = 1024 * 1024


@dataclass(frozen=True)
class BuildOptions:
    """batch: least, usual and most frames a run takes, where the file leaves their number free.
    workspace_mib: memory that a layer may use while it runs. dla_core: the deep-learning
    accelerator to build for (what it can't do runs on the GPU), None for the GPU alone. tf32: let
    float32 products round their factors to 10 bits. level: TensorRT's optimisation level, 0..5.
    compute_capabilities: such as 8.6, to build with TensorRT for RTX for GPUs that aren't here.
    calibrator: TensorRT 10 takes int8 ranges by itself, of a float32 file.

    Raises ConfigurationError for values out of range.
    """

    batch: tuple[int, int, int] = (1, 1, 1)
    workspace_mib: int = 1024
    dla_core: int | None = None
    tf32: bool = False
    level: int = 3
    compute_capabilities: tuple[str, ...] = ()
    calibrator: bool = False

    def __post_init__(self) -> None:
        least, usual, most = self.batch
        if not 1 <= least <= usual <= most:
            raise ConfigurationError(
                f"batch {least},{usual},{most}: least ≤ usual ≤ most, from 1 on, is needed"
            )
        if self.workspace_mib < 1:
            raise ConfigurationError(
                f"workspace of {self.workspace_mib} MiB: at least 1 is needed"
            )
        if not 0 <= self.level <= 5:
            raise ConfigurationError(f"optimisation level {self.level}: 0 to 5 are there")

    def flags(self) -> tuple[str, ...]:
        """What changes the engine, as words for its key."""
        words = [f"workspace={self.workspace_mib}MiB", f"level={self.level}"]
        if self.tf32:
            words.append("tf32")
        if self.dla_core is not None:
            words.append(f"dla={self.dla_core}")
        return tuple(words)
