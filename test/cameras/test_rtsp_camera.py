"""The RTSP driver against FFmpeg's own encoder and packetiser, in a process of its own."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest

from thermoscout_core.cameras.registry import open_camera
from thermoscout_core.errors import ConfigurationError, DeviceError, FrameError, LoginError

WIDTH, HEIGHT, FPS = 320, 240, 25
HOT_LUMA = 184
HOT = (slice(4, 28), slice(4, 28))
FLAT = (slice(40, HEIGHT - 8), slice(8, WIDTH // 2 - 8))


@pytest.fixture(scope="module")
def servers(start_peer):
    return {
        codec: start_peer("rtsp_server.py", 0, codec, WIDTH, HEIGHT, FPS, f"camera {codec}")
        for codec in ("h264", "mpeg4", "mjpeg")
    }


@pytest.fixture
def h264(servers):
    yield servers["h264"]
    for command in ("fault", "loss 0", f"size {WIDTH} {HEIGHT}", "password", "title camera h264"):
        servers["h264"].tell(command)


@pytest.fixture
def opened():
    """opened(server, query): a camera that streams; closed after the test."""
    cameras = []

    def make(server, query=""):
        cameras.append(open_camera(f"rtsp://127.0.0.1:{server.port}/thermal?{query}"))
        cameras[-1].open()
        return cameras[-1]

    yield make
    for camera in cameras:
        camera.close()


def is_whole(frame) -> bool:
    """Flat where one number was sent: no mixture of two pictures."""
    flat = frame.counts[FLAT].astype(int)
    return bool(flat.max() - flat.min() <= 1)


def until_lost(camera) -> float:
    """Read until the camera says that it is lost; how long after the last frame, s."""
    begun_s = last_s = time.monotonic()
    with pytest.raises(DeviceError, match="camera h264"):
        while time.monotonic() - begun_s < 20.0:
            if camera.read(0.2) is not None:
                last_s = time.monotonic()
    return time.monotonic() - last_s


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("codec", ["h264", "mpeg4", "mjpeg"])
def test_each_codec_comes_whole_over_each_transport(servers, opened, next_frame, codec, transport):
    camera = opened(servers[codec], f"transport={transport}")
    frames = [next_frame(camera) for _ in range(10)]
    assert all(is_whole(frame) for frame in frames)
    assert np.abs(frames[0].counts[HOT].astype(int) - HOT_LUMA).max() <= 1
    stamps = [frame.stamp_s for frame in frames]
    assert stamps == sorted(set(stamps))
    assert camera.hardware_id == f"camera {codec} at 127.0.0.1"


def test_a_video_carries_no_temperature(servers, opened, next_frame):
    frame = next_frame(opened(servers["h264"]))
    assert frame.radiometry.scale is None
    with pytest.raises(FrameError, match="without a temperature scale"):
        frame.celsius()


def test_a_stated_linear_palette_gives_temperatures(servers, opened, next_frame):
    # white is 235 in a video: 92.34 °C is sent as luma 184 when black is 16 and 0.25 K a level
    low_c = 92.34 - (HOT_LUMA - 16) * 0.25
    frame = next_frame(opened(servers["h264"], f"low={low_c}&high={low_c + 219 * 0.25}"))
    assert float(np.median(frame.celsius()[HOT])) == pytest.approx(92.34, abs=1e-4)
    assert frame.radiometry.saturation_count == 235
    assert frame.radiometry.accuracy_c == pytest.approx(0.25)


def test_half_a_span_is_refused():
    with pytest.raises(ConfigurationError, match="low and high"):
        open_camera("rtsp://127.0.0.1/thermal?low=20")


def test_stamps_are_those_of_the_acquisition(servers, opened, next_frame):
    camera = opened(servers["h264"])
    frames = [next_frame(camera) for _ in range(20)]
    assert abs(frames[-1].stamp_s - time.time()) < 1.0
    gaps_s = np.diff([frame.stamp_s for frame in frames])
    assert np.median(gaps_s) == pytest.approx(1 / FPS, abs=0.01)


def test_a_stream_that_stalls_is_noticed_within_a_second(h264, opened, next_frame):
    camera = opened(h264)
    next_frame(camera)
    h264.tell("fault stall")
    assert until_lost(camera) < 1.5  # 0.8 s on a quiet machine


def test_a_camera_that_describes_itself_and_sends_nothing(h264, opened):
    h264.tell("fault stall")
    with pytest.raises(DeviceError):
        opened(h264, "open_timeout=1").read(0.2)


def test_a_reset_in_the_middle_of_a_packet_is_a_loss(h264, opened, next_frame):
    camera = opened(h264)
    next_frame(camera)
    h264.tell("fault reset")
    until_lost(camera)


def test_a_changed_resolution_is_just_another_frame(h264, opened, next_frame):
    camera = opened(h264)
    next_frame(camera)
    h264.tell("size 160 128")
    frame = next_frame(camera, lambda frame: frame.width_px == 160)
    assert frame.counts.shape == (128, 160)


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_no_picture_is_mixed_at_two_percent_loss(h264, opened, next_frame, transport):
    camera = opened(h264, f"transport={transport}")
    h264.tell("loss 0.02")
    frames = [next_frame(camera) for _ in range(40)]
    assert all(is_whole(frame) for frame in frames)
    assert camera.counters.dropped + camera.counters.torn > 0


def test_no_picture_is_mixed_at_twenty_percent_loss(h264, opened, next_frame):
    camera = opened(h264, "transport=udp")
    h264.tell("loss 0.2")
    frames = []
    try:
        for _ in range(100):
            frames += [frame for frame in [camera.read(0.2)] if frame is not None]
    except DeviceError:
        pass  # too many are damaged: it may be given up
    assert all(is_whole(frame) for frame in frames)


def test_a_wrong_password_is_told_without_it(h264, opened, monkeypatch):
    h264.tell("password right horse")
    monkeypatch.setenv("THERMOSCOUT_CAMERA_USER", "operator")
    monkeypatch.setenv("THERMOSCOUT_CAMERA_PASSWORD", "wrong horse")
    with pytest.raises(LoginError) as caught:
        opened(h264)
    assert "wrong" not in str(caught.value)
    monkeypatch.setenv("THERMOSCOUT_CAMERA_PASSWORD", "right horse")
    assert opened(h264).hardware_id == "camera h264 at 127.0.0.1"


def test_a_transport_that_opencv_would_not_take_is_refused():
    with pytest.raises(ConfigurationError, match="transport=udp is for PyAV"):
        open_camera("rtsp://127.0.0.1/thermal?transport=udp&decoder=opencv")


def test_opencv_reads_the_same(servers, opened, next_frame):
    frame = next_frame(opened(servers["h264"], "decoder=opencv"))
    assert frame.counts.shape == (HEIGHT, WIDTH)


def test_a_pipeline_without_gstreamer_says_what_is_missing(monkeypatch):
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: "    GStreamer:   NO\n")
    camera = open_camera("rtsp://127.0.0.1/thermal", pipeline="rtspsrc location={url} ! appsink")
    with pytest.raises(ConfigurationError, match="GStreamer"):
        camera.open()
