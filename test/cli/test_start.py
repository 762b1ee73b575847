"""The command starts quickly, and without the libraries that only some commands need."""

from __future__ import annotations

import os
import subprocess
import sys

HEAVY = ("torch", "onnxruntime", "cv2", "numpy", "pydantic", "jinja2", "scipy")


def run_python(*arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=True, env=environment
    )
    return done.stdout.strip()


def test_help_imports_no_heavy_library():
    code = (
        "import sys; from typer.testing import CliRunner; from thermoscout_core.cli import app; "
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0; "
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    assert run_python("-c", code) == "[]"


def test_version_is_printed():
    assert run_python("-m", "thermoscout_core.cli", "--version").startswith("thermoscout ")
