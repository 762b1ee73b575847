"""The set-up names what a machine lacks and corrects the wheels once."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


def script(name: str) -> ModuleType:
    """A module of scripts/, which is no package."""
    spec = importlib.util.spec_from_file_location(name, REPOSITORY / "scripts" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_missing_program_is_named_with_its_apt_line(monkeypatch: pytest.MonkeyPatch) -> None:
    prerequisites = script("prerequisites")
    monkeypatch.setenv("PATH", "/nonexistent")
    message = prerequisites.missing_message(prerequisites.missing_prerequisites())
    assert "a C++ compiler" in message and "CMake" in message
    assert "sudo apt install g++ gcc cmake make\n" in message


def test_wheel_exports_get_this_interpreters_headers(tmp_path: Path) -> None:
    ros_wheels = script("ros_wheels")
    export = tmp_path / "share" / "std_msgs" / "cmake" / "export.cmake"
    export.parent.mkdir(parents=True)
    export.write_text(
        'INCLUDES "/opt/python/cp312-cp312/include/python3.12;/opt/python/cp312-cp312/lib/'
        'python3.12/site-packages/numpy/_core/include"'
    )
    assert ros_wheels.correct_cmake_exports(tmp_path, "/here/python", "/here/numpy") == 1
    assert export.read_text() == 'INCLUDES "/here/python;/here/numpy"'
    assert ros_wheels.correct_cmake_exports(tmp_path, "/here/python", "/here/numpy") == 0


def test_a_sourced_ros_is_found_and_the_private_one_is_not_taken_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ros_distribution = script("ros_distribution")
    repository, system = tmp_path / "repository", tmp_path / "system"
    for prefix in (repository / ".venv", system):
        manifest = prefix / "share" / "rclpy" / "package.xml"
        manifest.parent.mkdir(parents=True)
        manifest.touch()
    monkeypatch.setenv("AMENT_PREFIX_PATH", f"{repository / '.venv'}:{system}")
    assert ros_distribution.sourced_prefixes(repository) == [system]
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(repository / ".venv"))
    assert ros_distribution.sourced_prefixes(repository) == []


def test_another_processor_is_told_to_bring_its_own_ros(monkeypatch: pytest.MonkeyPatch) -> None:
    ros_distribution = script("ros_distribution")
    monkeypatch.setattr(ros_distribution.platform, "machine", lambda: "aarch64")
    assert "source its" in ros_distribution.wheels_refusal()


def test_requirements_are_pinned() -> None:
    for path in (REPOSITORY / "requirements").glob("*.txt"):
        lines = path.read_text(encoding="utf-8").splitlines()
        loose = [line for line in lines if line and line[0] != "#" and "==" not in line]
        assert not loose, path


def test_byte_code_is_kept_in_the_environment_of_the_nodes(tmp_path: Path) -> None:
    """Many containers forbid it, and then each start of a node compiles all that it imports."""
    for folder in ("scripts", ".ros/install", ".venv/share/rclpy"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(REPOSITORY / "scripts" / "env.sh", tmp_path / "scripts")
    (tmp_path / ".ros/install/local_setup.bash").touch()
    line = "source scripts/env.sh && python3 -c 'import sys; print(sys.dont_write_bytecode)'"
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        ["bash", "-c", line], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.stdout == "False\n", done.stderr
