"""The node of the temperature correction: what each detected piece of equipment reads in °C."""

from __future__ import annotations

import copy
import math
import time
from collections import deque
from typing import Any

import numpy as np
from sensor_msgs.msg import Image, Range
from std_msgs.msg import Header
from thermoscout.msg import EquipmentReadings
from thermoscout.msg import Radiometry as RadiometryMessage
from vision_msgs.msg import Detection2DArray

from thermoscout_core.diagnosis.hot_regions import HotRegion
from thermoscout_core.diagnosis.survey import Survey, search
from thermoscout_core.errors import FrameError
from thermoscout_core.frames import ObjectParameters, ThermalFrame
from thermoscout_core.thermometry.bp_network import BpNetwork
from thermoscout_core.thermometry.dead_pixels import read_dead_pixels
from thermoscout_core.thermometry.ranging import NEVER_MEASURED, RangeBuffer, RangeFix
from thermoscout_core.thermometry.regions import HotSpotRule
from thermoscout_core.thermometry.thermometer import Thermometer
from thermoscout_nodes.ambient import AmbientAir
from thermoscout_nodes.device_messages import (
    message_to_frame,
    message_to_radiometry,
    stamp_key,
    to_seconds,
)
from thermoscout_nodes.identity import correction_status
from thermoscout_nodes.images import array_to_image, image_to_counts
from thermoscout_nodes.lifecycle import ManagedNode
from thermoscout_nodes.look_ahead import LookAhead
from thermoscout_nodes.matching import Stamp, StampMatcher
from thermoscout_nodes.messages import message_to_detections, readings_to_message
from thermoscout_nodes.parameter_tables.flow import TEMPERATURE_CORRECTION
from thermoscout_nodes.parameter_tables.shared import NOT_STATED_C
from thermoscout_nodes.process import run
from thermoscout_nodes.qos import LATCHED, SENSOR_PUBLISH, SENSOR_SUBSCRIBE, STANDARD
from thermoscout_nodes.trusted_files import verified

RADIOMETRIES_KEPT = 16

Looked = tuple[ThermalFrame, list[HotRegion] | None]
"""A frame and its hot regions, where it is searched."""


