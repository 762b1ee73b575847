"""How a test talks to a camera that runs as a process of its own.

The process prints "ready PORT" once; afterwards each line on its standard input is a command,
answered by "ok". It ends with its standard input.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable

import numpy as np

HOT_C = 92.34
HOT_PIXEL = (7, 11)
HOT_LUMA = 184


def scene_c(number: int, width: int, height: int) -> np.ndarray:
    """The °C of frame `number`: all pixels say the number, but one is hot."""
    celsius = np.full((height, width), 20.0 + 0.01 * (number % 1000))
    celsius[HOT_PIXEL] = HOT_C
    return celsius


def luma_scene(number: int, width: int, height: int) -> np.ndarray:
    """The luma of frame `number`: flat 40 + 4·(number mod 32), but for a block of HOT_LUMA and,
    on the right, noise, so that a key frame fills several packets."""
    luma = np.full((height, width), 40 + 4 * (number % 32), np.uint8)
    luma[:, -24:] = np.random.default_rng(1).integers(60, 200, (height, 24))
    luma[:32, :32] = HOT_LUMA
    return luma


def serve_commands(port: int, obey: Callable[[list[str]], None]) -> None:
    """Say that the camera is there and obey until the test closes the pipe."""

    def run() -> None:
        for line in sys.stdin:
            obey(line.split())
            print("ok", flush=True)
        os._exit(0)

    threading.Thread(target=run, daemon=True).start()
    print("ready", port, flush=True)
