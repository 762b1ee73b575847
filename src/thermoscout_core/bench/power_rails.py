"""The power rails of a Jetson by name, from its INA3221 monitors: what tegrastats shows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

SYSFS = Path("/sys")
SAMPLE_S = 0.05


class PowerRails:
    """Samples every rail in a thread, as a context; {} afterwards where there are none.

    mean_w: watts of each rail by its label, averaged over the samples.
    """

    def __init__(self, sysfs: Path = SYSFS) -> None:
        self._rails = dict(_rails(sysfs))
        self._sums_w = dict.fromkeys(self._rails, 0.0)
        self._samples = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="power rails", daemon=True)

    def __enter__(self) -> PowerRails:
        if self._rails:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        if self._rails:
            self._thread.join()

    @property
    def mean_w(self) -> dict[str, float]:
        return {
            label: round(total_w / self._samples, 3)
            for label, total_w in self._sums_w.items()
            if self._samples
        }

    def _sample(self) -> None:
        while True:
            for label, (volts, amperes) in self._rails.items():
                self._sums_w[label] += _number(volts) * _number(amperes) / 1e6
            self._samples += 1
            if self._stopped.wait(SAMPLE_S):
                return


def _rails(sysfs: Path) -> Iterator[tuple[str, tuple[Path, Path]]]:
    """Label -> files of millivolts and milliamperes, of those that may be read."""
    for label_file in sorted((sysfs / "class/hwmon").glob("hwmon*/in*_label")):
        channel = label_file.name.removeprefix("in").removesuffix("_label")
        files = (
            label_file.with_name(f"in{channel}_input"),
            label_file.with_name(f"curr{channel}_input"),
        )
        try:
            label = label_file.read_text(encoding="ascii").strip()
            for file in files:
                _number(file)
        except (OSError, ValueError):
            continue
        yield label, files


def _number(path: Path) -> float:
    return float(path.read_text(encoding="ascii"))
