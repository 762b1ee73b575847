"""The core's results <-> the messages on the wire: detections, readings, verdicts.

The functions that read a message only look at its fields, so they also take the messages that the
rosbags library gives.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from std_msgs.msg import Header
from thermoscout.msg import (
    EquipmentReading,
    EquipmentReadings,
    ThermalAlarm,
    ThermalVerdict,
    ThermalVerdicts,
)
from vision_msgs.msg import (
    Detection2D,
    Detection2DArray,
    LabelInfo,
    ObjectHypothesisWithPose,
    VisionClass,
)

from thermoscout_core.detections import Box, Detection
from thermoscout_core.diagnosis.alarms import Alarm
from thermoscout_core.diagnosis.sightings import Sighting
from thermoscout_core.errors import FrameError
from thermoscout_core.readings import Correction, Reading, ReadingFlag
from thermoscout_core.verdicts import Severity, Verdict
from thermoscout_nodes.device_messages import to_time

_SEVERITIES = list(Severity)


def detections_to_message(detections: Sequence[Detection], header: Header) -> Detection2DArray:
    """The array and each detection carry the source image's header, also when there is none."""
    message = Detection2DArray(header=header)
    for detection in detections:
        item = Detection2D(header=header)
        hypothesis = ObjectHypothesisWithPose()
        hypothesis.hypothesis.class_id = detection.class_name
        hypothesis.hypothesis.score = detection.score
        item.results.append(hypothesis)
        x, y = detection.box.center_px
        item.bbox.center.position.x = x
        item.bbox.center.position.y = y
        item.bbox.size_x = detection.box.width_px
        item.bbox.size_y = detection.box.height_px
        message.detections.append(item)
    return message


def message_to_detections(message: Any) -> list[Detection]:
    """Best hypothesis of each. Raises FrameError for a detection without one or with a bad box."""
    detections = []
    for index, item in enumerate(message.detections):
        if len(item.results) == 0:
            raise FrameError(f"detection {index} has no class hypothesis")
        best = max((result.hypothesis for result in item.results), key=lambda h: h.score)
        x, y = item.bbox.center.position.x, item.bbox.center.position.y
        half_width, half_height = item.bbox.size_x / 2, item.bbox.size_y / 2
        edges = (x - half_width, y - half_height, x + half_width, y + half_height)
        if not all(math.isfinite(edge) for edge in edges) or min(half_width, half_height) <= 0:
            raise FrameError(f"detection {index} has no usable box: {edges}")
        detections.append(Detection(best.class_id, float(best.score), Box(*edges)))
    return detections


def label_info(classes: Sequence[str], score_threshold: float) -> LabelInfo:
    """class_map numbers the classes in the model's order, from 1; 0 is the background."""
    return LabelInfo(
        class_map=[VisionClass(class_id=i, class_name=n) for i, n in enumerate(classes, 1)],
        threshold=score_threshold,
    )


def reading_to_message(reading: Reading) -> EquipmentReading:
    box, hot_spot_px = reading.detection.box, reading.hot_spot_px
    return EquipmentReading(
        class_name=reading.detection.class_name,
        score=reading.detection.score,
        x1=box.x1,
        y1=box.y1,
        x2=box.x2,
        y2=box.y2,
        hot_spot_x=hot_spot_px[0] if hot_spot_px else -1,
        hot_spot_y=hot_spot_px[1] if hot_spot_px else -1,
        measured_c=reading.measured_c,
        corrected_c=reading.corrected_c,
        uncertainty_c=reading.uncertainty_c,
        mean_c=reading.mean_c,
        min_c=reading.min_c,
        background_c=reading.background_c,
        distance=reading.distance_m,
        emissivity=reading.emissivity,
        small_target_c=reading.small_target_c,
        stands_out=reading.stands_out,
        over_peers_k=reading.over_peers_k,
        correction=reading.correction.value,
        flags=sorted(flag.value for flag in reading.flags),
    )


