import pytest


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
