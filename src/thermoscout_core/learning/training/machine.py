"""The machine, as far as a training's figures depend on it."""

from __future__ import annotations

import os
import platform
import resource
import sys
from pathlib import Path

import cv2
import numpy as np
import torch

from thermoscout_core import __version__


def processor() -> str:
    """The processor's name as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def describe(device: torch.device) -> dict[str, str | int]:
    """What a run's summary says of the machine."""
    described: dict[str, str | int] = {
        "processor": processor(),
        "cores": os.cpu_count() or 1,
        "system": f"{platform.system()} {platform.machine()}",
        "device": device.type,
    }
    if device.type == "cuda":
        described["gpu"] = torch.cuda.get_device_name(device)
    return described


def versions() -> dict[str, str]:
    """Of everything that the weights depend on."""
    return {
        "thermoscout": __version__,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "opencv": cv2.__version__,
    }


def peak_memory_mb(device: torch.device) -> float:
    """Of the GPU where there is one, else of this process (resident)."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
