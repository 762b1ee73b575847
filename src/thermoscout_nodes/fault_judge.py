"""The node of the judge: a severity for each reading, alarms, and pictures that show it."""

from __future__ import annotations

import math
import time
from typing import Any

from geometry_msgs.msg import PoseStamped
from sensor_msgs.msg import Image
from thermoscout.msg import EquipmentReadings, ThermalAlarm, ThermalVerdicts, Waypoint
from thermoscout.msg import Radiometry as RadiometryMessage
from visualization_msgs.msg import MarkerArray

from thermoscout_core.detection.view import to_8bit_view
from thermoscout_core.diagnosis import association
from thermoscout_core.diagnosis.conditions import MeasuringConditions
from thermoscout_core.diagnosis.judge import Judge
from thermoscout_core.diagnosis.rules import KnowledgeBase
from thermoscout_core.errors import FrameError
from thermoscout_core.frames import ObjectParameters
from thermoscout_core.history.baselines import WaypointBaselines
from thermoscout_core.history.queries import History
from thermoscout_core.history.recorder import PatrolInfo
from thermoscout_core.reporting.overlay import draw_overlay
from thermoscout_core.verdicts import Verdict
from thermoscout_nodes.ambient import AmbientAir, measuring_conditions
from thermoscout_nodes.device_messages import stamp_key, to_seconds
from thermoscout_nodes.identity import rules_status
from thermoscout_nodes.images import array_to_image, image_to_counts
from thermoscout_nodes.lifecycle import ManagedNode
from thermoscout_nodes.markers import verdict_markers
from thermoscout_nodes.matching import StampMatcher
from thermoscout_nodes.messages import (
    alarm_to_message,
    message_to_readings,
    verdicts_to_message,
)
from thermoscout_nodes.parameter_tables.flow import FAULT_JUDGE
from thermoscout_nodes.patrol_memory import PatrolMemory
from thermoscout_nodes.process import run
from thermoscout_nodes.qos import EVENTS, LATCHED, SENSOR_PUBLISH, SENSOR_SUBSCRIBE, STANDARD
from thermoscout_nodes.trusted_files import verified
from thermoscout_nodes.workers import LatestWorker

WATCHERS_CHECK_S = 0.25
"""So often it looks whether somebody watches the overlay and so needs the images."""

Judged = tuple[Any, list[Verdict]]
"""A message's header and its verdicts."""


