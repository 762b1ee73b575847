"""The judge node: a verdict for each reading, none without one; pictures for whoever looks."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import Image, Temperature
from thermoscout.msg import EquipmentReadings, Radiometry, ThermalVerdict, ThermalVerdicts
from visualization_msgs.msg import Marker, MarkerArray

from thermoscout_core.detections import Box, Detection
from thermoscout_core.frames import LinearScale, ObjectParameters
from thermoscout_core.frames import Radiometry as CoreRadiometry
from thermoscout_core.readings import Correction, Reading, ReadingFlag
from thermoscout_nodes.device_messages import make_header, radiometry_to_message, stamp_key
from thermoscout_nodes.fault_judge import FaultJudge
from thermoscout_nodes.images import array_to_image, image_to_array
from thermoscout_nodes.markers import hot_spot_position
from thermoscout_nodes.messages import readings_to_message
from thermoscout_nodes.qos import LATCHED, SENSOR_PUBLISH, SENSOR_SUBSCRIBE, STANDARD

BOX = Detection("connector", 0.9, Box(20.0, 20.0, 60.0, 60.0))


def reading(hot_c: float, **changes: Any) -> Reading:
    values: dict[str, Any] = {
        "measured_c": hot_c,
        "corrected_c": hot_c,
        "uncertainty_c": 1.0,
        "mean_c": 25.0,
        "min_c": 20.0,
        "background_c": 20.0,
        "hot_spot_px": (40, 40),
        "distance_m": 5.0,
        "emissivity": 0.9,
        "correction": Correction.NETWORK,
    }
    return Reading(BOX, **{**values, **changes})


class Bench:
    def __init__(self, graph: Any, **parameters: Any) -> None:
        self.graph = graph
        self.node = graph.make(FaultJudge, parameters)
        self.readings = graph.peer.create_publisher(EquipmentReadings, "readings", STANDARD)
        self.verdicts = graph.listen(ThermalVerdicts, "verdicts", STANDARD)
        graph.spin_until(lambda: self.node.is_active and self.readings.get_subscription_count())
        graph.spin_until(lambda: self.node._verdicts.get_subscription_count())

    def judge(self, *readings: Reading, stamp_s: float = 100.0) -> Any:
        header = make_header(stamp_s, "camera")
        self.readings.publish(readings_to_message(readings, header, (128, 96)))
        return self.graph.spin_until(
            lambda: next(
                (m for m in self.verdicts if stamp_key(m.header) == stamp_key(header)), None
            )
        )


@pytest.fixture
def bench(graph: Any) -> Bench:
    return Bench(graph)


def test_a_hot_connector_is_a_fault_and_a_cold_one_is_not(bench: Bench) -> None:
    hot = bench.judge(reading(150.0), stamp_s=1.0).verdicts[0]
    cold = bench.judge(reading(22.0), stamp_s=2.0).verdicts[0]
    assert hot.severity == ThermalVerdict.CRITICAL
    assert hot.rule
    assert hot.rule_source
    assert cold.severity == ThermalVerdict.NORMAL


def test_what_the_parameters_say_of_wind_load_and_weather_is_judged_and_recorded(
    graph: Any,
) -> None:
    stated = {"wind_speed": 8.0, "load_share": 0.5, "direct_sun": "no", "precipitation": "no"}
    verdict = Bench(graph, **stated).judge(reading(30.0)).verdicts[0]
    said = " ".join(verdict.cautions)
    assert "wind 8 m/s is above 5 m/s" in said
    assert not any(word in said for word in ("load", "sun", "rain"))


def test_verdicts_carry_the_header_and_the_size_of_the_source(bench: Bench) -> None:
    message = bench.judge(reading(30.0), stamp_s=7.5)
    assert (message.header.stamp.sec, message.header.frame_id) == (7, "camera")
    assert (message.width, message.height) == (128, 96)


def test_no_readings_give_no_verdicts_but_a_message(bench: Bench) -> None:
    assert list(bench.judge().verdicts) == []


def test_without_a_temperature_the_verdict_is_unknown_and_says_why(bench: Bench) -> None:
    blind = Reading(BOX, flags=frozenset({ReadingFlag.NO_RADIOMETRY}))
    verdict = bench.judge(blind).verdicts[0]
    assert verdict.severity == ThermalVerdict.UNKNOWN
    assert verdict.reason


def test_readings_of_nonsense_are_counted_and_the_next_ones_judged(bench: Bench) -> None:
    message = readings_to_message([reading(30.0)], make_header(1.0, "camera"), (128, 96))
    message.readings[0].correction = "magic"
    bench.readings.publish(message)
    bench.graph.spin_until(lambda: bench.node.diagnostics.total("bad_frames") == 1)
    assert len(bench.judge(reading(30.0), stamp_s=2.0).verdicts) == 1


def test_the_overlay_is_drawn_on_the_frame_that_was_judged(bench: Bench) -> None:
    graph = bench.graph
    images = graph.peer.create_publisher(Image, "thermal/image_raw", SENSOR_PUBLISH)
    assert not images.get_subscription_count()
    pictures = graph.listen(Image, "overlay", SENSOR_SUBSCRIBE)
    graph.spin_until(images.get_subscription_count)
    counts = np.full((96, 128), 3000, np.uint16)
    images.publish(array_to_image(counts, "mono16", make_header(3.0, "camera")))
    bench.judge(reading(150.0), stamp_s=3.0)
    picture = graph.spin_until(lambda: pictures)[0]
    assert (picture.encoding, picture.header.stamp.sec) == ("bgr8", 3)
    pixels = image_to_array(picture).astype(int)
    assert (pixels[:, :, 2] > pixels[:, :, 1] + 80).any()  # something red: a fault


def test_a_marker_stands_where_the_hot_spot_is(bench: Bench) -> None:
    graph = bench.graph
    told = graph.peer.create_publisher(Radiometry, "thermal/radiometry", LATCHED)
    told.publish(
        radiometry_to_message(
            CoreRadiometry(LinearScale(0.04, -40.0), hfov_rad=math.radians(25)),
            make_header(0.0, "camera"),
        )
    )
    seen = graph.listen(MarkerArray, "markers", STANDARD)
    graph.spin_until(
        lambda: (
            math.isfinite(bench.node._hfov_rad) and bench.node._markers.get_subscription_count()
        )
    )
    bench.judge(reading(150.0))
    markers = graph.spin_until(lambda: seen)[0].markers
    assert markers[0].action == Marker.DELETEALL
    assert {marker.header.frame_id for marker in markers} == {"camera"}
    place = markers[1].pose.position
    assert math.hypot(place.x, place.y, place.z) == pytest.approx(5.0)
    assert place.x < 0
    assert place.y < 0
    assert "150.0 °C critical" in markers[2].text


def test_without_a_distance_there_is_no_marker(bench: Bench) -> None:
    seen = bench.graph.listen(MarkerArray, "markers", STANDARD)
    bench.graph.spin_until(bench.node._markers.get_subscription_count)
    bench.judge(reading(150.0, distance_m=math.nan))
    assert len(bench.graph.spin_until(lambda: seen)[0].markers) == 1


def test_the_middle_of_the_picture_is_straight_ahead() -> None:
    x, y, z = hot_spot_position((63, 47), (127, 95), math.radians(25.0), 8.0)
    assert (x, y, z) == pytest.approx((0.0, 0.0, 8.0))


def test_a_rule_file_with_an_unknown_key_is_named_in_diagnostics(
    graph: Any, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("surprise: 1\n")
    reports = graph.listen(DiagnosticArray, "/diagnostics", STANDARD)
    node = graph.make(FaultJudge, {"rules": str(rules)})

    def told() -> list[str]:
        return [s.message for m in reports for s in m.status if "rules.yaml" in s.message]

    assert "surprise" in graph.spin_until(told)[0]
    assert not node.is_active


def test_a_shipped_rule_set_is_chosen_by_its_name(graph: Any) -> None:
    bench = Bench(graph, rules="neta")
    air = graph.peer.create_publisher(Temperature, "ambient/temperature", SENSOR_PUBLISH)
    unstated = bench.judge(reading(40.0), stamp_s=1.0).verdicts[0]
    assert unstated.severity == ThermalVerdict.UNKNOWN
    assert "air temperature isn't stated" in unstated.reason
    graph.spin_until(air.get_subscription_count)
    air.publish(Temperature(header=make_header(2.0, "mast"), temperature=15.0))
    graph.spin_until(lambda: bench.node._ambient.temperature)
    verdict = bench.judge(reading(40.0), stamp_s=3.0).verdicts[0]
    assert (verdict.severity, verdict.rule) == (ThermalVerdict.SERIOUS, "over-ambient")
    assert "25.0 K above the air (15.0 °C)" in verdict.reason


def test_the_cameras_air_counts_where_no_topic_states_it(graph: Any) -> None:
    bench = Bench(graph, rules="iec62271")
    told = graph.peer.create_publisher(Radiometry, "thermal/radiometry", LATCHED)
    stated = CoreRadiometry(LinearScale(0.04, -40.0), scene=ObjectParameters(air_c=10.0))
    told.publish(radiometry_to_message(stated, make_header(0.0, "camera")))
    graph.spin_until(lambda: math.isfinite(bench.node._camera_states.air_c))
    verdict = bench.judge(reading(62.0)).verdicts[0]
    assert verdict.severity == ThermalVerdict.GENERAL
    assert "more than 50 K" in verdict.reason
