"""Clocks that jump, the robot's and the camera's: frames go on, stamped by the robot's clock."""

from __future__ import annotations

import time

import pytest

from thermoscout_core.cameras.registry import open_camera
from thermoscout_core.clock import SystemClock


class JumpingClock(SystemClock):
    ahead_s = 0.0

    def now_s(self) -> float:
        return super().now_s() + self.ahead_s


@pytest.fixture
def opened():
    """opened(url, clock): a camera that streams; closed after the test."""
    cameras = []

    def make(url, clock=None):
        cameras.append(open_camera(url, clock))
        cameras[-1].open()
        return cameras[-1]

    yield make
    for camera in cameras:
        camera.close()


def test_when_the_robot_s_clock_jumps_stamps_follow_it(family, plug_in, opened, next_frame):
    clock = JumpingClock()
    peer = plug_in(family)
    camera = opened(family.url.format(at=f"127.0.0.1:{peer.port}"), clock)
    next_frame(camera)
    for ahead_s in (3600.0, -3600.0):
        clock.ahead_s = ahead_s
        stamps = [next_frame(camera).stamp_s for _ in range(3)]
        assert stamps == sorted(set(stamps))
        assert stamps[-1] == pytest.approx(clock.now_s(), abs=2.0)


@pytest.mark.parametrize("ahead_s", [2.0, -2.0, 3600.0])
def test_when_the_camera_s_clock_jumps_its_frames_go_on(start_peer, opened, next_frame, ahead_s):
    server = start_peer("rtsp_server.py", 0, "mjpeg", 160, 128, 25, "cam")
    camera = opened(f"rtsp://127.0.0.1:{server.port}/thermal")
    next_frame(camera)
    server.tell(f"ahead {ahead_s}")
    frames = [next_frame(camera) for _ in range(30)]
    assert frames[-1].stamp_s == pytest.approx(time.time(), abs=1.0)
    server.kill()