def message_to_reading(message: Any) -> Reading:
    """Raises FrameError for a correction or a flag that isn't one."""
    m = message
    try:
        correction = Correction(m.correction)
        flags = frozenset(ReadingFlag(flag) for flag in m.flags)
    except ValueError as error:
        raise FrameError(f"reading of a {m.class_name}: {error}") from error
    return Reading(
        detection=Detection(m.class_name, m.score, Box(m.x1, m.y1, m.x2, m.y2)),
        measured_c=m.measured_c,
        corrected_c=m.corrected_c,
        uncertainty_c=m.uncertainty_c,
        mean_c=m.mean_c,
        min_c=m.min_c,
        background_c=m.background_c,
        hot_spot_px=(m.hot_spot_x, m.hot_spot_y) if m.hot_spot_x >= 0 else None,
        distance_m=m.distance,
        emissivity=m.emissivity,
        small_target_c=m.small_target_c,
        stands_out=m.stands_out,
        over_peers_k=m.over_peers_k,
        correction=correction,
        flags=flags,
    )


def readings_to_message(
    readings: Sequence[Reading], header: Header, size_px: tuple[int, int]
) -> EquipmentReadings:
    """size_px: (width, height) of the source image."""
    return EquipmentReadings(
        header=header,
        width=size_px[0],
        height=size_px[1],
        readings=[reading_to_message(reading) for reading in readings],
    )


def message_to_readings(message: Any) -> list[Reading]:
    return [message_to_reading(reading) for reading in message.readings]


def verdict_to_message(
    verdict: Verdict, sighting: Sighting | None = None, reading: EquipmentReading | None = None
) -> ThermalVerdict:
    """sighting: what the frames before say of it, None where there are none. reading: the message
    that the verdict's reading came in, where it is at hand."""
    seen = sighting or Sighting(verdict)
    return ThermalVerdict(
        reading=reading_to_message(verdict.reading) if reading is None else reading,
        severity=verdict.severity.rank,
        provisional=verdict.provisional,
        rule=verdict.rule,
        rule_source=verdict.rule_source,
        t1_c=verdict.t1_c,
        t2_c=verdict.t2_c,
        t0_c=verdict.t0_c,
        t2_source=verdict.t2_source,
        t0_source=verdict.t0_source,
        relative_difference=verdict.relative_difference,
        reason=verdict.reason,
        also=list(verdict.also),
        cautions=list(verdict.cautions),
        track=seen.track_id,
        alarm=seen.alarm_id,
        fault_frames=seen.fault_frames,
        recent_frames=seen.recent_frames,
    )


def message_to_verdict(message: Any) -> Verdict:
    """Raises FrameError for a severity that isn't one."""
    m = message
    if m.severity >= len(_SEVERITIES):
        raise FrameError(f"verdict severity {m.severity} isn't one of 0..{len(_SEVERITIES) - 1}")
    return Verdict(
        reading=message_to_reading(m.reading),
        severity=_SEVERITIES[m.severity],
        rule=m.rule,
        rule_source=m.rule_source,
        t1_c=m.t1_c,
        t2_c=m.t2_c,
        t0_c=m.t0_c,
        t2_source=m.t2_source,
        t0_source=m.t0_source,
        relative_difference=m.relative_difference,
        reason=m.reason,
        also=tuple(m.also),
        cautions=tuple(m.cautions),
        provisional=m.provisional,
    )


def verdicts_to_message(
    verdicts: Sequence[Verdict],
    header: Header,
    size_px: tuple[int, int],
    sightings: Sequence[Sighting] = (),
    readings: Sequence[EquipmentReading] = (),
) -> ThermalVerdicts:
    """size_px: (width, height) of the source image. sightings, readings: one a verdict, or none at
    all; see :func:`verdict_to_message`."""
    nothing = [None] * len(verdicts)
    return ThermalVerdicts(
        header=header,
        width=size_px[0],
        height=size_px[1],
        verdicts=list(
            map(verdict_to_message, verdicts, sightings or nothing, readings or nothing)
        ),
    )


def message_to_verdicts(message: Any) -> list[Verdict]:
    return [message_to_verdict(verdict) for verdict in message.verdicts]


def alarm_to_message(alarm: Alarm, header: Header, waypoint: str) -> ThermalAlarm:
    """header: of the frame of the change."""
    sighting = Sighting(
        alarm.verdict,
        track_id=alarm.track_id,
        alarm_id=alarm.id,
        fault_frames=alarm.fault_frames,
        recent_frames=alarm.recent_frames,
    )
    return ThermalAlarm(
        header=header,
        id=alarm.id,
        state=alarm.state.rank,
        severity=alarm.severity.rank,
        first_fault=to_time(alarm.first_fault_s),
        raised=to_time(alarm.raised_s),
        waypoint=waypoint,
        verdict=verdict_to_message(alarm.verdict, sighting),
    )
