"""The machine, as far as a training's figures depend on it."""

from __future__ import annotations

import ctypes
import os
import platform

import torch

from thermoscout_core import __version__
from thermoscout_core.machine import cpu_name, package_versions, peak_rss_mib

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
"""glibc's malloc.h."""
GROWTH_BYTES = 256 * 2**20
KEPT_BYTES = 2**31 - 1


def keep_memory() -> bool:
    """Have this process keep the memory that a step frees, for the next step.

    glibc gives large blocks back to the system and gets them anew, zeroed page by page, in every
    step; on a virtual machine, beside other work, that was over a quarter of a training's CPU time
    (seen in the process's own counters). False where the C library
    isn't glibc; then nothing changes.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    settings = {M_MMAP_MAX: 0, M_TRIM_THRESHOLD: KEPT_BYTES, M_TOP_PAD: GROWTH_BYTES}
    done = [mallopt(name, value) for name, value in settings.items()]
    return all(done)


def describe(device: torch.device) -> dict[str, str | int]:
    """What a run's summary says of the machine."""
    described: dict[str, str | int] = {
        "processor": cpu_name(),
        "cores": os.cpu_count() or 1,
        "system": f"{platform.system()} {platform.machine()}",
        "device": device.type,
    }
    if device.type == "cuda":
        described["gpu"] = torch.cuda.get_device_name(device)
    return described


def versions() -> dict[str, str]:
    """Of everything that the weights depend on."""
    return {**package_versions(), "thermoscout": __version__}


def peak_memory_mb(device: torch.device) -> float:
    """Of the GPU where there is one, else of this process (resident); NaN where none is told."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    resident_mib = peak_rss_mib()
    return float("nan") if resident_mib is None else resident_mib
