"""The command starts quickly, and without the libraries that only some commands need."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("torch", "onnxruntime", "cv2", "numpy", "pydantic", "jinja2", "scipy")


def test_help_imports_no_heavy_library():
    code = (
        "import sys; from typer.testing import CliRunner; from thermoscout_core.cli import app; "
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0; "
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_version_is_printed():
    command = [sys.executable, "-m", "thermoscout_core.cli", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("thermoscout ")
