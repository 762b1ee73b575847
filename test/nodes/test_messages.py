"""What goes onto a topic comes back the same, and nonsense is refused."""

from __future__ import annotations

import math
from typing import Any

import pytest
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from thermoscout.msg import ThermalVerdict

from thermoscout_core.detections import Box, Detection
from thermoscout_core.errors import FrameError
from thermoscout_core.frames import (
    LinearScale,
    ObjectParameters,
    PlanckConstants,
    Radiometry,
)
from thermoscout_core.readings import Correction, Reading, ReadingFlag
from thermoscout_core.verdicts import Severity, Verdict
from thermoscout_nodes.device_messages import (
    make_header,
    message_to_frame,
    message_to_radiometry,
    radiometry_to_message,
    to_seconds,
    to_time,
)
from thermoscout_nodes.messages import (
    detections_to_message,
    label_info,
    message_to_detections,
    message_to_readings,
    message_to_verdict,
    message_to_verdicts,
    readings_to_message,
    verdicts_to_message,
)

HEADER = make_header(1234.5, "camera")
RADIOMETRY = Radiometry(
    LinearScale(0.04, -273.15),
    ObjectParameters(0.95, 20.0, 21.0, 0.4, 2.5),
    ObjectParameters(0.9, 15.0, 18.0, 0.6, 7.5),
    PlanckConstants(1.0, 2.0, 3.0, 4.0, 5.0),
    "maker model 7",
    60000,
    0.44,
    2.0,
)
READING = Reading(
    Detection("bushing", 0.75, Box(1.25, 2.5, 30.0, 40.5)),
    measured_c=60.5,
    corrected_c=63.25,
    uncertainty_c=1.5,
    mean_c=40.0,
    min_c=20.0,
    background_c=18.0,
    hot_spot_px=(12, 34),
    distance_m=7.5,
    emissivity=0.9,
    correction=Correction.NETWORK,
    flags=frozenset({ReadingFlag.TOO_SMALL, ReadingFlag.SATURATED}),
)
VERDICT = Verdict(
    READING, Severity.SERIOUS, "a1", "DL/T 664", 63.25, 30.0, 18.0, 0.73, "why", True
)


def same(one: Any, other: Any) -> bool:
    """Equal, with NaN equal to NaN. Equal sets needn't look alike."""
    return bool(one == other) or repr(one) == repr(other)


@pytest.mark.parametrize("stamp_s", [0.0, 0.999999999, 1795260600.25, 1e-9])
def test_a_stamp_survives(stamp_s: float) -> None:
    assert to_seconds(to_time(stamp_s)) == pytest.approx(stamp_s, abs=5e-7)


def test_a_stamp_never_has_a_whole_second_of_nanoseconds() -> None:
    stamp = to_time(4.9999999999)
    assert (stamp.sec, stamp.nanosec) == (5, 0)


@pytest.mark.parametrize("radiometry", [RADIOMETRY, Radiometry(None, ObjectParameters())])
def test_radiometry_survives(radiometry: Radiometry) -> None:
    message = radiometry_to_message(radiometry, HEADER)
    assert same(message_to_radiometry(message), radiometry)
    assert message.header == HEADER


def test_a_scale_of_nonsense_is_refused() -> None:
    message = radiometry_to_message(RADIOMETRY, HEADER)
    message.gain = math.nan
    with pytest.raises(FrameError, match="gain"):
        message_to_radiometry(message)


def test_detections_survive_and_each_carries_the_header() -> None:
    detections = [READING.detection, Detection("connector", 0.5, Box(0, 0, 8, 9))]
    message = detections_to_message(detections, HEADER)
    assert message_to_detections(message) == detections
    assert {item.header.stamp.nanosec for item in message.detections} == {HEADER.stamp.nanosec}


def test_no_detections_are_a_message_too() -> None:
    message = detections_to_message([], HEADER)
    assert message.header == HEADER
    assert message_to_detections(message) == []


@pytest.mark.parametrize("size_x", [0.0, -3.0, math.nan])
def test_a_detection_without_a_box_is_refused(size_x: float) -> None:
    message = detections_to_message([READING.detection], HEADER)
    message.detections[0].bbox.size_x = size_x
    with pytest.raises(FrameError, match="detection 0"):
        message_to_detections(message)


@pytest.mark.parametrize("reading", [READING, Reading(READING.detection)])
def test_readings_survive(reading: Reading) -> None:
    message = readings_to_message([reading], HEADER, (640, 512))
    assert (message.width, message.height) == (640, 512)
    assert same(message_to_readings(message)[0].flags, reading.flags)
    assert vars(message_to_readings(message)[0]).keys() == vars(reading).keys()
    for name, value in vars(reading).items():
        assert same(getattr(message_to_readings(message)[0], name), value), name


def test_an_unknown_flag_is_refused() -> None:
    message = readings_to_message([READING], HEADER, (640, 512))
    message.readings[0].flags = ["odd"]
    with pytest.raises(FrameError, match="odd"):
        message_to_readings(message)


@pytest.mark.parametrize("severity", list(Severity))
def test_verdicts_survive(severity: Severity) -> None:
    verdict = Verdict(READING, severity, "a1", "DL/T 664", 63.25, 30.0, 18.0, 0.73, "why", True)
    message = verdicts_to_message([verdict], HEADER, (640, 512))
    assert message_to_verdicts(message) == [verdict]


def test_severities_have_their_numbers_on_the_wire() -> None:
    for severity in Severity:
        assert getattr(ThermalVerdict, severity.name) == severity.rank


def test_an_unknown_severity_is_refused() -> None:
    message = verdicts_to_message([VERDICT], HEADER, (640, 512)).verdicts[0]
    message.severity = 9
    with pytest.raises(FrameError, match="severity 9"):
        message_to_verdict(message)


def test_labels_are_numbered_from_one() -> None:
    message = label_info(("bushing", "connector"), 0.3)
    assert [(c.class_id, c.class_name) for c in message.class_map] == [
        (1, "bushing"),
        (2, "connector"),
    ]
    assert message.threshold == pytest.approx(0.3)


def test_a_frame_without_radiometry_has_no_temperature() -> None:
    image = Image(header=Header(), height=1, width=2, encoding="mono16", step=4, data=b"\1\0\2\0")
    assert message_to_frame(image, None).radiometry.scale is None
