"""A node process ends cleanly, soon, and says what was wrong with how it was started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PATIENCE_S = 2.0


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from thermoscout_nodes.graph_processes import private_domain

    started: list[subprocess.Popen[str]] = []
    with private_domain() as domain:
        environment = {
            **os.environ,
            "ROS_DOMAIN_ID": str(domain),
            "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        }

        def run(parameters: str) -> subprocess.Popen[str]:
            file = tmp_path / "parameters.yaml"
            file.write_text(parameters)
            command = [sys.executable, "-m", "thermoscout_nodes.ir_camera", "--ros-args"]
            process = subprocess.Popen(
                [*command, "--params-file", str(file)],
                env=environment,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            started.append(process)
            return process

        yield run
        for process in started:
            process.kill()
            process.communicate()


GOOD = """
/**/ir_camera:
  ros__parameters:
    url: "sim://patrol?width=128&height=96&rate=20"
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_process_in_time(start: Any, number: int) -> None:
    process = start(GOOD)
    while "streaming" not in process.stdout.readline():
        assert process.poll() is None
    asked_s = time.monotonic()
    process.send_signal(number)
    assert process.wait(10.0) == 0
    assert time.monotonic() - asked_s < PATIENCE_S


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ("/**/ir_camera: {ros__parameters: {url: 5}}", "parameter url must be a string, got 5"),
        ("/**/ir_camera: {ros__parameters: {ulr: x}}", "unknown parameter ulr; did you mean url?"),
        ('/**/ir_camera: {ros__parameters: {url: "x}}', "parameters.yaml"),
    ],
)
def test_a_wrong_parameter_file_ends_it_with_the_reason(
    start: Any, parameters: str, said: str
) -> None:
    process = start(parameters)
    output, _ = process.communicate(timeout=20.0)
    assert process.returncode == 2
    assert said in output
    assert "Traceback" not in output
