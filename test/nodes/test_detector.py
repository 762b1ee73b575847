"""The detector node: the latest frame, the source's header, empty results, bad frames counted."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image
from vision_msgs.msg import Detection2DArray, LabelInfo

from thermoscout_core.simulation.patrol import Patrol
from thermoscout_nodes.detector import DetectorNode
from thermoscout_nodes.device_messages import make_header, stamp_key
from thermoscout_nodes.images import array_to_image
from thermoscout_nodes.qos import LATCHED, SENSOR_PUBLISH, STANDARD


def blank(second: int) -> Image:
    counts = np.full((96, 128), 3000, np.uint16)
    return array_to_image(counts, "mono16", make_header(float(second), "camera"))


class Bench:
    """A detector node, what goes into it, and what comes out."""

    def __init__(self, graph: Any, **parameters: Any) -> None:
        self.graph = graph
        self.node = graph.make(DetectorNode, {"threads": 1, **parameters})
        self.images = graph.peer.create_publisher(Image, "thermal/image_raw", SENSOR_PUBLISH)
        self.found = graph.listen(Detection2DArray, "detections", STANDARD)
        graph.spin_until(lambda: self.node.is_active and self.images.get_subscription_count())
        graph.spin_until(lambda: self.node._detections.get_subscription_count())

    def show(self, image: Image) -> Detection2DArray:
        """Send an image and return the detections that come for it."""
        self.images.publish(image)
        stamp = stamp_key(image.header)
        return self.graph.spin_until(
            lambda: next((m for m in self.found if stamp_key(m.header) == stamp), None)
        )


def test_nothing_found_is_published_too_with_the_header_of_the_source(graph: Any) -> None:
    bench = Bench(graph, score_threshold=1.0)
    image = blank(7)
    message = bench.show(image)
    assert message.header == image.header
    assert list(message.detections) == []


def test_equipment_is_found_on_the_simulated_patrol(graph: Any) -> None:
    bench = Bench(graph)
    patrol = Patrol(7, 384, 288)
    found = 0
    for waypoint in range(3):
        frame = patrol.frame_at((waypoint + 0.5) * patrol.hold_s).frame
        header = make_header(frame.stamp_s, "camera")
        message = bench.show(array_to_image(frame.counts, "mono16", header))
        assert {item.header.stamp.nanosec for item in message.detections} <= {header.stamp.nanosec}
        found += len(message.detections)
    assert found > 0


@pytest.mark.parametrize(
    "changes",
    [{"encoding": "bgr8"}, {"height": 97}, {"step": 100}, {"encoding": "nonsense"}],
)
def test_a_bad_image_is_counted_and_the_next_one_is_done(
    graph: Any, changes: dict[str, Any]
) -> None:
    bench = Bench(graph)
    bad = blank(1)
    for name, value in changes.items():
        setattr(bad, name, value)
    bench.images.publish(bad)
    graph.spin_until(lambda: bench.node.diagnostics.total("bad_frames") == 1)
    assert bench.show(blank(2)).header.stamp.sec == 2


def test_another_size_needs_no_restart(graph: Any) -> None:
    bench = Bench(graph)
    bench.show(blank(1))
    larger = array_to_image(np.full((240, 320), 9, np.uint16), "mono16", make_header(2.0, "c"))
    assert bench.show(larger).header.stamp.sec == 2


def test_under_load_the_latest_frame_wins_and_the_others_are_counted(graph: Any) -> None:
    bench = Bench(graph)
    holds, goes_on = threading.Event(), threading.Event()
    detector = bench.node._detector
    detect = detector.detect

    def slow(counts: Any, *told: Any) -> Any:
        holds.set()
        goes_on.wait(10.0)
        return detect(counts, *told)

    detector.detect = slow
    bench.images.publish(blank(1))
    graph.spin_until(holds.is_set)
    for second in (2, 3, 4):
        bench.images.publish(blank(second))
        graph.spin_until(lambda s=second: bench.node.diagnostics.total("frames") == s)
    goes_on.set()
    graph.spin_until(lambda: len(bench.found) == 2)
    assert [m.header.stamp.sec for m in bench.found] == [1, 4]
    assert bench.node.diagnostics.total("dropped") == 2


def test_labels_wait_for_whoever_joins_later(graph: Any) -> None:
    bench = Bench(graph)
    labels = graph.listen(LabelInfo, "label_info", LATCHED)
    graph.spin_until(lambda: labels)
    names = tuple(item.class_name for item in labels[0].class_map)
    assert names == bench.node._detector.classes


def test_a_new_threshold_holds_from_the_next_frame(graph: Any) -> None:
    bench = Bench(graph)
    labels = graph.listen(LabelInfo, "label_info", LATCHED)
    outcome = bench.node.set_parameters([Parameter("score_threshold", value=0.9)])[0]
    assert outcome.successful
    graph.spin_until(lambda: labels and labels[-1].threshold == pytest.approx(0.9))
    assert bench.node._detector.score_threshold == 0.9


def test_a_frame_is_looked_at_as_often_as_asked_for(graph: Any) -> None:
    bench = Bench(graph, looks=2)
    assert bench.node.diagnostics.hardware_id.endswith("+2looks")
    bench.show(blank(7))
    assert Bench(graph, looks=0).node.diagnostics.hardware_id.endswith("+12looks")


def test_a_missing_model_is_named_in_diagnostics(graph: Any) -> None:
    reports = graph.listen(DiagnosticArray, "/diagnostics", STANDARD)
    node = graph.make(DetectorNode, {"model": "no/such/model.onnx"})

    def told() -> list[str]:
        return [s.message for m in reports for s in m.status if "no/such/model" in s.message]

    assert "configure" in graph.spin_until(told)[0]
    assert not node.is_active


def test_latencies_are_reported_stage_by_stage(graph: Any) -> None:
    bench = Bench(graph)
    bench.show(blank(1))
    stages = bench.node.diagnostics.latencies_s
    assert {"waiting", "preprocess", "network", "postprocess", "total"} <= stages.keys()
    assert min(stages["network"]) > 0


def test_a_fallback_runtime_is_a_warning_in_diagnostics_and_the_frames_go_on(graph: Any) -> None:
    reports = graph.listen(DiagnosticArray, "/diagnostics", STANDARD)
    bench = Bench(graph, runtime="onnxruntime-cuda", fallback_runtimes="onnxruntime")
    assert bench.show(blank(1)) is not None
    status = graph.spin_until(
        lambda: next(
            (s for m in reports for s in m.status if s.name.endswith("detector: runtime")), None
        )
    )
    assert status.level == DiagnosticStatus.WARN
    assert "fallback onnxruntime" in status.message and "no CUDA here" in status.message
