"""The camera and the rangefinder: every sample once, with its own stamp; losses are told."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import CameraInfo, Image, Range
from thermoscout.msg import Radiometry, ThermalVerdicts, Waypoint

from thermoscout_core.supervision import Phase
from thermoscout_nodes.device_messages import (
    message_to_frame,
    message_to_radiometry,
    stamp_key,
    to_seconds,
)
from thermoscout_nodes.images import image_to_array
from thermoscout_nodes.ir_camera import IrCamera
from thermoscout_nodes.laser_rangefinder import LaserRangefinder
from thermoscout_nodes.qos import LATCHED, SENSOR_SUBSCRIBE, STANDARD

SIM = "sim://patrol?seed=7&width=128&height=96&rate=20"
SCALE_YAML = "encoding: mono16\ngain: 0.1\noffset: -50.0\n"


def statuses(messages: list[DiagnosticArray], name: str) -> list[Any]:
    return [status for m in messages for status in m.status if status.name == name]


def test_every_frame_has_a_stamp_of_its_own(graph: Any) -> None:
    images = graph.listen(Image, "thermal/image_raw", SENSOR_SUBSCRIBE)
    graph.make(IrCamera, {"url": SIM})
    graph.spin_until(lambda: len(images) >= 10)
    stamps = [stamp_key(image.header) for image in images]
    assert stamps == sorted(set(stamps))
    assert {image.encoding for image in images} == {"mono16"}
    assert images[0].header.frame_id == "ir_camera_optical_frame"
    assert (images[0].width, images[0].height) == (128, 96)


def test_the_radiometry_waits_for_whoever_joins_later(graph: Any) -> None:
    node = graph.make(IrCamera, {"url": SIM})
    graph.spin_until(lambda: node.diagnostics.total("frames") > 3)
    told = graph.listen(Radiometry, "thermal/radiometry", LATCHED)
    graph.spin_until(lambda: told)
    assert message_to_radiometry(told[0]).scale is not None
    assert "simulated" in told[0].camera


def test_the_truth_belongs_to_a_frame_that_was_sent(graph: Any) -> None:
    images = graph.listen(Image, "thermal/image_raw", SENSOR_SUBSCRIBE)
    truths = graph.listen(ThermalVerdicts, "simulation/truth", STANDARD)
    graph.make(IrCamera, {"url": SIM})
    graph.spin_until(lambda: len(truths) >= 3 and len(images) >= 3)
    sent = {stamp_key(image.header) for image in images}
    assert {stamp_key(truth.header) for truth in truths[:2]} <= sent
    assert truths[0].verdicts[0].rule.startswith("wp")
    assert truths[0].verdicts[0].reading.corrected_c > 0


def test_the_simulated_robot_tells_its_waypoint(graph: Any) -> None:
    told = graph.listen(Waypoint, "waypoint", LATCHED)
    graph.make(IrCamera, {"url": SIM})
    assert graph.spin_until(lambda: told)[0].name.startswith("stop ")


def test_pictures_are_made_while_somebody_looks(graph: Any) -> None:
    node = graph.make(IrCamera, {"url": SIM})
    pictures = graph.listen(Image, "thermal/image_color", SENSOR_SUBSCRIBE)
    infos = graph.listen(CameraInfo, "thermal/camera_info", SENSOR_SUBSCRIBE)
    graph.spin_until(lambda: pictures and infos)
    assert image_to_array(pictures[0]).shape == (96, 128, 3)
    assert infos[0].k[0] == pytest.approx(64 / np.tan(np.radians(25.0) / 2))
    assert node.diagnostics.total("callback_errors") == 0


def test_a_camera_that_is_not_there_is_reported_and_tried_again(graph: Any) -> None:
    reports = graph.listen(DiagnosticArray, "/diagnostics", STANDARD)
    node = graph.make(IrCamera, {"url": "file:///no/such/folder"})
    graph.spin_until(
        lambda: [s for s in statuses(reports, "ir_camera: camera") if s.level == s.ERROR]
    )
    assert "/no/such/folder" in statuses(reports, "ir_camera: camera")[-1].message
    assert node.is_active


def test_a_wrong_camera_address_fails_the_configure(graph: Any) -> None:
    reports = graph.listen(DiagnosticArray, "/diagnostics", STANDARD)
    node = graph.make(IrCamera, {"url": "nonsense://camera"})
    status = graph.spin_until(lambda: statuses(reports, "ir_camera: lifecycle"))[-1]
    assert "nonsense" in status.message
    assert not node.is_active


@pytest.fixture
def folder(tmp_path: Any) -> Any:
    (tmp_path / "counts").mkdir()
    (tmp_path / "scale.yaml").write_text(SCALE_YAML)
    for index in range(3):
        counts = np.full((60, 80), 700 + index, np.uint16)
        cv2.imwrite(str(tmp_path / "counts" / f"image_{index}.png"), counts)
    (tmp_path / "counts" / "image_1b.png").write_bytes(b"\x89PNG\r\n\x1a\n cut short")
    return tmp_path


def test_in_lockstep_each_file_waits_for_the_verdicts_of_the_one_before(
    graph: Any, folder: Any
) -> None:
    images = graph.listen(Image, "thermal/image_raw", SENSOR_SUBSCRIBE)
    answers = graph.peer.create_publisher(ThermalVerdicts, "verdicts", STANDARD)
    url = f"file://{folder}?rate=100&loop=0"
    node = graph.make(IrCamera, {"url": url, "lockstep": True})
    for count in (1, 2, 3):
        graph.spin_until(lambda count=count: len(images) >= count)
        assert len(images) == count
        answers.publish(ThermalVerdicts(header=images[-1].header))
    graph.spin_until(lambda: node._device.supervisor.phase is Phase.FINISHED)
    assert [int(image_to_array(image)[0, 0]) for image in images] == [700, 701, 702]


def test_a_cut_file_is_counted_and_the_others_come(graph: Any, folder: Any) -> None:
    images = graph.listen(Image, "thermal/image_raw", SENSOR_SUBSCRIBE)
    node = graph.make(IrCamera, {"url": f"file://{folder}?rate=20&loop=0"})
    graph.spin_until(lambda: len(images) == 3 and node.diagnostics.total("bad_frames"))
    assert node.diagnostics.total("bad_frames") == 1
    assert "image_1b.png" in node.diagnostics.last_bad_frame


def test_pixels_without_a_measurement_survive_the_topic(graph: Any, tmp_path: Any) -> None:
    celsius = np.full((60, 80), 20.0, np.float32)
    celsius[5, 7] = np.nan
    tifffile.imwrite(tmp_path / "celsius.tiff", celsius)
    images = graph.listen(Image, "thermal/image_raw", SENSOR_SUBSCRIBE)
    told = graph.listen(Radiometry, "thermal/radiometry", LATCHED)
    graph.make(IrCamera, {"url": f"file://{tmp_path}?loop=0"})
    graph.spin_until(lambda: images and told)
    frame = message_to_frame(images[0], told[0])
    assert np.argwhere(np.isnan(frame.celsius())).tolist() == [[5, 7]]
    assert np.nanmax(np.abs(frame.celsius() - 20.0)) < 0.1


def test_ranges_follow_the_patrol_of_the_camera(graph: Any) -> None:
    from thermoscout_core.simulation.patrol import Patrol

    ranges = graph.listen(Range, "range", SENSOR_SUBSCRIBE)
    graph.make(LaserRangefinder, {"url": "sim://patrol?seed=7"})
    graph.spin_until(lambda: len(ranges) >= 5)
    true_m = Patrol(7).distance_at(to_seconds(ranges[-1].header.stamp))
    assert ranges[-1].range == pytest.approx(true_m, abs=0.02)
    assert ranges[-1].header.frame_id == "laser_rangefinder"


def test_a_robot_without_a_rangefinder_says_so(graph: Any) -> None:
    reports = graph.listen(DiagnosticArray, "/diagnostics", STANDARD)
    node = graph.make(LaserRangefinder, {"url": "none"})
    graph.spin_until(
        lambda: node.is_active and statuses(reports, "laser_rangefinder: rangefinder")
    )
    assert "none" in statuses(reports, "laser_rangefinder: rangefinder")[-1].message
