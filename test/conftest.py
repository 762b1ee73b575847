"""Emulated rangefinders and cameras, each in a process of its own, for the drivers' tests and the
nodes'."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from ctypes.util import find_library
from pathlib import Path
from queue import Empty, Queue
from tempfile import gettempdir

import pytest

PEERS = Path(__file__).parent / "cameras" / "peers"
DEADLINE_S = 30.0
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


class Peer:
    """A camera as a process of its own, from test/cameras/peers; see control.py there."""

    def __init__(self, script: str, port: int, *arguments: object) -> None:
        command = [sys.executable, str(PEERS / script), str(port), *map(str, arguments)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._lines: Queue[str] = Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        ready = self._hear().split()
        assert ready[:1] == ["ready"], f"{script} didn't start: {ready}"
        self.port = int(ready[1])

    def tell(self, command: str) -> None:
        """Give a command and wait until it is obeyed."""
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        assert self._hear() == "ok"

    def kill(self) -> None:
        """As when the plug is pulled."""
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """As a camera that hangs: its connections stay, nothing comes."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.strip())
        self._lines.put("")

    def _hear(self) -> str:
        try:
            return self._lines.get(timeout=DEADLINE_S)
        except Empty:
            raise AssertionError("the peer is silent") from None


@pytest.fixture(scope="module")
def start_peer() -> Iterator[Callable[..., Peer]]:
    """start_peer("isapi_server.py", port or 0, …): running, and killed after the module."""
    peers: list[Peer] = []

    def start(script: str, port: int = 0, *arguments: object) -> Peer:
        peers.append(Peer(script, port, *arguments))
        return peers[-1]

    yield start
    for peer in peers:
        peer.kill()


@pytest.fixture
def gige_port() -> Iterator[int]:
    """GigE Vision's only port, for one test of this machine at a time."""
    with (Path(gettempdir()) / "thermoscout-gige-port.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield 3956


@pytest.fixture(scope="session")
def aravis() -> str:
    """libaravis for its fake camera: installed, named, or fetched by scripts/fetch_aravis."""
    fetched = sorted(Path(sys.prefix, "aravis").rglob("libaravis-0.8.so.0"))
    library = os.environ.get("THERMOSCOUT_ARAVIS") or find_library("aravis-0.8")
    if not library and fetched:
        library = os.environ["THERMOSCOUT_ARAVIS"] = str(fetched[0])
    if not library:
        pytest.skip("libaravis isn't here: apt install libaravis-0.8-0, or scripts/fetch_aravis")
    return library


class _SignalStack(ctypes.Structure):
    _fields_ = (
        ("start", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("size", ctypes.c_size_t),
    )


SIGNAL_STACK_OFF = 2  # SS_DISABLE of <signal.h>


def pytest_runtest_setup() -> None:
    """Signals come on the main thread's own stack: one of the many libraries that the tests load
    leaves it a signal stack that is no good, and a test that signals to its own process then ended
    in a segmentation fault (seen with gdb in os.kill, on a processor with AVX-512)."""
    off = _SignalStack(None, SIGNAL_STACK_OFF, 0)
    ctypes.CDLL(None).sigaltstack(ctypes.byref(off), None)
