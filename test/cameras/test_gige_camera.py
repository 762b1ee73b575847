"""The GigE Vision driver against fake cameras in processes of their own: Aravis', which serves our
radiometric frames, and viva-genicam's, which loses packets on purpose."""

from __future__ import annotations

import time

import numpy as np
import pytest

from thermoscout_core.cameras.registry import open_camera
from thermoscout_core.errors import ConfigurationError, DeviceError
from thermoscout_core.frames import APPARENT, ObjectParameters

HOT_C, HOT_PIXEL = 92.34, (7, 11)
LOSSES = ",".join(f"{block}:{packet}" for block in (2, 4, 6) for packet in (3, 7))


@pytest.fixture
def plug_in(start_peer, aravis, gige_port):
    """plug_in(serial): Aravis' fake camera; the one before is unplugged first."""
    plugged = []

    def start(serial="SN77", size=(96, 64)):
        unplug()
        plugged.append(start_peer("aravis_camera.py", gige_port, *size, 30, serial))
        return plugged[-1]

    def unplug():
        while plugged:
            plugged.pop().kill()

    yield start
    unplug()


@pytest.fixture
def plug_in_viva(start_peer, gige_port):
    """plug_in_viva(size, resend, losses): viva-genicam's fake camera; unplugged after the test."""
    plugged = []

    def start(size, resend, losses=""):
        plugged.append(start_peer("viva_camera.py", gige_port, *size, 10, int(resend), losses))
        return plugged[-1]

    yield start
    for peer in plugged:
        peer.kill()


@pytest.fixture
def gige():
    """gige(place and options): a camera that streams; closed after the test."""
    cameras = []

    def make(address=""):
        cameras.append(open_camera(f"gige://{address}"))
        cameras[-1].open()
        return cameras[-1]

    yield make
    for camera in cameras:
        camera.close()


@pytest.mark.parametrize(
    ("ir_format", "tolerance_c"),
    [
        ("auto", 1e-4),
        ("TemperatureLinear10mK", 1e-4),
        ("TemperatureLinear100mK", 0.05),  # 92.34 °C isn't on its grid of 0.1 K
        ("Radiometric", 1e-4),  # a count is 4 mK there
    ],
)
def test_the_temperature_that_was_sent_comes_back(
    plug_in, gige, next_frame, ir_format, tolerance_c
):
    plug_in()
    frame = next_frame(gige(f"?format={ir_format}"))
    assert frame.celsius().shape == (64, 96)
    assert frame.celsius()[HOT_PIXEL] == pytest.approx(HOT_C, abs=tolerance_c)


def test_radiometric_counts_are_apparent_temperatures(plug_in, gige, next_frame):
    plug_in()
    radiometry = next_frame(gige("?format=Radiometric")).radiometry
    assert radiometry.applied == APPARENT
    assert radiometry.planck.b_k == 1428.0


def test_the_camera_s_own_curve_goes_to_the_correction(plug_in, gige, next_frame):
    plug_in()
    planck = next_frame(gige()).radiometry.planck
    assert (planck.b_k, planck.f) == (1428.0, 1.0)


def test_features_are_set_by_name_and_read_back(plug_in, gige, next_frame):
    plug_in()
    camera = gige("127.0.0.1?features=ObjectEmissivity:0.9,ObjectDistance:3")
    applied = next_frame(camera).radiometry.applied
    assert applied.emissivity == pytest.approx(0.9)
    assert applied.distance_m == pytest.approx(3.0)
    assert applied.air_c == pytest.approx(20.0)


def test_a_feature_out_of_range_is_refused_by_name(plug_in, gige):
    plug_in()
    with pytest.raises(DeviceError, match="refuses ObjectEmissivity = 7"):
        gige("?features=ObjectEmissivity:7")


def test_object_parameters_change_while_it_streams(plug_in, gige, next_frame):
    plug_in()
    camera = gige()
    next_frame(camera)
    applied = camera.adjust(ObjectParameters(emissivity=0.8, reflected_c=15.0))
    assert applied.emissivity == pytest.approx(0.8)
    assert applied.reflected_c == pytest.approx(15.0)
    assert next_frame(camera).radiometry.applied == applied
    with pytest.raises(DeviceError, match="ObjectEmissivity"):
        camera.adjust(ObjectParameters(emissivity=3.0))
    next_frame(camera)


