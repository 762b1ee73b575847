from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

DEADLINE_S = 30.0


class HandClock:
    """A clock that only moves when somebody sleeps on it, or by hand."""

    def __init__(self, now_s: float) -> None:
        self.time_s = now_s
        self.slept_s = 0.0

    def now_s(self) -> float:
        return self.time_s

    def sleep(self, seconds: float) -> None:
        self.time_s += seconds
        self.slept_s += seconds


@pytest.fixture
def clock() -> HandClock:
    return HandClock(1_700_000_000.0)


@pytest.fixture
def next_frame() -> Callable[..., Any]:
    """next_frame(camera): the next frame that it gives, waited for but not for ever."""

    def wait(camera: Any, accept: Callable[[Any], bool] = lambda frame: True) -> Any:
        end_s = time.monotonic() + DEADLINE_S
        while time.monotonic() < end_s:
            frame = camera.read(0.2)
            if frame is not None and accept(frame):
                return frame
        raise AssertionError("no frame came in time")

    return wait