class FaultJudge(ManagedNode):
    """Judges every reading, publishes also when there is none; draws while somebody watches."""

    def __init__(self, **options: Any) -> None:
        super().__init__("fault_judge", FAULT_JUDGE, **options)
        self._matcher: StampMatcher[Image, Judged] = StampMatcher(self._show)
        self._painter: LatestWorker[tuple[Image, Judged], Image] | None = None
        self._images: Any = None
        self._hfov_rad = math.nan
        self._camera = ""
        self._camera_states = ObjectParameters()
        self._ambient = AmbientAir()
        self._memory: PatrolMemory | None = None
        self._recall: LatestWorker[str, WaypointBaselines] | None = None

    def configure(self) -> None:
        self._judge = Judge(KnowledgeBase.load(verified(self.parameters["rules"])))
        self.diagnostics.hardware_id = f"rules {self._judge.knowledge_base.id}"
        identity = rules_status(self._judge.knowledge_base, self.parameters["rules"])
        self.diagnostics.add_task("rules", lambda: identity)
        self._verdicts = self.advertise(ThermalVerdicts, "verdicts", STANDARD)
        self._alarms = self.advertise(ThermalAlarm, "alarms", EVENTS)
        self._overlay = self.advertise(Image, "overlay", SENSOR_PUBLISH)
        self._markers = self.advertise(MarkerArray, "markers", STANDARD)
        self.subscribe(EquipmentReadings, "readings", self._on_readings, STANDARD, vital=True)
        self.subscribe(Waypoint, "waypoint", self._on_waypoint, STANDARD)
        self.subscribe(PoseStamped, "pose", self._on_pose, SENSOR_SUBSCRIBE)
        self.subscribe(RadiometryMessage, "thermal/radiometry", self._on_radiometry, LATCHED, True)
        self._ambient.subscribe(self)
        self.every(WATCHERS_CHECK_S, self._look_for_watchers, "watchers of the overlay")

    def activate(self) -> None:
        association.load()
        memory = PatrolMemory(self.parameters, self._patrol_info, self._on_history)
        self._memory = memory
        self.diagnostics.add_task("patrol", memory.status)
        if self.parameters["history_path"]:
            self._recall = LatestWorker(
                "history reader",
                self.inbox,
                self._read_baselines,
                memory.recall,  # an answer that comes late is for this patrol, not for the next
                self._no_baselines,
                lambda _: None,
            )
        self._painter = LatestWorker(
            "overlay painter",
            self.inbox,
            self._draw,
            lambda _, picture: self._overlay.publish(picture),
            self._not_drawn,
            lambda _: self.diagnostics.count("overlays_dropped"),
        )

    def deactivate(self) -> None:
        self._matcher.clear()
        if self._painter is not None:
            self._painter.stop()
            self._painter = None
        if self._recall is not None:
            self._recall.stop()
            self._recall = None
        if self._memory is not None:
            self.diagnostics.remove_task("patrol")
            self._memory.close()
            self._memory = None

    def release(self) -> None:
        self.deactivate()
        self._images = None
        self._hfov_rad = math.nan
        self._camera_states = ObjectParameters()
        self._ambient.clear()

    def clock_set_back(self) -> None:
        self._ambient.clear()

    def _on_radiometry(self, message: RadiometryMessage) -> None:
        self._hfov_rad = message.hfov
        self._camera = message.camera
        self._camera_states = ObjectParameters(
            air_c=message.air_c, relative_humidity=message.relative_humidity
        )

    def _on_waypoint(self, message: Waypoint) -> None:
        if self._memory is not None:
            since_s = to_seconds(message.stamp)
            self._memory.arrive(message.name, since_s or self._now_s())
        if self._recall is not None and message.name:
            self._recall.offer(message.name)

    def _read_baselines(self, waypoint: str) -> WaypointBaselines:
        """In a thread: what the waypoint's equipment measured before."""
        with History(self.parameters["history_path"]) as history:
            return WaypointBaselines(history, waypoint)

    def _no_baselines(self, waypoint: str, error: Exception) -> None:
        self.get_logger().warning(f"no earlier measurements of {waypoint}: {error}")

    def _on_pose(self, message: PoseStamped) -> None:
        if self._memory is not None:
            self._memory.move(message)

    def _patrol_info(self) -> PatrolInfo:
        return PatrolInfo(camera=self._camera, rules=self._judge.knowledge_base.id)

    def _on_history(self, sentence: str) -> None:
        self.get_logger().warning(f"history: {sentence}")

    def _on_readings(self, message: EquipmentReadings) -> None:
        if self._memory is None:
            return
        begun_s = time.perf_counter()
        try:
            readings = message_to_readings(message)
        except FrameError as error:
            self.diagnostics.bad_frame(f"readings: {error}")
            return
        size_px = message.width, message.height
        baselines = self._memory.baselines(readings, size_px)
        stamp_s = to_seconds(message.header.stamp)
        verdicts = self._judge.judge(readings, self._conditions(stamp_s), baselines)
        place = self._memory.place_at(stamp_s)
        tracked = self._memory.see(stamp_s, verdicts, size_px, place)
        if tracked.problem:
            self.diagnostics.bad_frame(tracked.problem)
            self.get_logger().warning(tracked.problem, throttle_duration_sec=1.0)
        self._verdicts.publish(
            verdicts_to_message(
                verdicts, message.header, size_px, tracked.sightings, message.readings
            )
        )
        for alarm in tracked.alarms:
            self._alarms.publish(alarm_to_message(alarm, message.header, place.waypoint))
            report_alarm = f"alarm {alarm.id} {alarm.state.value}: {alarm.severity.value}"
            self.get_logger().warning(f"{report_alarm}: {alarm.verdict.reason}")
        report = self.diagnostics
        report.count("processed")
        report.latency("total", time.perf_counter() - begun_s)
        report.age("published", message.header.stamp)
        for verdict in verdicts:
            report.count(f"verdicts_{verdict.severity.value}")
        if self._markers.get_subscription_count():
            markers = verdict_markers(
                verdicts, message.header, size_px, self._hfov_rad, self.parameters["marker_size"]
            )
            self._markers.publish(markers)
        if self._images is not None:
            self._matcher.add_second(stamp_key(message.header), (message.header, verdicts))

    def _conditions(self, stamp_s: float) -> MeasuringConditions:
        """The air, from fresh topics, else as the camera states it; the rest from the parameters.
        NaN and None for what nobody states."""
        air = self._ambient.at(stamp_s, self.parameters["ambient_max_age"])
        return measuring_conditions(air.or_else(self._camera_states), self.parameters)

    def _now_s(self) -> float:
        return float(self.get_clock().now().nanoseconds) * 1e-9

    def _look_for_watchers(self) -> None:
        watched = self.is_active and self._overlay.get_subscription_count() > 0
        if watched and self._images is None:
            self._images = self.subscribe(
                Image, "thermal/image_raw", self._on_image, SENSOR_SUBSCRIBE
            )
        elif not watched and self._images is not None:
            self.unsubscribe(self._images)
            self._images = None
            self._matcher.clear()

    def _on_image(self, message: Image) -> None:
        self._matcher.add_first(stamp_key(message.header), message)

    def _show(self, image: Image, judged: Judged) -> None:
        if self._painter is not None:
            self._painter.offer((image, judged))

    def _draw(self, item: tuple[Image, Judged]) -> Image:
        """In the painter's thread: pictures wait, verdicts don't."""
        image, (header, verdicts) = item
        picture = draw_overlay(to_8bit_view(image_to_counts(image)), verdicts)
        return array_to_image(picture, "bgr8", header)

    def _not_drawn(self, _item: tuple[Image, Judged], error: Exception) -> None:
        if isinstance(error, FrameError):
            self.diagnostics.bad_frame(str(error))
            return
        self.diagnostics.error("overlay", error)
        self.get_logger().error(f"overlay: {error!r}", throttle_duration_sec=1.0)


def main(args: list[str] | None = None) -> None:
    run(lambda: [FaultJudge()], args)


if __name__ == "__main__":
    main()
