"""What the machine itself must bring before anything can be installed or built."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import sysconfig
from pathlib import Path


def missing_prerequisites() -> list[tuple[str, str]]:
    """What is missing here, as pairs (what it is for, the apt package that brings it)."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    # The distribution's default Python has its parts in python3-*, another one in python3.X-*.
    python = "python3" if _is_default_python() else f"python{version}"
    checks = [
        (
            "venv, the module that makes virtual environments",
            _has_module("venv") and _has_module("ensurepip"),
            f"{python}-venv",
        ),
        ("Python's C headers", _has_python_headers(), f"{python}-dev"),
        ("a C++ compiler", _has_program("c++", "g++", "clang++"), "g++"),
        ("a C compiler", _has_program("cc", "gcc", "clang"), "gcc"),
        ("CMake", _has_program("cmake"), "cmake"),
        ("make", _has_program("make"), "make"),
    ]
    return [(what, package) for what, present, package in checks if not present]


def missing_message(missing: list[tuple[str, str]]) -> str:
    """Names what is missing and the one line that brings it all."""
    names = "\n".join(f"  - {what}" for what, _ in missing)
    packages = " ".join(package for _, package in missing)
    return (
        f"This machine lacks:\n{names}\n"
        f"Bring it with:\n  sudo apt update && sudo apt install {packages}\n"
        "and run the command again."
    )


def _is_default_python() -> bool:
    default = shutil.which("python3")
    return default is not None and Path(default).resolve() == Path(sys.executable).resolve()


def _has_module(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def _has_program(*names: str) -> bool:
    return any(shutil.which(name) for name in names)


def _has_python_headers() -> bool:
    return (Path(sysconfig.get_paths()["include"]) / "Python.h").is_file()
