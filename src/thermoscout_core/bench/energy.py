"""Energy counters: RAPL on Intel and AMD, INA3221 on a Jetson. Without one there is no figure."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Protocol

SYSFS = Path("/sys")
SAMPLE_S = 0.02


class EnergyMeter(Protocol):
    """name: of the counter, for the table's foot."""

    name: str

    def start(self) -> None: ...

    def stop_j(self) -> float:
        """Joules that the package or board used since start."""
        ...


class RaplMeter:
    """The processor packages' energy counters, summed; powercap's energy_uj wraps around."""

    def __init__(self, domains: list[Path]) -> None:
        self.name = f"RAPL, {len(domains)} package(s)"
        self._domains = domains
        self._begun: list[int] = []

    def start(self) -> None:
        self._begun = [_integer(domain / "energy_uj") for domain in self._domains]

    def stop_j(self) -> float:
        total = 0
        for domain, begun in zip(self._domains, self._begun, strict=True):
            used = _integer(domain / "energy_uj") - begun
            total += used if used >= 0 else used + _integer(domain / "max_energy_range_uj")
        return total / 1e6


class Ina3221Meter:
    """The board's input rail (VDD_IN, POM_5V_IN), sampled by a thread: volts × amperes × time."""

    def __init__(self, monitor: Path, channel: int, label: str) -> None:
        self.name = f"INA3221 {label}"
        self._volts = monitor / f"in{channel}_input"
        self._amperes = monitor / f"curr{channel}_input"
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._used_j = 0.0

    def start(self) -> None:
        self._used_j = 0.0
        self._stopped.clear()
        self._thread = threading.Thread(target=self._sample, name="energy", daemon=True)
        self._thread.start()

    def stop_j(self) -> float:
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
        return self._used_j

    def _sample(self) -> None:
        before_s, before_w = time.perf_counter(), self._power_w()
        while True:
            finished = self._stopped.wait(SAMPLE_S)
            now_s, now_w = time.perf_counter(), self._power_w()
            self._used_j += (now_s - before_s) * (before_w + now_w) / 2
            before_s, before_w = now_s, now_w
            if finished:
                return

    def _power_w(self) -> float:
        """Millivolts × milliamperes."""
        return _integer(self._volts) * _integer(self._amperes) / 1e6


def find_meter(sysfs: Path = SYSFS) -> EnergyMeter | None:
    """The machine's counter; None where there is none or it may not be read."""
    domains = sorted(
        domain
        for domain in (sysfs / "class/powercap").glob("intel-rapl:*")
        if domain.name.count(":") == 1 and _readable(domain / "energy_uj")
    )
    if domains:
        return RaplMeter(domains)
    for monitor in sorted((sysfs / "class/hwmon").glob("hwmon*")):
        for label_file in sorted(monitor.glob("in*_label")):
            label = label_file.read_text(encoding="ascii").strip()
            channel = int(label_file.name.removeprefix("in").removesuffix("_label"))
            if label in ("VDD_IN", "POM_5V_IN") and _readable(monitor / f"curr{channel}_input"):
                return Ina3221Meter(monitor, channel, label)
    return None


def _integer(path: Path) -> int:
    return int(path.read_text(encoding="ascii"))


def _readable(path: Path) -> bool:
    try:
        _integer(path)
    except (OSError, ValueError):
        return False
    return True
