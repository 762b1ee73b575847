"""Starts the processes of a graph as a user would, watches them, and ends them in order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from thermoscout_core.errors import ThermoscoutError
from thermoscout_nodes.parameters import Value

LOG_TAIL_LINES = 15


class ProcessDiedError(ThermoscoutError):
    """A process of the graph ended by itself; the message holds the end of its log."""


@contextmanager
def private_domain() -> Iterator[int]:
    """A ROS domain that no other run on this machine uses."""
    try:
        from domain_coordinator import domain_id
    except ImportError:  # not in every distribution's base installation
        yield 10 + time.monotonic_ns() % 90
        return
    with domain_id() as number:
        yield number


def write_overrides(path: Path, nodes: Mapping[str, Mapping[str, Value]]) -> None:
    """Node name -> parameters that differ from the defaults, as a ROS parameter file."""
    import yaml

    tree = {f"/**/{node}": {"ros__parameters": dict(values)} for node, values in nodes.items()}
    path.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")


class NodeProcess:
    """One node executable in a process of its own, its output in a log.

    module: e.g. thermoscout_nodes.inspection. domain_id: the ROS domain it lives in.
    """

    def __init__(self, module: str, parameters: Path, log: Path, domain_id: int) -> None:
        self.name = module.rpartition(".")[2]
        self.log = log
        environment = dict(os.environ)
        environment["ROS_DOMAIN_ID"] = str(domain_id)
        environment["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
        command = [sys.executable, "-m", module]
        command += ["--ros-args", "--params-file", str(parameters)]
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def send_signal(self, number: int) -> None:
        self._process.send_signal(number)

    def check(self) -> None:
        """Raises ProcessDiedError when it isn't running."""
        if self._process.poll() is None:
            return
        raise ProcessDiedError(
            f"{self.name} ended with code {self._process.returncode}; the end of {self.log}:\n"
            f"{self.log_tail()}"
        )

    def log_tail(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-LOG_TAIL_LINES:])

    def stop(self, patience_s: float) -> None:
        """SIGINT, and SIGKILL when it hasn't ended within patience_s.

        Raises ProcessDiedError after a SIGKILL: what it was writing may be cut short.
        """
        if self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise ProcessDiedError(
                f"{self.name} didn't end within {patience_s:g} s and was killed; see {self.log}"
            ) from None
