"""Hundreds of frames of each camera leave nothing behind; benchmarks/camera_memory.py takes ten
thousand."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest

from thermoscout_core.cameras.registry import open_camera
from thermoscout_core.machine import rss_mib

FAST_HZ = 100
SILENCE_S = 20.0
WARM_UP, FRAMES = 100, 400
MOST_GROWTH_MIB = 2.0  # all frames kept would be 16


def read(camera, frames):
    heard_s = time.monotonic()
    while frames:
        if camera.read(0.2) is not None:
            frames, heard_s = frames - 1, time.monotonic()
        assert time.monotonic() - heard_s < SILENCE_S


def growth_mib(camera):
    camera.open()
    read(camera, WARM_UP)
    before_mib = rss_mib()
    read(camera, FRAMES)
    camera.close()
    return rss_mib() - before_mib


LIVE = {
    "gige": ("aravis_camera.py", (160, 128, FAST_HZ, "SN77", "still"), "gige://"),
    "isapi": ("isapi_server.py", (160, 128, "A1"), "isapi://127.0.0.1:{port}"),
    "rtsp": ("rtsp_server.py", ("mjpeg", 160, 128, FAST_HZ, "cam"), "rtsp://127.0.0.1:{port}/x"),
}


@pytest.mark.parametrize("name", LIVE)
def test_memory_is_flat_over_the_frames_of_a_network_camera(name, start_peer, login, request):
    script, arguments, url = LIVE[name]
    port = 0
    if name == "gige":
        request.getfixturevalue("aravis")
        port = request.getfixturevalue("gige_port")
    peer = start_peer(script, port, *arguments)
    camera = open_camera(url.format(port=peer.port))
    camera.rate_hz = FAST_HZ  # ISAPI is asked as fast as it answers
    assert growth_mib(camera) < MOST_GROWTH_MIB
    peer.kill()


@pytest.mark.parametrize(
    "url", ["file://{folder}?rate=200&loop=1", "sim://patrol?width=160&height=128&hold=0.1"]
)
def test_memory_is_flat_over_the_frames_of_a_recording(url, tmp_path, clock):
    for number in range(5):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((128, 160), 29000, np.uint16))
    (tmp_path / "scale.yaml").write_text("gain: 0.01\noffset: -273.15\nencoding: mono16\n")
    assert growth_mib(open_camera(url.format(folder=tmp_path), clock)) < MOST_GROWTH_MIB
