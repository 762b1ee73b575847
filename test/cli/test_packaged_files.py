"""What pip installs has the files that the code reads beside itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_installed_package_has_the_reports_templates(tmp_path):
    subprocess.run(
        [
            *(sys.executable, "setup.py", "--quiet"),
            *("egg_info", "--egg-base", str(tmp_path)),
            *("build_py", "--build-lib", str(tmp_path / "lib")),
        ],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    templates = Path("thermoscout_core", "reporting", "templates")
    installed = {file.name for file in (tmp_path / "lib" / templates).iterdir()}
    assert installed == {file.name for file in (ROOT / "src" / templates).iterdir()}
