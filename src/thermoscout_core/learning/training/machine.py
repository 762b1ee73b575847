"""The machine, as far as a training's figures depend on it."""

from __future__ import annotations

import os
import platform

import torch

from thermoscout_core import __version__
from thermoscout_core.machine import cpu_name, package_versions, peak_rss_mib


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
