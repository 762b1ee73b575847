"""What devices tell, on the wire: stamps, radiometry, camera_info, ranges.

How a message becomes a frame is the core's (wire.py), which reads bags without ROS too.
"""

from __future__ import annotations

import math
from typing import Any

from builtin_interfaces.msg import Time
from sensor_msgs.msg import CameraInfo, Range
from std_msgs.msg import Header
from thermoscout.msg import Radiometry as RadiometryMessage

from thermoscout_core.cameras.calibration import CameraCalibration
from thermoscout_core.frames import Radiometry
from thermoscout_core.wire import (
    UNKNOWN_RADIOMETRY,
    message_to_frame,
    message_to_radiometry,
    to_seconds,
)
from thermoscout_nodes.matching import Stamp

__all__ = [
    "UNKNOWN_RADIOMETRY",
    "calibrated_camera_info",
    "camera_info",
    "make_header",
    "message_to_frame",
    "message_to_radiometry",
    "radiometry_to_message",
    "range_message",
    "stamp_key",
    "to_seconds",
    "to_time",
]


def to_time(stamp_s: float) -> Time:
    """Seconds -> Time, to the nanosecond that a float of this size can hold."""
    seconds = math.floor(stamp_s)
    nanoseconds = round((stamp_s - seconds) * 1e9)
    return Time(sec=seconds + nanoseconds // 10**9, nanosec=nanoseconds % 10**9)


def stamp_key(header: Any) -> Stamp:
    """A header's stamp as something exact to match by."""
    return header.stamp.sec, header.stamp.nanosec


def make_header(stamp_s: float, frame_id: str) -> Header:
    return Header(stamp=to_time(stamp_s), frame_id=frame_id)


def radiometry_to_message(
    radiometry: Radiometry,
    header: Header,
    zero_is_invalid: bool = False,
    shutter_closed: bool = False,
) -> RadiometryMessage:
    """While the shutter is closed no scale is told: nothing of the scene can be read then."""
    scale, applied, scene = radiometry.scale, radiometry.applied, radiometry.scene
    planck = radiometry.planck
    if shutter_closed:
        scale = None
    return RadiometryMessage(
        header=header,
        has_scale=scale is not None,
        gain=scale.gain_c_per_count if scale else math.nan,
        offset=scale.offset_c if scale else math.nan,
        saturation_count=radiometry.saturation_count,
        zero_is_invalid=zero_is_invalid,
        shutter_closed=shutter_closed,
        applied_emissivity=applied.emissivity,
        applied_reflected_c=applied.reflected_c,
        applied_air_c=applied.air_c,
        applied_relative_humidity=applied.relative_humidity,
        applied_distance=applied.distance_m,
        emissivity=scene.emissivity,
        reflected_c=scene.reflected_c,
        air_c=scene.air_c,
        relative_humidity=scene.relative_humidity,
        distance=scene.distance_m,
        planck_r1=planck.r1,
        planck_r2=planck.r2,
        planck_b=planck.b_k,
        planck_f=planck.f,
        planck_o=planck.o,
        hfov=radiometry.hfov_rad,
        accuracy_c=radiometry.accuracy_c,
        camera=radiometry.camera,
    )


def range_message(
    range_m: float, limits_m: tuple[float, float], field_of_view_rad: float, header: Header
) -> Range:
    """REP-117: -inf too close, +inf nothing in reach, NaN not measured."""
    return Range(
        header=header,
        radiation_type=Range.INFRARED,
        field_of_view=field_of_view_rad,
        min_range=limits_m[0],
        max_range=limits_m[1],
        range=range_m,
    )


def camera_info(size_px: tuple[int, int], hfov_rad: float, header: Header) -> CameraInfo:
    """A pinhole of that field of view; all zero (uncalibrated) when it is unknown."""
    width, height = size_px
    message = CameraInfo(header=header, width=width, height=height)
    if math.isfinite(hfov_rad) and 0 < hfov_rad < math.pi:
        f = width / 2 / math.tan(hfov_rad / 2)
        cx, cy = width / 2, height / 2
        message.distortion_model = "plumb_bob"
        message.d = [0.0] * 5
        message.k = [f, 0.0, cx, 0.0, f, cy, 0.0, 0.0, 1.0]
        message.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
        message.p = [f, 0.0, cx, 0.0, 0.0, f, cy, 0.0, 0.0, 0.0, 1.0, 0.0]
    return message


def calibrated_camera_info(calibration: CameraCalibration, header: Header) -> CameraInfo:
    """What a calibration file says, for a frame of its size."""
    return CameraInfo(
        header=header,
        width=calibration.width_px,
        height=calibration.height_px,
        distortion_model=calibration.distortion_model,
        d=calibration.d,
        k=calibration.k,
        r=calibration.r,
        p=calibration.p,
    )
