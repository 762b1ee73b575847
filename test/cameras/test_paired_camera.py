"""Video by RTSP and temperatures by ISAPI from one camera."""

from __future__ import annotations

import pytest

from thermoscout_core.cameras.registry import open_camera
from thermoscout_core.errors import DeviceError

HOT_C, HOT_PIXEL = 92.34, (7, 11)


@pytest.fixture
def pair(start_peer, login):
    measuring = start_peer("isapi_server.py", 0, 96, 64, "A1")
    video = start_peer("rtsp_server.py", 0, "mpeg4", 160, 128, 25, "video")
    camera = open_camera(
        f"rtsp://127.0.0.1:{video.port}/thermal?radiometry=isapi&port={measuring.port}&rate=5"
    )
    camera.open()
    yield camera, measuring
    camera.close()


def test_temperatures_come_from_the_measuring_side_and_pictures_carry_none(pair, next_frame):
    camera, _ = pair
    measured = next_frame(camera, lambda frame: not frame.is_picture)
    picture = next_frame(camera, lambda frame: frame.is_picture)
    assert measured.celsius()[HOT_PIXEL] == pytest.approx(HOT_C, abs=1e-4)
    assert picture.radiometry.scale is None and picture.counts.shape == (128, 160)
    assert camera.hardware_id == "DS-2TD A1"


def test_the_loss_of_the_measuring_side_is_a_loss(pair, next_frame):
    camera, measuring = pair
    next_frame(camera, lambda frame: not frame.is_picture)
    measuring.kill()
    with pytest.raises(DeviceError, match="jpegPicWithAppendData"):
        next_frame(camera, lambda frame: False)
