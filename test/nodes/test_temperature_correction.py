"""The correction node: by exact stamp, with the distance of that moment, or saying why not."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from sensor_msgs.msg import Image, Range, RelativeHumidity, Temperature
from thermoscout.msg import EquipmentReadings, Radiometry
from vision_msgs.msg import Detection2DArray

from thermoscout_core.detections import Box, Detection
from thermoscout_core.frames import LinearScale, ObjectParameters
from thermoscout_core.frames import Radiometry as CoreRadiometry
from thermoscout_nodes.device_messages import (
    make_header,
    radiometry_to_message,
    range_message,
    stamp_key,
)
from thermoscout_nodes.images import array_to_image, image_to_array
from thermoscout_nodes.messages import detections_to_message
from thermoscout_nodes.qos import LATCHED, SENSOR_PUBLISH, SENSOR_SUBSCRIBE, STANDARD
from thermoscout_nodes.temperature_correction import TemperatureCorrection

SCENE = ObjectParameters(emissivity=0.9, reflected_c=15.0, air_c=20.0, relative_humidity=0.5)
KNOWN = CoreRadiometry(LinearScale(0.04, -40.0), scene=SCENE)
BOX = Detection("connector", 0.9, Box(20.0, 20.0, 60.0, 60.0))
HOT_C, COLD_C = 70.0, 20.0


def scene_counts() -> np.ndarray:
    counts = np.full((96, 128), round((COLD_C + 40.0) / 0.04), np.uint16)
    counts[35:45, 35:45] = round((HOT_C + 40.0) / 0.04)
    return counts


class Bench:
    """A correction node with everything that it hears in our hands."""

    def __init__(self, graph: Any, **parameters: Any) -> None:
        self.graph = graph
        self.node = graph.make(TemperatureCorrection, parameters)
        peer = graph.peer
        self.images = peer.create_publisher(Image, "thermal/image_raw", SENSOR_PUBLISH)
        self.radiometry = peer.create_publisher(Radiometry, "thermal/radiometry", LATCHED)
        self.detections = peer.create_publisher(Detection2DArray, "detections", STANDARD)
        self.ranges = peer.create_publisher(Range, "range", SENSOR_PUBLISH)
        self.air = peer.create_publisher(Temperature, "ambient/temperature", STANDARD)
        self.humidity = peer.create_publisher(RelativeHumidity, "ambient/humidity", STANDARD)
        self.readings = graph.listen(EquipmentReadings, "readings", STANDARD)
        publishers = (self.images, self.radiometry, self.detections, self.ranges, self.air)
        graph.spin_until(
            lambda: self.node.is_active and all(p.get_subscription_count() for p in publishers)
        )
        graph.spin_until(lambda: self.node._readings.get_subscription_count())

    def tell(self, radiometry: CoreRadiometry = KNOWN, since_s: float = 0.0) -> None:
        count = len(self.node._radiometries)
        self.radiometry.publish(radiometry_to_message(radiometry, make_header(since_s, "c")))
        self.graph.spin_until(lambda: len(self.node._radiometries) > count)

    def range(self, stamp_s: float, range_m: float) -> None:
        count = self.node.diagnostics.total("ranges")
        self.ranges.publish(range_message(range_m, (0.1, 50.0), 0.01, make_header(stamp_s, "l")))
        self.graph.spin_until(lambda: self.node.diagnostics.total("ranges") > count)

    def show(self, stamp_s: float = 100.0, found: tuple[Detection, ...] = (BOX,)) -> Any:
        """Send a frame and its detections; return the readings that come for it."""
        header = make_header(stamp_s, "camera")
        self.images.publish(array_to_image(scene_counts(), "mono16", header))
        self.detections.publish(detections_to_message(found, header))
        return self.graph.spin_until(
            lambda: next(
                (m for m in self.readings if stamp_key(m.header) == stamp_key(header)), None
            )
        )


@pytest.fixture
def bench(graph: Any) -> Bench:
    return Bench(graph)


def test_a_reading_is_corrected_with_the_distance_of_that_moment(bench: Bench) -> None:
    bench.tell()
    bench.range(99.9, 4.0)
    bench.range(100.1, 6.0)
    reading = bench.show(100.0).readings[0]
    assert list(reading.flags) == []
    assert reading.distance == pytest.approx(5.0)
    assert reading.measured_c == pytest.approx(HOT_C, abs=0.1)
    assert reading.corrected_c > reading.measured_c + 1.0
    assert reading.correction == "network"


def test_readings_carry_the_header_and_the_size_of_the_source(bench: Bench) -> None:
    bench.tell()
    message = bench.show(123.25)
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (123, 250_000_000)
    assert message.header.frame_id == "camera"
    assert (message.width, message.height) == (128, 96)


def test_no_detections_give_no_readings_but_a_message(bench: Bench) -> None:
    bench.tell()
    assert list(bench.show(found=()).readings) == []


def test_without_a_range_nothing_is_corrected_and_the_reading_says_so(bench: Bench) -> None:
    bench.graph.peer.destroy_publisher(bench.ranges)
    bench.graph.spin_until(lambda: not bench.node.count_publishers("range"))
    bench.tell()
    reading = bench.show().readings[0]
    assert list(reading.flags) == ["no_range"]
    assert reading.correction == "none"
    assert math.isnan(reading.distance)


def test_a_rangefinder_that_is_silent_from_the_start_is_no_robot_without_one(bench: Bench) -> None:
    stated = replace(KNOWN, scene=replace(SCENE, distance_m=1.0))
    bench.tell(stated)
    reading = bench.show().readings[0]
    assert list(reading.flags) == ["no_range", "stale_range"]
    assert reading.correction == "none"


@pytest.mark.parametrize("range_m", [math.inf, -math.inf, math.nan])
def test_a_range_without_an_echo_is_no_distance(bench: Bench, range_m: float) -> None:
    bench.tell()
    bench.range(100.0, range_m)
    assert "no_range" in bench.show(100.0).readings[0].flags


def test_an_old_range_is_stale_and_not_used(bench: Bench) -> None:
    bench.tell()
    bench.range(90.0, 5.0)
    reading = bench.show(100.0).readings[0]
    assert "stale_range" in reading.flags
    assert reading.correction == "none"


def test_without_radiometry_there_is_no_temperature(bench: Bench) -> None:
    bench.range(100.0, 5.0)
    reading = bench.show(100.0).readings[0]
    assert list(reading.flags) == ["no_radiometry"]
    assert math.isnan(reading.measured_c)
    assert math.isnan(reading.corrected_c)


def test_radiometry_from_after_the_frame_does_not_hold_for_it(bench: Bench) -> None:
    bench.tell(since_s=200.0)
    assert "no_radiometry" in bench.show(100.0).readings[0].flags
    assert "no_radiometry" not in bench.show(201.0).readings[0].flags


def test_radiometry_of_nonsense_is_counted_and_gives_no_temperature(bench: Bench) -> None:
    message = radiometry_to_message(KNOWN, make_header(0.0, "c"))
    message.gain = math.nan
    bench.radiometry.publish(message)
    bench.graph.spin_until(lambda: bench.node.diagnostics.total("bad_frames") == 1)
    assert "no_radiometry" in bench.show().readings[0].flags


def test_the_air_of_the_site_comes_before_the_camera_s(bench: Bench) -> None:
    bench.tell()
    bench.range(100.0, 20.0)
    before_c = bench.show(100.0).readings[0].corrected_c
    header = make_header(100.0, "mast")
    bench.air.publish(Temperature(header=header, temperature=40.0))
    bench.humidity.publish(RelativeHumidity(header=header, relative_humidity=0.9))
    bench.graph.spin_until(
        lambda: bench.node._ambient.temperature and bench.node._ambient.humidity
    )
    bench.range(101.0, 20.0)
    assert bench.show(101.0).readings[0].corrected_c != pytest.approx(before_c, abs=0.05)


def test_parameters_of_the_site_come_before_the_camera_s_and_after_the_topics(graph: Any) -> None:
    bench = Bench(graph, emissivity=0.7, air_temperature=5.0)
    bench.tell()
    bench.range(100.0, 20.0)
    reading = bench.show(100.0).readings[0]
    assert reading.emissivity == pytest.approx(0.7)
    bench.air.publish(Temperature(header=make_header(101.0, "mast"), temperature=40.0))
    bench.graph.spin_until(lambda: bench.node._ambient.temperature)
    bench.range(101.0, 20.0)
    warmer = bench.show(101.0).readings[0]
    assert warmer.corrected_c != pytest.approx(reading.corrected_c, abs=0.05)


def test_ambient_from_the_topics_is_forgotten_when_it_is_old(graph: Any) -> None:
    bench = Bench(graph, ambient_max_age=10.0)
    bench.tell()
    bench.range(100.0, 20.0)
    before_c = bench.show(100.0).readings[0].corrected_c
    bench.air.publish(Temperature(header=make_header(85.0, "mast"), temperature=40.0))
    bench.graph.spin_until(lambda: bench.node._ambient.temperature)
    bench.range(101.0, 20.0)
    assert bench.show(101.0).readings[0].corrected_c == pytest.approx(before_c)


def test_a_stated_instrument_gives_readings_an_uncertainty(graph: Any) -> None:
    bench = Bench(graph, instrument_uncertainty=0.5)
    bench.tell()
    bench.range(100.0, 20.0)
    reading = bench.show(100.0).readings[0]
    assert 0.5 < reading.uncertainty_c < 3.0
    assert reading.small_target_c == 0.0


def test_dead_pixels_of_the_map_are_passed_over(graph: Any, tmp_path: Path) -> None:
    dead = np.zeros((96, 128), np.uint8)
    dead[35:45, 35:45] = 255
    cv2.imwrite(str(tmp_path / "dead.png"), dead)
    bench = Bench(graph, dead_pixels=str(tmp_path / "dead.png"))
    bench.tell()
    bench.range(100.0, 5.0)
    assert bench.show(100.0).readings[0].measured_c == pytest.approx(COLD_C, abs=0.1)


def test_a_bad_image_is_counted_and_the_next_frame_is_done(bench: Bench) -> None:
    bench.tell()
    bad = array_to_image(scene_counts(), "mono16", make_header(50.0, "camera"))
    bad.encoding = "rgb8"
    bench.images.publish(bad)
    bench.graph.spin_until(lambda: bench.node.diagnostics.total("bad_frames") == 1)
    assert len(bench.show().readings) == 1


def test_a_detection_without_a_box_is_counted_and_the_next_frame_is_done(bench: Bench) -> None:
    bench.tell()
    header = make_header(50.0, "camera")
    message = detections_to_message([BOX], header)
    message.detections[0].bbox.size_x = math.nan
    bench.images.publish(array_to_image(scene_counts(), "mono16", header))
    bench.detections.publish(message)
    bench.graph.spin_until(lambda: bench.node.diagnostics.total("bad_frames") == 1)
    assert len(bench.show().readings) == 1


def test_the_temperature_image_is_made_while_somebody_looks(bench: Bench) -> None:
    bench.tell()
    bench.range(100.0, 5.0)
    pictures = bench.graph.listen(Image, "thermal/temperature", SENSOR_SUBSCRIBE)
    bench.graph.spin_until(lambda: bench.node._temperatures.get_subscription_count())
    reading = bench.show(100.0).readings[0]
    picture = bench.graph.spin_until(lambda: pictures)[0]
    assert picture.encoding == "32FC1"
    celsius = image_to_array(picture)
    assert celsius[reading.hot_spot_y, reading.hot_spot_x] == pytest.approx(
        reading.corrected_c, abs=0.2
    )
