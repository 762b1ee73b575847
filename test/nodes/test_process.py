"""A node process ends cleanly, soon, and says what was wrong with how it was started."""

from __future__ import annotations

import contextlib
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


WAITS = GOOD + '    end_after: "ir_camera"\n'  # for itself, so as long as it may


def test_two_signals_at_once_are_one_request(start: Any) -> None:
    process = start(WAITS)
    while "streaming" not in process.stdout.readline():
        assert process.poll() is None
    for number in (signal.SIGINT, signal.SIGTERM):  # two of one kind may arrive as one
        process.send_signal(number)
    output, _ = process.communicate(timeout=10.0)
    assert process.returncode == 0
    assert "Traceback" not in output and "asked to end again" not in output


def test_asked_again_and_again_it_does_not_wait_for_the_others(start: Any) -> None:
    process = start(WAITS)
    while "streaming" not in process.stdout.readline():
        assert process.poll() is None
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
    output, _ = process.communicate(timeout=10.0)
    assert process.returncode == 130
    assert "Traceback" not in output and "asked to end again" in output


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


@pytest.mark.parametrize(
    "node", ["detector", "fault_judge", "ir_camera", "laser_rangefinder", "temperature_correction"]
)
def test_a_node_does_not_load_what_makes_its_start_slow(node: str) -> None:
    """After a crash all wait for it; scipy alone took two thirds of the time."""
    code = f"import sys, thermoscout_nodes.{node}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"scipy", "matplotlib", "onnx", "torch"} & set(done.stdout.split())
