"""Emulated rangefinders, each in a process of its own, for the drivers' tests and the nodes'."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

EMULATOR = Path(__file__).parent / "rangefinders" / "emulator.py"


class Emulator:
    """The process of emulator.py, told what to do line by line."""

    def __init__(self, family: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-S", str(EMULATOR), family],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, line: str) -> str:
        """Send one line and wait for its answer."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().strip()
        assert answer, f"the emulator ended at {line!r}"
        return answer

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def emulate() -> Iterator[Callable[[str], Emulator]]:
    """emulate("benewake"): that device, not plugged in yet."""
    made: list[Emulator] = []

    def make(family: str) -> Emulator:
        made.append(Emulator(family))
        return made[-1]

    yield make
    for emulator in made:
        emulator.close()
