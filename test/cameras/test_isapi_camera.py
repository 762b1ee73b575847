"""The Hikvision driver against a server with HTTP Digest, in a process of its own."""

from __future__ import annotations

import hiktemp
import numpy as np
import pytest

from thermoscout_core.cameras.registry import open_camera
from thermoscout_core.errors import ConfigurationError, DeviceError, LoginError

HOT_C, HOT_PIXEL = 92.34, (7, 11)


@pytest.fixture(scope="module")
def one_server(start_peer):
    return start_peer("isapi_server.py", 0, 96, 64, "ABC123")


@pytest.fixture
def server(one_server, login):
    yield one_server
    for command in ("fault", "size 96 64", "password right horse"):
        one_server.tell(command)


@pytest.fixture
def camera(server):
    made = open_camera(f"isapi://127.0.0.1:{server.port}?rate=25")
    yield made
    made.close()


def test_the_temperature_that_was_sent_comes_back(camera, next_frame):
    camera.open()
    frame = next_frame(camera)
    assert frame.celsius().shape == (64, 96)
    assert frame.celsius()[HOT_PIXEL] == pytest.approx(HOT_C, abs=1e-4)
    assert frame.celsius()[0, 0] == pytest.approx(20.01, abs=1e-4)


def test_model_and_serial_number_tell_the_camera(camera):
    camera.open()
    assert camera.hardware_id == "DS-2TD ABC123"


def test_what_the_camera_has_applied_is_unknown(camera, next_frame):
    camera.open()
    assert np.isnan(next_frame(camera).radiometry.applied.emissivity)


def test_every_frame_is_another_one(camera, next_frame):
    camera.open()
    frames = [next_frame(camera) for _ in range(3)]
    assert len({frame.stamp_s for frame in frames}) == 3
    assert len({float(frame.celsius()[0, 0]) for frame in frames}) == 3


def test_a_part_that_holds_the_delimiter_and_one_that_is_missing(server, camera, next_frame):
    camera.open()
    server.tell("fault no jpeg")
    assert next_frame(camera).celsius()[HOT_PIXEL] == pytest.approx(HOT_C, abs=1e-4)


def test_a_wrong_password_is_told_without_the_password(server, camera):
    server.tell("password another horse")
    with pytest.raises(LoginError, match="HTTP 401") as caught:
        camera.open()
    assert "right horse" not in str(caught.value)


def test_a_torn_frame_is_thrown_away_and_counted(server, camera, next_frame):
    camera.open()
    server.tell("fault torn")
    assert camera.read(0.2) is None
    server.tell("fault")
    assert next_frame(camera).celsius()[HOT_PIXEL] == pytest.approx(HOT_C, abs=1e-4)
    assert camera.counters.torn == 1


def test_a_camera_that_gives_only_torn_frames_is_lost(server, camera, next_frame):
    camera.open()
    server.tell("fault torn")
    with pytest.raises(DeviceError, match="torn answer"):
        next_frame(camera)


@pytest.mark.parametrize("fault", ["reset", "stall"])
def test_a_connection_that_breaks_or_hangs_is_a_loss(server, camera, next_frame, fault):
    camera.open()
    next_frame(camera)
    server.tell(f"fault {fault}")
    with pytest.raises(DeviceError, match="jpegPicWithAppendData"):
        next_frame(camera)


def test_thermometry_that_is_switched_off_is_named(server, camera, next_frame):
    camera.open()
    server.tell("fault no temperatures")
    with pytest.raises(DeviceError, match="switch its thermometry on"):
        next_frame(camera)


def test_a_changed_resolution_is_just_another_frame(server, camera, next_frame):
    camera.open()
    next_frame(camera)
    server.tell("size 160 120")
    frame = next_frame(camera, lambda frame: frame.width_px == 160)
    assert frame.celsius()[HOT_PIXEL] == pytest.approx(HOT_C, abs=1e-4)


def test_a_frozen_picture_is_flagged(server, camera, next_frame):
    camera.open()
    server.tell("fault frozen")
    assert next_frame(camera).shutter_closed
    server.tell("fault")
    assert not next_frame(camera).shutter_closed


def test_two_byte_temperatures_are_refused_and_only_taken_with_their_doubt(server, next_frame):
    server.tell("fault int16")
    strict = open_camera(f"isapi://127.0.0.1:{server.port}?rate=25")
    strict.open()
    with pytest.raises(DeviceError, match="formula unconfirmed"):
        next_frame(strict)
    strict.close()
    lenient = open_camera(f"isapi://127.0.0.1:{server.port}?rate=25&two_byte=accept")
    lenient.open()
    frame = next_frame(lenient)
    lenient.close()
    assert frame.celsius()[HOT_PIXEL] == pytest.approx(92.3, abs=0.01)
    assert "unconfirmed" in frame.radiometry.camera


def test_another_client_reads_the_same(server, camera, next_frame):
    server.tell("fault plain jpeg")  # that client searches the delimiter in binary data
    camera.open()
    ours = next_frame(camera).celsius()
    try:
        theirs = hiktemp.hiktemp(
            f"http://127.0.0.1:{server.port}", "operator", "right horse", channel=2
        ).matrix
    except ValueError as error:
        pytest.fail(f"the other client can't read it: {error}")
    assert theirs[HOT_PIXEL] == pytest.approx(ours[HOT_PIXEL], abs=1e-4)


@pytest.mark.parametrize(
    "url",
    [
        "isapi://operator:secret@127.0.0.1",
        "rtsp://127.0.0.1/stream?query=user%3Doperator%26password%3Dsecret",
        "rtsp://127.0.0.1/stream?PWD=secret",
    ],
)
def test_a_password_in_the_address_is_refused_and_not_repeated(url):
    with pytest.raises(ConfigurationError, match="no user and password") as caught:
        open_camera(url)
    assert "secret" not in str(caught.value)


def test_credentials_from_a_file_that_others_may_read_are_refused(tmp_path, server):
    path = tmp_path / "camera.yaml"
    path.write_text("user: operator\npassword: right horse\n")
    path.chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        open_camera(f"isapi://127.0.0.1:{server.port}?credentials={path}")
    path.chmod(0o600)
    camera = open_camera(f"isapi://127.0.0.1:{server.port}?credentials={path}")
    camera.open()
    assert "right horse" not in repr(vars(camera))
    camera.close()
