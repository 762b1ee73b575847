"""The node of the infrared camera: raw counts, what they mean in °C, and pictures for people."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from thermoscout.msg import Radiometry as RadiometryMessage
from thermoscout.msg import ThermalVerdicts, Waypoint

from thermoscout_core.cameras.base import Camera
from thermoscout_core.cameras.calibration import read_calibration
from thermoscout_core.cameras.registry import open_camera
from thermoscout_core.detection.view import to_8bit_view
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.frames import ThermalFrame
from thermoscout_core.supervision import Supervisor
from thermoscout_core.verdicts import Verdict
from thermoscout_nodes.camera_controls import CameraControls
from thermoscout_nodes.device_messages import (
    calibrated_camera_info,
    camera_info,
    make_header,
    radiometry_to_message,
)
from thermoscout_nodes.diagnostics import OK, WARN, Status
from thermoscout_nodes.images import array_to_image
from thermoscout_nodes.lifecycle import ManagedNode
from thermoscout_nodes.lockstep import Lockstep
from thermoscout_nodes.messages import verdicts_to_message
from thermoscout_nodes.node_clock import NodeClock
from thermoscout_nodes.parameter_tables.devices import IR_CAMERA
from thermoscout_nodes.process import run
from thermoscout_nodes.qos import LATCHED, SENSOR_PUBLISH, STANDARD
from thermoscout_nodes.supervised_device import SupervisedDevice
from thermoscout_nodes.truth import has_truth, truth_verdicts

MOST_WAITING = 2
"""Frames that may wait for their turn; a further one is dropped and counted."""


@dataclass(frozen=True)
class _Outgoing:
    """A frame on its way to the topics. picture: for people, None while nobody looks. truth: of a
    simulated camera, None else and while nobody asks."""

    frame: ThermalFrame
    image: Image
    picture: Image | None
    zero_is_invalid: bool
    truth: Sequence[Verdict] | None


class IrCamera(ManagedNode):
    """Publishes each frame once, stamped at acquisition; opens a lost camera again."""

    def __init__(self, **options: Any) -> None:
        super().__init__("ir_camera", IR_CAMERA, **options)
        self._device: SupervisedDevice[ThermalFrame] | None = None
        self._controls: CameraControls | None = None
        self._waiting: deque[_Outgoing] = deque()

    def configure(self) -> None:
        self._frame_id = self.parameters["frame_id"]
        if not self._frame_id:
            raise ConfigurationError("frame_id is empty; name the camera's optical frame")
        self._camera = self._made_camera()
        self._calibration = None
        if self.parameters["calibration"]:
            self._calibration = read_calibration(_path_of(self.parameters["calibration"]))
        self._unreadable = 0
        self._last_frame_s = time.monotonic()
        self._images = self.advertise(Image, "thermal/image_raw", SENSOR_PUBLISH)
        self._radiometry = self.advertise(RadiometryMessage, "thermal/radiometry", LATCHED)
        self._infos = self.advertise(CameraInfo, "thermal/camera_info", SENSOR_PUBLISH)
        self._pictures = self.advertise(Image, "thermal/image_color", SENSOR_PUBLISH)
        self._truths = self._waypoints = None
        if has_truth(self._camera):
            self._truths = self.advertise(ThermalVerdicts, "simulation/truth", STANDARD)
            self._waypoints = self.advertise(Waypoint, "waypoint", LATCHED)
        self._lockstep = None
        if self.parameters["lockstep"]:
            self._lockstep = Lockstep(self, self.parameters["lockstep_timeout"])
        supervisor = Supervisor(
            silence_s=self.parameters["silence_timeout"],
            first_sample_s=self.parameters["first_frame_timeout"],
            hardware_id=self.parameters["hardware_id"],
            any_device=self.parameters["any_device"],
        )
        self._device = SupervisedDevice(
            self, "camera", supervisor, self._fresh_camera, self._deliver
        )
        self._controls = CameraControls(
            self, self._device.reader, self.parameters["object_parameters"]
        )
        self.diagnostics.add_task("camera", self._camera_status)

    def activate(self) -> None:
        assert self._device is not None
        self._told = self._waypoint = ""
        self._has_video = False
        self._waiting.clear()
        self._device.start()

    def deactivate(self) -> None:
        if self._device is not None:
            self._device.stop()

    def release(self) -> None:
        if self._device is not None:
            self._device.release()
        if self._controls is not None:
            self._controls.release()
        self._device = self._controls = None
        self.diagnostics.remove_task("camera")

    def parameters_changed(self, names: set[str]) -> None:
        assert self._device is not None and self._controls is not None
        self._device.supervisor.silence_s = self.parameters["silence_timeout"]
        if "object_parameters" in names:
            self._controls.want(self.parameters["object_parameters"])

    # In the reader's thread

    def _fresh_camera(self, stopping: threading.Event) -> Camera:
        self._camera = self._made_camera(NodeClock(self, stopping))
        return self._camera

    def _made_camera(self, clock: NodeClock | None = None) -> Camera:
        pipeline = self.parameters["pipeline"]
        options = {"pipeline": pipeline} if pipeline else {}
        return open_camera(self.parameters["url"], clock, **options)

    def _deliver(self, camera: Camera, frame: ThermalFrame) -> None:
        assert self._controls is not None and self._device is not None
        if not self._controls.prepare(camera):
            return
        if len(self._waiting) >= MOST_WAITING:
            self.call_soon(lambda: self.diagnostics.count("dropped"))
            return
        header = make_header(frame.stamp_s, self._frame_id)
        counts, zero_is_invalid = frame.counts, False
        if frame.invalid is not None and frame.invalid.any():
            zero_is_invalid = True
            counts = np.where(frame.invalid, np.uint16(0), np.maximum(counts, np.uint16(1)))
        truth = None
        if self._truths is not None and self._truths.get_subscription_count():
            truth = truth_verdicts(camera, frame)
        picture = self._picture_of(frame, header)
        image = array_to_image(counts, "mono16", header)
        outgoing = _Outgoing(frame, image, picture, zero_is_invalid, truth)
        if self._lockstep is None:
            self._send(outgoing)
            return
        stopping = self._device.reader.stopping
        if not self._lockstep.send(header, lambda: self._send(outgoing), stopping):
            problem = f"no verdicts for {frame.source}"
            self.call_soon(lambda: self.diagnostics.bad_frame(problem))

    def _picture_of(self, frame: ThermalFrame, header: Header) -> Image | None:
        """For people, while somebody looks: the camera's own video where it has one."""
        self._has_video |= frame.is_picture
        if self._has_video != frame.is_picture or not self._pictures.get_subscription_count():
            return None
        if frame.is_picture:
            view = cv2.cvtColor(frame.counts.astype(np.uint8), cv2.COLOR_GRAY2BGR)
        else:
            view = cv2.applyColorMap(to_8bit_view(frame.counts), cv2.COLORMAP_INFERNO)
        return array_to_image(view, "bgr8", header)

    def _send(self, outgoing: _Outgoing) -> None:
        self._waiting.append(outgoing)
        self.call_soon(self._publish)

    # In the node's turn

    def _publish(self) -> None:
        outgoing = self._waiting.popleft()
        if not self.is_active:
            return
        frame, header = outgoing.frame, outgoing.image.header
        if frame.is_picture:
            if outgoing.picture is not None:
                self._pictures.publish(outgoing.picture)
            return
        self._tell_radiometry(outgoing, header)
        self._tell_waypoint(frame, header)
        self._last_frame_s = time.monotonic()
        self.diagnostics.count("frames")
        self.diagnostics.age("published", header.stamp)
        self._images.publish(outgoing.image)
        if self._infos.get_subscription_count():
            self._infos.publish(self._camera_info(frame, header))
        if self._truths is not None and outgoing.truth is not None:
            size_px = frame.width_px, frame.height_px
            self._truths.publish(verdicts_to_message(outgoing.truth, header, size_px))
        if outgoing.picture is not None:
            self._pictures.publish(outgoing.picture)

    def _tell_radiometry(self, outgoing: _Outgoing, header: Header) -> None:
        radiometry, shutter_closed = outgoing.frame.radiometry, outgoing.frame.shutter_closed
        telling = repr((radiometry, outgoing.zero_is_invalid, shutter_closed))
        if telling == self._told:
            return
        self._told = telling
        self.diagnostics.hardware_id = radiometry.camera or self._camera.hardware_id
        message = radiometry_to_message(
            radiometry, header, outgoing.zero_is_invalid, shutter_closed
        )
        self._radiometry.publish(message)

    def _camera_info(self, frame: ThermalFrame, header: Header) -> CameraInfo:
        size_px = frame.width_px, frame.height_px
        calibration = self._calibration
        if calibration is not None:
            if size_px == (calibration.width_px, calibration.height_px):
                return calibrated_camera_info(calibration, header)
            self.diagnostics.bad_frame(
                f"the calibration is for {calibration.width_px}x{calibration.height_px} pixels, "
                f"the camera sends {size_px[0]}x{size_px[1]}"
            )
        return camera_info(
            size_px, self.parameters["horizontal_fov"] or frame.radiometry.hfov_rad, header
        )

    def _tell_waypoint(self, frame: ThermalFrame, header: Header) -> None:
        """In the place of the simulated robot's navigation."""
        if self._waypoints is None:
            return
        waypoint = self._camera.waypoint_of(frame)
        if waypoint != self._waypoint:
            self._waypoint = waypoint
            self._waypoints.publish(Waypoint(stamp=header.stamp, name=waypoint))

    def _camera_status(self) -> Status:
        assert self._device is not None
        unreadable = list(getattr(self._camera, "errors", ()))
        for sentence in unreadable[self._unreadable :]:
            self.diagnostics.bad_frame(sentence)
            self.get_logger().error(f"passed over: {sentence}")
        self._unreadable = len(unreadable)
        status = self._device.status()
        age_s = time.monotonic() - self._last_frame_s
        status.values.update(url=self.parameters["url"], last_frame_age_s=f"{age_s:.2f}")
        controls = self._controls
        if controls is not None and controls.applied:
            status.values["object_parameters"] = controls.applied
        if controls is not None and controls.problem and status.level == OK:
            return Status(WARN, f"object_parameters: {controls.problem}", status.values)
        return status


def _path_of(place: str) -> Path:
    """A file by its path or its file:// address, as camera_info_manager has it."""
    return Path(place.removeprefix("file://")).expanduser()


def main(args: list[str] | None = None) -> None:
    run(lambda: [IrCamera()], args)


if __name__ == "__main__":
    main()