class TemperatureCorrection(ManagedNode):
    """Reads and corrects each detection's temperature, and that of hot regions where nothing was
    detected; says so where it can't."""

    def __init__(self, **options: Any) -> None:
        super().__init__("temperature_correction", TEMPERATURE_CORRECTION, **options)
        self._matcher: StampMatcher[Image, Detection2DArray] = StampMatcher(self._on_pair)
        self._radiometries: deque[RadiometryMessage] = deque(maxlen=RADIOMETRIES_KEPT)
        self._ambient = AmbientAir()
        self._ahead: LookAhead[Image, RadiometryMessage | None, Looked] | None = None

    def configure(self) -> None:
        p = self.parameters
        network = BpNetwork.load(verified(p["network"])) if p["use_network"] else None
        dead = read_dead_pixels(p["dead_pixels"]) if p["dead_pixels"] else None
        self._thermometer = Thermometer(
            network,
            dead_pixels=dead,
            hot_spot=HotSpotRule(p["hot_spot_min_pixels"], p["hot_spot_percentile"]),
            instrument_c=p["instrument_uncertainty"] or math.nan,
        )
        self._survey = Survey(self._thermometer) if p["find_hot_regions"] else None
        self._ranges = RangeBuffer(p["range_max_age"])
        self.diagnostics.hardware_id = p["network"] or "shipped network"
        identity = correction_status(network, p["network"])
        self.diagnostics.add_task("correction", lambda: identity)
        self._readings = self.advertise(EquipmentReadings, "readings", STANDARD)
        self._temperatures = self.advertise(Image, "thermal/temperature", SENSOR_PUBLISH)
        self.subscribe(RadiometryMessage, "thermal/radiometry", self._on_radiometry, LATCHED, True)
        self.subscribe(Image, "thermal/image_raw", self._on_image, SENSOR_SUBSCRIBE, vital=True)
        self.subscribe(Range, "range", self._on_range, SENSOR_SUBSCRIBE)
        self._detections_topic = self.resolve_topic_name("detections")
        self._range_topic = self.resolve_topic_name("range")
        self.subscribe(Detection2DArray, "detections", self._on_detections, STANDARD, vital=True)
        self._ambient.subscribe(self)

    def activate(self) -> None:
        if self._survey is not None:
            self._ahead = LookAhead("hot regions", _look, self._wait_for_the_network)

    def deactivate(self) -> None:
        self._matcher.clear()
        if self._ahead is not None:
            self._ahead.close()
            self._ahead = None

    def release(self) -> None:
        self.deactivate()
        self._radiometries.clear()
        self._ambient.clear()

    def clock_set_back(self) -> None:
        """Distances and air of a time that is yet to come aren't used; what the camera said last
        holds until it says otherwise."""
        self._ranges.clear()
        self._matcher.clear()
        self._ambient.clear()
        if self._ahead is not None:
            self._ahead.clear()
        if self._radiometries:
            latest = copy.copy(self._radiometries[-1])
            latest.header = Header(frame_id=latest.header.frame_id)
            self._radiometries.clear()
            self._radiometries.append(latest)

    def _on_radiometry(self, message: RadiometryMessage) -> None:
        try:
            message_to_radiometry(message)
        except FrameError as error:
            self.diagnostics.bad_frame(f"radiometry: {error}; frames since then have no scale")
            message = copy.copy(message)
            message.has_scale = False
        self._radiometries.append(message)

    def _on_range(self, message: Range) -> None:
        self._ranges.add(to_seconds(message.header.stamp), message.range)
        self.diagnostics.count("ranges")

    def _on_image(self, message: Image) -> None:
        self.diagnostics.count("frames")
        try:
            image_to_counts(message)
        except FrameError as error:
            self.diagnostics.bad_frame(str(error))
            return
        stamp, radiometry = stamp_key(message.header), self._radiometry_at(message.header.stamp)
        if self._ahead is not None and radiometry is not None and radiometry.has_scale:
            self._ahead.offer(stamp, message, radiometry)
        self._matcher.add_first(stamp, message)

    def _on_detections(self, message: Detection2DArray) -> None:
        lost_before = self._matcher.unmatched
        self._matcher.add_second(stamp_key(message.header), message)
        self.diagnostics.count("detections_without_frame", self._matcher.unmatched - lost_before)

    def _on_pair(self, image: Image, message: Detection2DArray) -> None:
        try:
            self._answer(image, message)
        finally:
            if self._ahead is not None:
                self._ahead.go_on()

    def _answer(self, image: Image, message: Detection2DArray) -> None:
        begun_s = time.perf_counter()
        try:
            detections = message_to_detections(message)
        except FrameError as error:
            self.diagnostics.bad_frame(f"detections: {error}")
            return
        frame, regions = self._looked(image)
        fix = self._fix_at(frame.stamp_s)
        air = self._stated(frame.stamp_s)
        if self._survey is None:
            readings = self._thermometer.read(frame, detections, fix, air)
        else:
            readings = self._survey.account_for(regions, frame, detections, fix, air)
        size_px = frame.width_px, frame.height_px
        outgoing = readings_to_message(readings, image.header, size_px)
        report = self.diagnostics
        report.count("processed")
        report.latency("total", time.perf_counter() - begun_s)
        report.age("published", image.header.stamp)
        for reading in readings:
            for flag in reading.flags:
                report.count(f"flag_{flag.value}")
        self._readings.publish(outgoing)
        if self._temperatures.get_subscription_count():
            self._publish_temperatures(frame, fix, air, image.header)

    def _wait_for_the_network(self, stamp: Stamp) -> None:
        """The search takes time from the preprocessing of the same frame in this process, and less
        from the network."""
        if self.handover.sayers(self._detections_topic):
            self.handover.progress.wait_for(stamp)

    def _looked(self, image: Image) -> Looked:
        """By the radiometry that is known now: it may have come after the image."""
        radiometry = self._radiometry_at(image.header.stamp)
        if self._ahead is None:
            return message_to_frame(image, radiometry), None
        return self._ahead.take(stamp_key(image.header), image, radiometry)

    def _publish_temperatures(
        self, frame: ThermalFrame, fix: RangeFix | None, air: ObjectParameters, header: Any
    ) -> None:
        """°C corrected, NaN where nothing is measured: all of it without a temperature scale."""
        if frame.radiometry.scale is None:
            celsius = np.full(frame.counts.shape, np.nan, np.float32)
        else:
            celsius = self._thermometer.celsius(frame, fix, air)
        self._temperatures.publish(array_to_image(celsius, "32FC1", header))

    def _fix_at(self, stamp_s: float) -> RangeFix | None:
        """None on a robot without a rangefinder; one that is silent from the start is no such."""
        fix = self._ranges.at(stamp_s)
        if fix is None and self.count_publishers(self._range_topic):
            return NEVER_MEASURED
        return fix

    def _radiometry_at(self, stamp: Any) -> RadiometryMessage | None:
        """The newest that holds at stamp: none from after the frame."""
        asked = stamp.sec, stamp.nanosec
        for message in reversed(self._radiometries):
            if stamp_key(message.header) <= asked:
                return message
        return None

    def _stated(self, stamp_s: float) -> ObjectParameters:
        """What goes before the camera's settings at stamp_s: fresh topics, then the parameters;
        NaN where neither says anything."""
        p = self.parameters
        stated = ObjectParameters(
            emissivity=p["emissivity"] or math.nan,
            reflected_c=_temperature_c(p["reflected_temperature"]),
            air_c=_temperature_c(p["air_temperature"]),
            relative_humidity=p["relative_humidity"] if p["relative_humidity"] >= 0 else math.nan,
        )
        return self._ambient.at(stamp_s, p["ambient_max_age"]).or_else(stated)


def _look(image: Image, radiometry: RadiometryMessage | None) -> Looked:
    frame = message_to_frame(image, radiometry)
    return frame, search(frame)


def _temperature_c(parameter: float) -> float:
    return parameter if parameter > NOT_STATED_C else math.nan


def main(args: list[str] | None = None) -> None:
    run(lambda: [TemperatureCorrection()], args)


if __name__ == "__main__":
    main()
