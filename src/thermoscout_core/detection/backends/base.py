"""What a backend owes the detector."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.errors import ModelError

METADATA_KEY = "thermoscout"
"""Under it, an exported file carries its classes, thresholds and architecture as JSON."""

Tensor = NDArray[np.generic]


class Backend(Protocol):
    """One loaded network.

    name: runtime and device, for logs and diagnostics. metadata: what the export wrote into the
    file. inputs: shape of each tensor that must be given, None where it is free. settings: names
    of the scalar inputs that may be given and otherwise take the file's own values. outputs:
    names, in order.
    """

    name: str
    metadata: dict[str, Any]
    inputs: dict[str, tuple[int | None, ...]]
    settings: frozenset[str]
    outputs: tuple[str, ...]

    def run(self, tensors: Mapping[str, Tensor]) -> dict[str, Any]:
        """Inputs by name -> output arrays by name. They may be overwritten by the next run."""
        ...

    def close(self) -> None:
        """Let devices and threads go; the last call."""
        ...


def read_metadata(path: Path, written: str | None) -> dict[str, Any]:
    """The JSON of an exported file. Raises ModelError when the file has none."""
    if written is None:
        raise ModelError(
            f"{path}: the file doesn't tell its classes and thresholds (no '{METADATA_KEY}' "
            "metadata); export it with 'thermoscout export'"
        )
    metadata: dict[str, Any] = json.loads(written)
    return metadata


def is_int8(metadata: Mapping[str, Any]) -> bool:
    """Whether an exported file's layers are meant to be computed in bytes."""
    return str(metadata.get("precision", {}).get("type", "")).startswith("int8")


def require_file(path: Path) -> None:
    """Raises ModelError when there is no such file."""
    if not path.is_file():
        raise ModelError(f"{path}: no such model file; train one or take the shipped one")
