"""The graph of a soak: a process a node, started again when it ends, as `ros2 launch` does it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from thermoscout_nodes.graph_processes import NodeProcess, write_overrides
from thermoscout_nodes.parameters import Value

RESPAWN_DELAY_S = 0.3
STOP_PATIENCE_S = 5.0


class RespawnedNode:
    """A node's process that is started again RESPAWN_DELAY_S after it ended."""

    def __init__(self, name: str, parameters: Path, log: Path, domain_id: int) -> None:
        self.name = name
        self._arguments = (f"thermoscout_nodes.{name}", parameters, log, domain_id)
        self._process = NodeProcess(*self._arguments)
        self._ended_s: float | None = None
        self.starts = 1

    @property
    def rss_mib(self) -> float:
        """Resident memory, NaN while it isn't running."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        except OSError:
            return float("nan")
        lines = [line for line in status.splitlines() if line.startswith("VmRSS:")]
        return int(lines[0].split()[1]) / 1024 if lines else float("nan")

    def send_signal(self, number: int) -> None:
        self._process.send_signal(number)

    def look_after(self) -> None:
        """Start it again when its time has come."""
        if self._process.is_running:
            return
        now_s = time.monotonic()
        self._ended_s = self._ended_s or now_s
        if now_s - self._ended_s >= RESPAWN_DELAY_S:
            self._process = NodeProcess(*self._arguments)
            self._ended_s = None
            self.starts += 1

    def stop(self) -> float:
        """End it; seconds that it took. Raises ProcessDiedError when it had to be killed."""
        begun_s = time.monotonic()
        self._process.stop(STOP_PATIENCE_S)
        return time.monotonic() - begun_s


class SoakGraph:
    """nodes: module -> its process; parameters: node -> overrides."""

    def __init__(
        self,
        modules: tuple[str, ...],
        parameters: Mapping[str, Mapping[str, Value]],
        folder: Path,
        domain_id: int,
    ) -> None:
        file = folder / "parameters.yaml"
        write_overrides(file, parameters)
        self.nodes = {
            module: RespawnedNode(module, file, folder / f"{module}.log", domain_id)
            for module in modules
        }

    def look_after(self) -> None:
        for node in self.nodes.values():
            node.look_after()

    def stop(self) -> dict[str, float]:
        """End all, the first in the flow first; node -> seconds that it took."""
        return {name: node.stop() for name, node in self.nodes.items()}
