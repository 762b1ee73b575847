from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from thermoscout_core.cameras.registry import open_camera
from thermoscout_core.device_reader import DeviceReader
from thermoscout_core.supervision import Phase, Supervisor

DEADLINE_S = 30.0
GIGE_PORT = 3956


@dataclass(frozen=True)
class Family:
    """A network camera as a process. arguments: its script's, before the identity. url: with {at}
    for host:port, or for a list of them."""

    script: str
    arguments: tuple[object, ...]
    url: str


FAMILIES = {
    "isapi": Family("isapi_server.py", (96, 64), "isapi://{at}?rate=20"),
    "rtsp": Family("rtsp_server.py", ("mjpeg", 160, 128, 25), "rtsp://{at}/thermal"),
    "gige": Family("aravis_camera.py", (96, 64, 30), "gige://"),
}


class HandClock:
    """A clock that only moves when somebody sleeps on it, or by hand."""

    def __init__(self, now_s: float) -> None:
        self.time_s = now_s
        self.slept_s = 0.0

    def now_s(self) -> float:
        return self.time_s

    def sleep(self, seconds: float) -> None:
        self.time_s += seconds
        self.slept_s += seconds


class Watched:
    """A camera under a reader and a supervisor, polled as the node's timer does."""

    def __init__(self, url: str) -> None:
        self.frames: list[Any] = []
        self.reports: list[tuple[float, str]] = []
        self.reader = DeviceReader(
            "camera",
            Supervisor(),
            lambda stopping: open_camera(url),
            lambda camera, frame: self.frames.append(frame),
            lambda sentence: self.reports.append((time.monotonic(), sentence)),
        )
        self.reader.start()

    @property
    def problem(self) -> str:
        return self.reader.supervisor.problem

    def streams_after(self, frames: int) -> bool:
        """Whether it streams and has given more frames than that."""
        streams = self.reader.supervisor.phase is Phase.STREAMING
        return streams and len(self.frames) > frames

    def is_lost(self) -> bool:
        return self.reader.supervisor.phase is Phase.LOST

    def poll_until(self, condition: Callable[[], Any]) -> None:
        end_s = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < end_s, f"not in time; {self.reports}"
            self.reader.poll()
            self.reader.stopping.wait(0.02)


@pytest.fixture
def clock() -> HandClock:
    return HandClock(1_700_000_000.0)


@pytest.fixture
def next_frame() -> Callable[..., Any]:
    """next_frame(camera): the next frame that it gives, waited for but not for ever."""

    def wait(camera: Any, accept: Callable[[Any], bool] = lambda frame: True) -> Any:
        end_s = time.monotonic() + DEADLINE_S
        while time.monotonic() < end_s:
            frame = camera.read(0.2)
            if frame is not None and accept(frame):
                return frame
        raise AssertionError("no frame came in time")

    return wait


@pytest.fixture
def watched() -> Iterator[Callable[[str], Watched]]:
    """watched(url): that camera, lost and taken back as in the node."""
    made: list[Watched] = []

    def watch(url: str) -> Watched:
        made.append(Watched(url))
        return made[-1]

    yield watch
    for one in made:
        one.reader.stop()


@pytest.fixture
def login(monkeypatch: pytest.MonkeyPatch) -> None:
    """User and password of the ISAPI server in isapi_server.py."""
    monkeypatch.setenv("THERMOSCOUT_CAMERA_USER", "operator")
    monkeypatch.setenv("THERMOSCOUT_CAMERA_PASSWORD", "right horse")


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest, login: None) -> Family:
    """Each network camera in turn."""
    if request.param == "gige":
        request.getfixturevalue("aravis")
        request.getfixturevalue("gige_port")
    return FAMILIES[request.param]


@pytest.fixture
def plug_in(start_peer: Any) -> Iterator[Callable[..., Any]]:
    """plug_in(family, identity, port): its process, unplugged after the test at the latest."""
    plugged: list[Any] = []

    def start(family: Family, identity: str = "A1", port: int = 0) -> Any:
        port = GIGE_PORT if family is FAMILIES["gige"] else port
        plugged.append(start_peer(family.script, port, *family.arguments, identity))
        return plugged[-1]

    yield start
    for peer in plugged:
        peer.kill()
