"""A camera that comes back at another address is taken; another camera at its address isn't."""

from __future__ import annotations

import socket
from dataclasses import dataclass

import pytest

from thermoscout_core.cameras import gige_discovery
from thermoscout_core.cameras.addresses import first_that_answers
from thermoscout_core.cameras.registry import open_camera
from thermoscout_core.device_urls import DeviceUrl
from thermoscout_core.errors import DeviceError, LoginError

EXPECTED = {"isapi_server.py": "DS-2TD", "rtsp_server.py": "", "aravis_camera.py": "Aravis Fake"}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def own_address() -> str:
    """An address of this machine besides loopback, by which it would send; "" when it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))  # sends nothing
        except OSError:
            return ""
        return str(probe.getsockname()[0])


@pytest.mark.parametrize("family", ["isapi", "rtsp"], indirect=True)  # GigE has one port only
def test_a_camera_is_taken_back_at_another_port(family, plug_in, watched):
    peer, other = plug_in(family), free_port()
    camera = watched(family.url.format(at=f"127.0.0.1:{peer.port},127.0.0.1:{other}"))
    camera.poll_until(lambda: camera.streams_after(0))
    peer.kill()
    camera.poll_until(camera.is_lost)
    before = len(camera.frames)
    plug_in(family, port=other)
    camera.poll_until(lambda: camera.streams_after(before))
    assert camera.reader.supervisor.totals.refused == 0


def test_a_gige_camera_is_taken_back_at_another_address(
    start_peer, aravis, gige_port, watched, request
):
    if not own_address():
        pytest.skip("this machine has no network address besides loopback")
    arguments = (96, 64, 30, "SN77", "still")
    peer = start_peer("aravis_camera.py", gige_port, *arguments)
    request.addfinalizer(peer.kill)
    camera = watched("gige://127.0.0.1")
    camera.poll_until(lambda: camera.streams_after(0))
    peer.kill()
    camera.poll_until(camera.is_lost)
    before = len(camera.frames)
    moved = start_peer("aravis_camera.py", gige_port, *arguments, f"at={own_address()}")
    request.addfinalizer(moved.kill)
    camera.poll_until(lambda: camera.streams_after(before))


def test_another_camera_is_not_taken_and_the_same_one_is(family, plug_in, watched):
    first = plug_in(family, "A1")
    camera = watched(family.url.format(at=f"127.0.0.1:{first.port}"))
    camera.poll_until(lambda: camera.streams_after(0))
    first.kill()
    camera.poll_until(camera.is_lost)
    before = len(camera.frames)
    other = plug_in(family, "B2", first.port)
    expected = f"{EXPECTED[family.script]} A1".strip()
    camera.poll_until(lambda: expected in camera.problem)
    assert len(camera.frames) == before
    other.kill()
    plug_in(family, "A1", first.port)
    camera.poll_until(lambda: camera.streams_after(before))


def test_of_several_addresses_the_one_where_the_wanted_camera_answers_is_taken(
    start_peer, login, next_frame
):
    ports = [start_peer("isapi_server.py", 0, 96, 64, serial).port for serial in ("B2", "A1")]
    camera = open_camera("isapi://" + ",".join(f"127.0.0.1:{port}" for port in ports))
    camera.wanted_id = "DS-2TD A1"
    camera.open()
    assert camera.hardware_id == "DS-2TD A1" and next_frame(camera) is not None
    camera.close()
    camera.wanted_id = "DS-2TD C3"
    with pytest.raises(DeviceError, match=r"another camera answers, DS-2TD B2; .*DS-2TD A1"):
        camera.open()


def refuse(address: str) -> str:
    if address == "locked":
        raise LoginError(f"{address}: wrong password")
    if address == "gone":
        raise DeviceError(f"{address}: nobody there")
    return address


def test_the_reasons_of_all_addresses_are_told_and_a_refused_password_is_one():
    assert first_that_answers(["gone", "locked", "here"], refuse) == "here"
    with pytest.raises(LoginError, match="gone: nobody there; locked: wrong password"):
        first_that_answers(["gone", "locked"], refuse)
    with pytest.raises(DeviceError) as caught:
        first_that_answers(["gone"], refuse)
    assert not isinstance(caught.value, LoginError)


@dataclass(frozen=True)
class Found:
    """What discovery tells of a camera, and the serial number that it tells when it is asked."""

    ip: str
    serial: str
    mac: str = "00:11:22:33:44:55"
    manufacturer: str = "FLIR"
    model: str = "A70"


HERE, MOVED, MUTE = Found("10.0.0.5", "B2"), Found("10.0.0.9", "A1"), Found("10.0.0.3", "")


@pytest.mark.parametrize(
    ("place", "wanted_id", "ip"),
    [
        ("10.0.0.5", "", "10.0.0.5"),
        ("10.0.0.5", "FLIR A70 A1", "10.0.0.9"),
        ("", "FLIR A70 A1", "10.0.0.9"),
        ("", "", "10.0.0.5"),
        ("A1", "", "10.0.0.9"),
    ],
)
def test_a_gige_camera_is_found_by_address_serial_number_or_identity(
    monkeypatch, place, wanted_id, ip
):
    monkeypatch.setattr(gige_discovery, "discovered", lambda interface: [MUTE, HERE, MOVED])
    monkeypatch.setattr(gige_discovery, "serial_of", lambda info, interface: info.serial)
    info, hardware_id = gige_discovery.find_camera(place, wanted_id, None)
    assert (info.ip, hardware_id) == (ip, f"FLIR A70 {info.serial}")


@pytest.mark.parametrize(("place", "wanted_id"), [("10.0.0.7", ""), ("10.0.0.5", "FLIR A70 Z9")])
def test_a_gige_camera_that_does_not_answer_is_named_with_those_that_do(
    monkeypatch, place, wanted_id
):
    monkeypatch.setattr(gige_discovery, "discovered", lambda interface: [MUTE, HERE])
    monkeypatch.setattr(gige_discovery, "serial_of", lambda info, interface: info.serial)
    with pytest.raises(DeviceError, match=f"no GigE camera {wanted_id or place} answers; found: "):
        gige_discovery.find_camera(place, wanted_id, None)


def test_a_gige_camera_that_tells_no_serial_number_is_said_to_be_there(monkeypatch):
    monkeypatch.setattr(gige_discovery, "discovered", lambda interface: [MUTE, HERE])
    monkeypatch.setattr(gige_discovery, "serial_of", lambda info, interface: info.serial)
    with pytest.raises(DeviceError, match=r"10\.0\.0\.3 announces itself, but can't be asked"):
        gige_discovery.find_camera("10.0.0.3", "", None)


def test_the_path_of_an_address_is_kept_to_its_last_slash():
    assert DeviceUrl("rtsp://10.0.0.5,10.0.0.6:555/live/").addresses() == [
        "10.0.0.5/live/",
        "10.0.0.6:555/live/",
    ]
