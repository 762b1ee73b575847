"""From a folder of thermograms, or any camera that paces itself, to a bag of raw inputs."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rclpy.qos import QoSProfile
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image, Range
from thermoscout.msg import ThermalVerdicts, Waypoint

from thermoscout_core.cameras.base import EndOfStream
from thermoscout_core.cameras.registry import open_camera
from thermoscout_core.errors import ThermogramError
from thermoscout_core.frames import ThermalFrame
from thermoscout_core.rangefinders.registry import open_rangefinder
from thermoscout_nodes.bag_frames import IMAGES, RADIOMETRY, TRUTH
from thermoscout_nodes.bag_qos import recorded_qos
from thermoscout_nodes.bag_writer import BagWriter
from thermoscout_nodes.device_messages import (
    make_header,
    radiometry_to_message,
    range_message,
    to_time,
)
from thermoscout_nodes.images import array_to_image
from thermoscout_nodes.messages import verdicts_to_message
from thermoscout_nodes.qos import LATCHED, SENSOR_PUBLISH, STANDARD
from thermoscout_nodes.truth import has_truth, truth_verdicts

START_S = 1767225600.0
"""2026-01-01 00:00 UTC: a fixed beginning, so that the same folder gives the same bag."""

QUEUE_BYTES = 2**30
NO_RANGEFINDER = "none"
_TOPICS: dict[str, tuple[str, QoSProfile]] = {
    RADIOMETRY: ("thermoscout/msg/Radiometry", LATCHED),
    IMAGES: ("sensor_msgs/msg/Image", SENSOR_PUBLISH),
    "/range": ("sensor_msgs/msg/Range", SENSOR_PUBLISH),
    "/waypoint": ("thermoscout/msg/Waypoint", LATCHED),
    TRUTH: ("thermoscout/msg/ThermalVerdicts", STANDARD),
}
Timed = tuple[float, int, str, Any]
"""Stamp, a number that settles ties, topic, message."""


class SteppedClock:
    """A clock that runs only while somebody sleeps: years pass in no time."""

    def __init__(self, now_s: float) -> None:
        self._now_s = now_s

    def now_s(self) -> float:
        return self._now_s

    def sleep(self, seconds: float) -> None:
        self._now_s += max(0.0, seconds)


@dataclass
class Span:
    """end_s: what is stamped later doesn't go into the bag; the camera's end is everybody's."""

    end_s: float


@dataclass(frozen=True)
class Converted:
    """frames: written. passed_over: a sentence for each file that couldn't be read."""

    frames: int
    passed_over: tuple[str, ...]


def convert(
    camera_url: str,
    output: Path,
    range_url: str = NO_RANGEFINDER,
    seconds: float = math.inf,
    frame_id: str = "ir_camera_optical_frame",
) -> Converted:
    """Everything that the camera gives, for so many seconds of its time, into a new bag.

    Raises ThermoscoutError for an address that leads nowhere or an output that exists.
    """
    clock = SteppedClock(START_S)
    camera = open_camera(camera_url, clock)
    camera.open()
    writer = BagWriter(output, compress=True, queue_bytes=QUEUE_BYTES)
    try:
        for topic, (type_name, qos) in _TOPICS.items():
            writer.add_topic(topic, type_name, [recorded_qos(qos)])
        frames, span = 0, Span(START_S + seconds)
        messages = heapq.merge(
            _ranges(range_url, span),
            _camera_messages(camera, span, frame_id),
        )
        for stamp_s, _, topic, message in messages:
            writer.put_patiently(topic, round(stamp_s * 1e9), serialize_message(message))
            frames += topic == IMAGES
    finally:
        camera.close()
        writer.close()
    if not frames:
        raise ThermogramError(f"{camera_url} gave no frame; {output} is an empty bag")
    return Converted(frames, tuple(getattr(camera, "errors", ())))


def _camera_messages(camera: Any, span: Span, frame_id: str) -> Iterator[Timed]:
    told = waypoint = ""
    for number, frame in enumerate(_samples(camera, span)):
        header = make_header(frame.stamp_s, frame_id)
        counts, zero_is_invalid = _counts_to_send(frame)
        radiometry = radiometry_to_message(frame.radiometry, header, zero_is_invalid)
        if told != (told := repr((frame.radiometry, zero_is_invalid))):
            yield frame.stamp_s, 4 * number, RADIOMETRY, radiometry
        if has_truth(camera):
            if waypoint != (waypoint := camera.waypoint_of(frame)):
                arrival = Waypoint(stamp=to_time(frame.stamp_s), name=waypoint)
                yield frame.stamp_s, 4 * number + 1, "/waypoint", arrival
            size_px = frame.width_px, frame.height_px
            truth: ThermalVerdicts = verdicts_to_message(
                truth_verdicts(camera, frame), header, size_px
            )
            yield frame.stamp_s, 4 * number + 2, TRUTH, truth
        image: Image = array_to_image(counts, "mono16", header)
        yield frame.stamp_s, 4 * number + 3, IMAGES, image
    span.end_s = 0.0


def _counts_to_send(frame: ThermalFrame) -> tuple[Any, bool]:
    """Invalid pixels go as count 0, and then a true 0 as 1."""
    if frame.invalid is None or not frame.invalid.any():
        return frame.counts, False
    counts = np.maximum(frame.counts, np.uint16(1))
    return np.where(frame.invalid, np.uint16(0), counts), True


def _ranges(url: str, span: Span) -> Iterator[Timed]:
    if url == NO_RANGEFINDER:
        return
    rangefinder = open_rangefinder(url, SteppedClock(START_S))
    rangefinder.open()
    for sample in _samples(rangefinder, span):
        limits_m = sample.min_range_m, sample.max_range_m
        header = make_header(sample.stamp_s, "laser_rangefinder")
        message: Range = range_message(sample.range_m, limits_m, sample.field_of_view_rad, header)
        yield sample.stamp_s, -1, "/range", message
    rangefinder.close()


def _samples(device: Any, span: Span) -> Iterator[Any]:
    while True:
        try:
            sample = device.read(timeout_s=1.0)
        except EndOfStream:
            return
        if sample is None:
            continue
        if sample.stamp_s >= span.end_s:
            return
        yield sample
