"""Each network camera is unplugged while it streams and comes back: noticed, and taken back.

The silence limits are those of the node's defaults. Every frame is checked: whole, and newer than
the one before it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from thermoscout_core.cameras.registry import open_camera
from thermoscout_core.device_reader import DeviceReader
from thermoscout_core.supervision import Phase, Supervisor

DEADLINE_S = 30.0
NOTICED_S = 2.5  # the promise is 1 s; a machine that does other things too gets more
FLAT = (slice(40, 60), slice(40, 60))

CAMERAS = {
    "isapi": ("isapi_server.py", (96, 64, "A1"), "isapi://127.0.0.1:{port}?rate=20"),
    "rtsp": ("rtsp_server.py", ("mjpeg", 160, 128, 25, "cam"), "rtsp://127.0.0.1:{port}/thermal"),
    "gige": ("aravis_camera.py", (96, 64, 30, "SN77"), "gige://SN77"),
}


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
    def phase(self) -> Phase:
        return self.reader.supervisor.phase

    def poll_until(self, condition: Callable[[], Any]) -> None:
        end_s = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < end_s, f"not in time; {self.reports}"
            self.reader.poll()
            self.reader.stopping.wait(0.02)


@pytest.fixture
def watched():
    made = []

    def watch(url):
        made.append(Watched(url))
        return made[-1]

    yield watch
    for one in made:
        one.reader.stop()


@pytest.mark.parametrize("family", CAMERAS)
def test_it_is_lost_and_taken_back(family, start_peer, watched, monkeypatch, request):
    port = 0
    if family == "gige":
        request.getfixturevalue("aravis")
        port = request.getfixturevalue("gige_port")
    if family == "isapi":
        monkeypatch.setenv("THERMOSCOUT_CAMERA_USER", "operator")
        monkeypatch.setenv("THERMOSCOUT_CAMERA_PASSWORD", "right horse")
    script, arguments, url = CAMERAS[family]
    peer = start_peer(script, port, *arguments)
    camera = watched(url.format(port=peer.port))
    camera.poll_until(lambda: camera.phase is Phase.STREAMING and len(camera.frames) > 3)

    peer.kill()
    unplugged_s = time.monotonic()
    camera.poll_until(lambda: camera.phase is Phase.LOST)
    assert time.monotonic() - unplugged_s < NOTICED_S
    before = len(camera.frames)

    returned = start_peer(script, peer.port, *arguments)
    camera.poll_until(lambda: camera.phase is Phase.STREAMING and len(camera.frames) > before + 3)
    assert camera.reader.supervisor.totals.reconnects == 1
    stamps = [frame.stamp_s for frame in camera.frames]
    assert all(later > earlier for earlier, later in pairwise(stamps))
    flat = [frame.counts[FLAT].astype(int) for frame in camera.frames]
    assert all(np.ptp(area) <= 1 for area in flat), "a mixed frame was given"
    returned.kill()


def test_a_clock_that_is_set_back_an_hour_holds_nobody(start_peer, clock, monkeypatch, next_frame):
    monkeypatch.setenv("THERMOSCOUT_CAMERA_USER", "operator")
    monkeypatch.setenv("THERMOSCOUT_CAMERA_PASSWORD", "right horse")
    peer = start_peer("isapi_server.py", 0, 96, 64, "A1")
    camera = open_camera(f"isapi://127.0.0.1:{peer.port}?rate=20", clock)
    camera.open()
    before = next_frame(camera).stamp_s
    clock.time_s -= 3600.0
    assert next_frame(camera).stamp_s < before
    camera.close()