def test_the_shutter_is_told_while_a_correction_lasts(plug_in, gige, next_frame):
    plug_in()
    camera = gige()
    assert not next_frame(camera).shutter_closed
    camera.correct_non_uniformity()
    assert next_frame(camera).shutter_closed
    assert not next_frame(camera, lambda frame: not frame.shutter_closed).shutter_closed


def test_a_camera_is_found_by_its_serial_number(plug_in, gige):
    plug_in("SN78")
    assert gige("SN78").hardware_id == "Aravis Fake SN78"  # also while somebody has it:
    with pytest.raises(DeviceError, match=r"no GigE camera SN99 answers; found: 127\.0\.0\.1"):
        gige("SN99")


def test_a_camera_that_stalls_gives_nothing_and_goes_on(plug_in, gige, next_frame):
    peer = plug_in()
    camera = gige()
    next_frame(camera)
    peer.tell("fault stall")
    end_s = time.monotonic() + 20.0
    while camera.read(0.3) is not None:
        assert time.monotonic() < end_s
    peer.tell("fault")
    assert next_frame(camera).celsius()[HOT_PIXEL] == pytest.approx(HOT_C, abs=1e-4)


@pytest.mark.parametrize("share", [0.02, 0.2])
def test_no_frame_is_mixed_whatever_share_of_packets_is_lost(plug_in, gige, next_frame, share):
    peer = plug_in()
    camera = gige()
    next_frame(camera)
    peer.tell(f"loss {share}")
    frames = [next_frame(camera) for _ in range(5)]
    next_frame(camera, lambda frame: frames.append(frame) or camera.counters.torn > 0)
    flat = [np.delete(frame.counts.ravel(), 7 * 96 + 11) for frame in frames]
    assert all(np.ptp(pixels) == 0 for pixels in flat)


def test_a_changed_resolution_is_just_another_frame(plug_in, gige, next_frame):
    peer = plug_in(size=(96, 64))
    camera = gige()
    assert next_frame(camera).counts.shape == (64, 96)
    peer.tell("size 48 32")
    frame = next_frame(camera, lambda frame: frame.width_px == 48)
    assert frame.counts.shape == (32, 48)
    assert frame.celsius()[HOT_PIXEL] == pytest.approx(HOT_C, abs=1e-4)


def test_a_camera_that_another_program_took_is_lost_with_that_cause(
    plug_in_viva, gige, next_frame
):
    peer = plug_in_viva((64, 48), resend=True)
    camera = gige("?format=as_is")
    next_frame(camera)
    peer.tell("revoke")
    with pytest.raises(DeviceError, match="no longer ours"):
        next_frame(camera, lambda frame: False)


def test_lost_packets_are_asked_for_again(plug_in_viva, gige, next_frame):
    plug_in_viva((640, 512), resend=True, losses=LOSSES)
    camera = gige("?format=as_is")
    for _ in range(8):
        next_frame(camera)
    assert camera._stream.stats().resend_recovered > 0
    assert camera.counters.torn == 0


def test_an_incomplete_frame_is_dropped_and_counted(plug_in_viva, gige, next_frame):
    plug_in_viva((640, 512), resend=False, losses=LOSSES)
    camera = gige("?format=as_is")
    frames = [next_frame(camera) for _ in range(6)]
    assert camera.counters.torn >= 2
    assert all(frame.counts.shape == (512, 640) for frame in frames)
    assert frames[0].radiometry.scale is None


def test_no_camera_is_said_plainly(gige, gige_port):
    with pytest.raises(DeviceError, match=r"no GigE camera at all answers; found: none"):
        gige()


@pytest.mark.parametrize("features", ["ObjectEmissivity", "a:,b:1", ":1"])
def test_features_that_are_no_pairs_are_refused(features):
    with pytest.raises(ConfigurationError, match="Name:value"):
        open_camera(f"gige://?features={features}")


def test_planck_constants_that_can_not_be_are_refused():
    from thermoscout_core.cameras.genicam_radiometry import planck_of

    class NoConstants:
        def number(self, name):
            return np.nan

    with pytest.raises(DeviceError, match="Planck constants"):
        planck_of(NoConstants())
