"""What runs a loaded engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from thermoscout_core.detection.backends.base import Tensor


class Session(Protocol):
    """What runs an engine. All calls come from one thread. name: of GPU and binding."""

    name: str

    def run(self, tensors: Mapping[str, Tensor]) -> dict[str, Any]:
        """Inputs by name -> outputs by name, in memory that the next run overwrites."""
        ...

    def close(self) -> None: ...
