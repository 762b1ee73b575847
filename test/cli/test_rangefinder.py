"""thermoscout rangefinder, on an emulated device in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from thermoscout_core.cli import app


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["rangefinder", *arguments])


def test_a_device_is_measured_and_named(emulate: Any, tmp_path: Path) -> None:
    port = tmp_path / "port"
    device = emulate("jrt")
    device.tell("distance 6.25")
    device.tell(f"plug {port}")
    done = run(f"serial://{port}?protocol=jrt", "--seconds", "2.5")
    assert done.exit_code == 0
    assert "jrt 12345601" in done.output
    assert "6.250 m ± 0.0 mm" in done.output


def test_why_there_is_no_distance_is_counted(emulate: Any, tmp_path: Path) -> None:
    port = tmp_path / "port"
    emulate_benewake = emulate("benewake")
    emulate_benewake.tell(f"plug {port}")
    done = run(f"serial://{port}?protocol=benewake&max=4", "--seconds", "2.5")
    assert done.exit_code == 0
    assert "beyond 4 m" in done.output


def test_a_port_that_is_not_there_is_told_and_ends_with_1(tmp_path: Path) -> None:
    done = run(f"serial://{tmp_path}/none?protocol=jrt", "--seconds", "0.2")
    assert done.exit_code == 1
    assert "it isn't there" in done.output


def test_a_wrong_address_ends_with_2() -> None:
    assert run("serial:///dev/x?protocol=jet").exit_code == 2


def test_without_an_address_the_ports_are_listed() -> None:
    done = run()
    assert done.exit_code == 0
    assert "benewake, jrt, dimetix, lightware" in done.output
