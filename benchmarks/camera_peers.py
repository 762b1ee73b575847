"""The simulated cameras that the benchmarks of the cameras drive: processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

PEERS = Path(__file__).resolve().parents[1] / "test" / "cameras" / "peers"
GIGE_PORT = 3956


def log_in() -> None:
    """User and password of the simulated cameras, where the drivers look for them."""
    os.environ["THERMOSCOUT_CAMERA_USER"] = "operator"
    os.environ["THERMOSCOUT_CAMERA_PASSWORD"] = "right horse"


class FakeCamera:
    """One of test/cameras/peers, ready when this returns; it ends the benchmark if it can't start.

    The port is GigE Vision's own, else `port`, 0 for a free one.
    """

    def __init__(self, script: str, *arguments: object, port: int = 0) -> None:
        fetched = sorted(Path(sys.prefix, "aravis").rglob("libaravis-0.8.so.0"))
        environment = dict(os.environ)
        if fetched:
            environment.setdefault("THERMOSCOUT_ARAVIS", str(fetched[0]))
        port = GIGE_PORT if script == "aravis_camera.py" else port
        self._process = subprocess.Popen(
            [sys.executable, str(PEERS / script), str(port), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert self._process.stdout is not None
        ready = self._process.stdout.readline().split()
        if ready[:1] != ["ready"]:
            sys.exit(f"{script} didn't start")
        self.port = int(ready[1])

    def tell(self, command: str) -> None:
        """Give a command (see the script) and wait until it is obeyed."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        self._process.stdout.readline()

    def freeze(self) -> None:
        """As a camera that hangs: its connections stay, nothing comes."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def unplug(self) -> None:
        """As when the plug is pulled."""
        self._process.kill()
        self._process.communicate()
