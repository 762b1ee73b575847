"""The machine that figures belong to: what it is, what else it does, what this process holds."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = (
    *("numpy", "onnxruntime", "openvino", "opencv-python-headless", "opencv-python", "torch"),
    *("rclpy", "thermoscout", "viva-genicam", "av", "requests", "pyserial"),
)
_TICKS_HZ = os.sysconf("SC_CLK_TCK")


def cpu_name() -> str:
    """The processor as its maker calls it; a Jetson's board, where there is one."""
    board = Path("/proc/device-tree/model")
    if board.is_file():
        return board.read_text(encoding="utf-8", errors="replace").strip("\0\n ")
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def cuts_byte_products() -> bool:
    """Whether this processor's quickest way to add products of two bytes up cuts off what 16 bits
    don't hold: x86 without VNNI, that is AMD's before Zen 4 and most of Intel's before Ice Lake.
    An int8 network with full weights is then wrong, unless the runtime takes another way."""
    is_x86 = platform.machine().lower() in ("x86_64", "amd64")
    return is_x86 and not any(flag.endswith("_vnni") for flag in _cpu_flags())


def has_bfloat16() -> bool:
    """Whether this processor computes in bfloat16 itself; one that doesn't is several times slower
    in it than in float32."""
    return bool(_cpu_flags() & {"avx512_bf16", "amx_bf16", "bf16"})


def _cpu_flags() -> set[str]:
    """What the processor can do beyond its architecture; empty where the system doesn't tell."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return set()
    told = (line.partition(":")[2] for line in lines if line.startswith(("flags", "Features")))
    return set(next(told, "").split())


def package_versions() -> dict[str, str]:
    """Of those packages that figures depend on and that are installed."""
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def describe() -> dict[str, Any]:
    """What a benchmark's record says of the machine, with the moment (UTC)."""
    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "processor": cpu_name(),
        "cores": os.cpu_count() or 1,
        "system": platform.platform(),
        "load_average": os.getloadavg()[0],
        "versions": package_versions(),
    }


def in_words() -> str:
    """The machine and the day, in a line for people."""
    day = datetime.now(timezone.utc).date().isoformat()
    return f"{cpu_name()}, {os.cpu_count()} cores, {platform.system()}, {day}"


def rss_mib() -> float:
    """Memory that this process holds now, MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def peak_rss_mib() -> float | None:
    """Most memory that this process has held, MiB; None where the system doesn't tell.

    VmHWM, not getrusage's figure: that one starts with what the parent held before exec.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    sizes = (int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))
    return next(sizes, None)


@dataclass(frozen=True)
class CpuClock:
    """A moment: busy_s of all processors together, own_s of this process, wall_s."""

    busy_s: float | None
    own_s: float
    wall_s: float

    @classmethod
    def now(cls) -> CpuClock:
        return cls(_busy_s(), time.process_time(), time.perf_counter())

    def foreign_since(self, earlier: CpuClock) -> float | None:
        """Share (0..1) of the machine's processors that others took since then."""
        passed_s = (self.wall_s - earlier.wall_s) * (os.cpu_count() or 1)
        if self.busy_s is None or earlier.busy_s is None or passed_s <= 0:
            return None
        own_s = self.own_s - earlier.own_s
        return min(1.0, max(0.0, (self.busy_s - earlier.busy_s - own_s) / passed_s))


def _busy_s() -> float | None:
    try:
        first = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()
    except OSError:
        return None
    user, nice, system, _, _, interrupts, soft, stolen = (int(field) for field in first[1:9])
    return (user + nice + system + interrupts + soft + stolen) / _TICKS_HZ


def foreign_load(seconds: float = 1.0) -> float | None:
    """Share (0..1) of the machine that others take, watched for that long."""
    begun = CpuClock.now()
    time.sleep(seconds)
    return CpuClock.now().foreign_since(begun)
