"""What a backend owes the detector."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Backend(Protocol):
    """One loaded network.

    name: runtime and device, for logs and diagnostics. metadata: what the export wrote into the
    file. input_size_px: (width, height).
    """

    name: str
    metadata: dict[str, Any]
    input_size_px: tuple[int, int]

    def infer(self, images: Floats) -> tuple[Floats, Floats]:
        """Images (N, 3, H, W) in −1..1 -> boxes (N, P, 4) corners as fractions of the input,
        scores (N, P, 1 + C), background first, each row summing to 1."""
        ...
