"""Which ROS 2 is there: one that is sourced in this shell, or the private one of .venv."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path


def sourced_prefixes(repository: Path) -> list[Path]:
    """The sourced installation prefixes of a ROS 2 that is not the private one of `repository`.

    Empty when no ROS 2 with rclpy is sourced.
    """
    prefixes = [Path(part) for part in _path_list("AMENT_PREFIX_PATH")]
    foreign = [prefix for prefix in prefixes if repository not in prefix.resolve().parents]
    return foreign if prefix_of(foreign, "rclpy") else []


def prefix_of(prefixes: list[Path], package: str) -> Path | None:
    """The first of the prefixes that holds the ROS package of that name."""
    for prefix in prefixes:
        if (prefix / "share" / package / "package.xml").is_file():
            return prefix
    return None


def installed_but_not_sourced() -> list[Path]:
    """The setup files of ROS 2 distributions on this machine."""
    return sorted(Path("/opt/ros").glob("*/setup.bash"))


def wheels_refusal() -> str | None:
    """Why the Python wheels of ROS 2 can't be used here, or None when they can."""
    version = sys.version_info[:2]
    if platform.machine() not in ("x86_64", "AMD64") or not sys.platform.startswith("linux"):
        return (
            f"ROS 2 exists as Python wheels for Linux on x86_64 only, this is {sys.platform} on "
            f"{platform.machine()}. Install ROS 2 Humble or Jazzy from its own packages, source "
            "its setup.bash and run the command again."
        )
    if not (3, 10) <= version <= (3, 13):
        return (
            f"ROS 2 exists as Python wheels for Python 3.10 to 3.13, this is {version[0]}."
            f"{version[1]}. Name another one, e.g. make setup PYTHON=python3.13"
        )
    return None


def clean_environment(venv: Path) -> dict[str, str]:
    """The process environment without traces of any ROS 2 or Python outside of `venv`."""
    environment = dict(os.environ)
    for name in (
        "AMENT_PREFIX_PATH",
        "CMAKE_PREFIX_PATH",
        "COLCON_PREFIX_PATH",
        "LD_LIBRARY_PATH",
        "PYTHONHOME",
        "PYTHONPATH",
        "ROS_DISTRO",
    ):
        environment.pop(name, None)
    environment["PATH"] = f"{venv / 'bin'}{os.pathsep}{environment['PATH']}"
    environment["VIRTUAL_ENV"] = str(venv)
    return environment


def _path_list(variable: str) -> list[str]:
    return [part for part in os.environ.get(variable, "").split(os.pathsep) if part]
