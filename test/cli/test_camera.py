"""thermoscout camera, on the simulated camera and on one in a process of its own."""

from __future__ import annotations

from typing import Any

from typer.testing import CliRunner

from thermoscout_core.cli import app


def camera(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["camera", *arguments])


def test_it_tells_who_answers_and_what_is_seen(tmp_path: Any) -> None:
    picture = tmp_path / "frame.png"
    url = "sim://patrol?seed=7&width=128&height=96&rate=20"
    done = camera(url, "--seconds", "2", "--save", str(picture))
    assert done.exit_code == 0, done.output
    assert "simulated patrol 7" in done.output
    assert "°C in the middle" in done.output
    assert picture.stat().st_size > 1000


def test_a_camera_in_a_process_of_its_own(start_peer: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("THERMOSCOUT_CAMERA_USER", "operator")
    monkeypatch.setenv("THERMOSCOUT_CAMERA_PASSWORD", "right horse")
    server = start_peer("isapi_server.py", 0, 96, 64, "A1")
    done = camera(f"isapi://127.0.0.1:{server.port}?rate=20", "--seconds", "4")
    assert done.exit_code == 0, done.output
    assert "DS-2TD A1" in done.output and "92.3 °C" in done.output


def test_without_a_frame_it_ends_with_1(tmp_path: Any) -> None:
    done = camera(f"file://{tmp_path}/nothing", "--seconds", "1")
    assert done.exit_code == 1
    assert "nothing" in done.output


def test_a_wrong_address_is_told_at_once() -> None:
    done = camera("gige://?format=none")
    assert done.exit_code == 2
    assert "format must be one of" in done.output
