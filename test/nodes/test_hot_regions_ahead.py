"""The correction node searches a frame for hot regions while its detections are awaited."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from sensor_msgs.msg import Image
from thermoscout.msg import EquipmentReadings, Radiometry
from vision_msgs.msg import Detection2DArray

from thermoscout_core.detections import Box, Detection
from thermoscout_core.diagnosis.survey import Survey
from thermoscout_core.frames import LinearScale, ThermalFrame
from thermoscout_core.frames import Radiometry as CoreRadiometry
from thermoscout_core.thermometry.bp_network import BpNetwork
from thermoscout_core.thermometry.thermometer import Thermometer
from thermoscout_nodes import temperature_correction
from thermoscout_nodes.device_messages import make_header, radiometry_to_message, stamp_key
from thermoscout_nodes.images import array_to_image
from thermoscout_nodes.messages import detections_to_message, reading_to_message
from thermoscout_nodes.qos import LATCHED, SENSOR_PUBLISH, STANDARD
from thermoscout_nodes.temperature_correction import TemperatureCorrection

COARSE, FINE = (CoreRadiometry(LinearScale(gain, -40.0)) for gain in (0.04, 0.01))
FOUND = (Detection("connector", 0.9, Box(20.0, 20.0, 60.0, 60.0)),)


def scene_counts() -> np.ndarray:
    rng = np.random.default_rng(3)
    counts = rng.normal(1500, 5, (96, 128))
    counts[35:45, 35:45] += 1000
    counts[70:76, 90:96] += 2000
    return cv2.GaussianBlur(counts, (5, 5), 1.0).astype(np.uint16)


class Bench:
    """A correction node that gets images and detections one at a time."""

    def __init__(self, graph: Any, **parameters: Any) -> None:
        self.graph, peer = graph, graph.peer
        self.node = graph.make(TemperatureCorrection, parameters)
        self.images = peer.create_publisher(Image, "thermal/image_raw", SENSOR_PUBLISH)
        self.radiometry = peer.create_publisher(Radiometry, "thermal/radiometry", LATCHED)
        self.detections = peer.create_publisher(Detection2DArray, "detections", STANDARD)
        self.readings = graph.listen(EquipmentReadings, "readings", STANDARD)
        publishers = (self.images, self.radiometry, self.detections)
        graph.spin_until(
            lambda: self.node.is_active and all(p.get_subscription_count() for p in publishers)
        )
        graph.spin_until(lambda: self.node._readings.get_subscription_count())

    def tell(self, radiometry: CoreRadiometry, since_s: float = 0.0) -> None:
        count = len(self.node._radiometries)
        self.radiometry.publish(radiometry_to_message(radiometry, make_header(since_s, "c")))
        self.graph.spin_until(lambda: len(self.node._radiometries) > count)

    def show(self, stamp_s: float) -> None:
        count = self.node.diagnostics.total("frames")
        header = make_header(stamp_s, "camera")
        self.images.publish(array_to_image(scene_counts(), "mono16", header))
        self.graph.spin_until(lambda: self.node.diagnostics.total("frames") > count)

    def answer(self, stamp_s: float) -> Any:
        header = make_header(stamp_s, "camera")
        self.detections.publish(detections_to_message(FOUND, header))
        return self.graph.spin_until(
            lambda: next(
                (m for m in self.readings if stamp_key(m.header) == stamp_key(header)), None
            )
        )


@pytest.fixture
def bench(graph: Any) -> Bench:
    return Bench(graph)


def expected(radiometry: CoreRadiometry) -> list[Any]:
    """What the command line says of the same frame."""
    frame = ThermalFrame(scene_counts(), radiometry)
    survey = Survey(Thermometer(BpNetwork.load()))
    return [reading_to_message(reading) for reading in survey.read(frame, FOUND, None)]


def test_the_search_has_begun_before_the_detections_come_and_changes_no_reading(
    bench: Bench,
) -> None:
    bench.tell(COARSE)
    bench.show(100.0)
    assert bench.node._ahead._ahead.result.result(10.0)[1]
    assert repr(bench.answer(100.0).readings) == repr(expected(COARSE))


def test_a_scale_that_comes_after_the_image_holds_for_it_none_the_less(bench: Bench) -> None:
    bench.tell(COARSE)
    bench.show(100.0)
    bench.tell(FINE, since_s=99.0)
    assert repr(bench.answer(100.0).readings) == repr(expected(FINE))


def test_a_camera_without_a_scale_is_not_searched(bench: Bench) -> None:
    bench.tell(CoreRadiometry(None))
    bench.show(100.0)
    assert bench.node._ahead._ahead is None
    assert list(bench.answer(100.0).readings[0].flags) == ["no_radiometry"]


def test_a_search_that_fails_is_told_with_its_traceback_and_the_next_frame_goes_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = bench.graph.logs()
    bench.tell(COARSE)
    with monkeypatch.context() as patch:
        patch.setattr(temperature_correction, "search", lambda frame: frame.no_such_thing)
        bench.show(100.0)
        bench.detections.publish(detections_to_message(FOUND, make_header(100.0, "camera")))
        bench.graph.spin_until(lambda: bench.node.diagnostics.total("callback_errors"))
    bench.graph.spin_until(lambda: any("Traceback" in line.msg for line in logs))
    assert any("no_such_thing" in line.msg and "in _look" in line.msg for line in logs)
    bench.show(101.0)
    assert len(bench.answer(101.0).readings) == len(expected(COARSE))


def test_without_the_search_nothing_is_looked_at_ahead(graph: Any) -> None:
    bench = Bench(graph, find_hot_regions=False)
    bench.tell(COARSE)
    bench.show(100.0)
    assert bench.node._ahead is None
    assert len(bench.answer(100.0).readings) == 1
