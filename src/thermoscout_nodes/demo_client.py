"""The demo's own place in the graph: starts the camera when all is ready, counts the verdicts."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from thermoscout.msg import ThermalVerdicts

from thermoscout_core.errors import ThermoscoutError
from thermoscout_nodes.device_messages import to_seconds
from thermoscout_nodes.qos import STANDARD

READY_TIMEOUT_S = 60.0
SPIN_S = 0.1
ACTIVE = "active"
WATCHED_IMAGES = "thermal/image_raw"
RECORDED = (WATCHED_IMAGES, "detections", "readings", "verdicts")
RECORDER_TIMEOUT_S = 10.0
REPORT_PERIOD_S = 1.5
"""Diagnostics come every second: after this they know of the last frame."""


class DemoClient:
    """A small node; check() is called while it waits, to notice a process that died.

    frames: verdicts messages so far. watched_s: stamps of the latest minus the first.
    """

    def __init__(self, context: Context, check: Callable[[], None]) -> None:
        self._check = check
        self._node = Node("thermoscout_demo", context=context)
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self._node)
        self.frames = 0
        self.faults = 0
        self.camera_finished = False
        self._judged = 0
        self._recorded: dict[str, str] = {}
        self._judge_hears: set[str] = set()
        self._first_s = self._last_s = 0.0
        self.heard_s = time.monotonic()
        self._node.create_subscription(ThermalVerdicts, "verdicts", self._on_verdicts, STANDARD)
        self._node.create_subscription(
            DiagnosticArray, "/diagnostics", self._on_diagnostics, STANDARD
        )

    @property
    def watched_s(self) -> float:
        return self._last_s - self._first_s

    def spin(self) -> None:
        """Let messages in for a moment; raises what check() raises."""
        self._executor.spin_once(timeout_sec=SPIN_S)
        self._check()

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Spin until condition() holds. Raises ThermoscoutError when it takes too long."""
        deadline_s = time.monotonic() + READY_TIMEOUT_S
        while not condition():
            if time.monotonic() > deadline_s:
                raise ThermoscoutError(f"waited {READY_TIMEOUT_S:g} s in vain for {what}")
            self.spin()

    def await_recorder(self) -> None:
        """Let the recorder catch up with what was sent; after RECORDER_TIMEOUT_S go on without,
        and the report shows which frames are missing."""
        topics = [self._node.resolve_topic_name(topic) for topic in RECORDED]
        begun_s = time.monotonic()
        deadline_s = begun_s + RECORDER_TIMEOUT_S
        while time.monotonic() < begun_s + REPORT_PERIOD_S or any(
            int(self._recorded.get(topic, 0)) < self._judged for topic in topics
        ):
            if time.monotonic() > deadline_s:
                return
            self.spin()

    def start_camera(self, others: Sequence[str]) -> None:
        """Configure ir_camera, wait until the others are active and the recorder and the overlay
        listen to it, then activate it, so that the first frame is as good as the last."""
        for name in others:
            state = self._state(name)  # a node answers only after it has tried to start itself
            if state != ACTIVE:
                raise ThermoscoutError(f"{name} couldn't start and is {state}; its log says why")
        self._change_camera(Transition.TRANSITION_CONFIGURE)
        topic = self._node.resolve_topic_name(WATCHED_IMAGES)

        def all_listen() -> bool:
            listeners = self._node.get_subscriptions_info_by_topic(topic)
            is_recorded = any(listener.node_name == "bag_recorder" for listener in listeners)
            # the judge hears images within its process, which the middleware doesn't show
            return is_recorded and topic in self._judge_hears

        self.wait_until(all_listen, f"bag_recorder and fault_judge to listen to {topic}")
        self._change_camera(Transition.TRANSITION_ACTIVATE)
        self.heard_s = time.monotonic()

    def _change_camera(self, transition: int) -> None:
        request = ChangeState.Request(transition=Transition(id=transition))
        answer = self._call(ChangeState, "ir_camera/change_state", request)
        if not answer.success:
            raise ThermoscoutError("ir_camera couldn't start; its log says why")

    def _state(self, node: str) -> str:
        answer = self._call(GetState, f"{node}/get_state", GetState.Request())
        return str(answer.current_state.label)

    def _call(self, service_type: Any, name: str, request: Any) -> Any:
        client = self._node.create_client(service_type, name)
        try:
            self.wait_until(client.service_is_ready, f"the service {name}")
            future = client.call_async(request)
            self.wait_until(future.done, f"an answer of {name}")
            return future.result()
        finally:
            self._node.destroy_client(client)

    def _on_verdicts(self, message: ThermalVerdicts) -> None:
        stamp_s = to_seconds(message.header.stamp)
        self._first_s = self._first_s or stamp_s
        self._last_s = max(self._last_s, stamp_s)
        self.frames += 1
        self.faults += sum(verdict.severity >= 2 for verdict in message.verdicts)
        self.heard_s = time.monotonic()

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name.endswith("bag_recorder: bag"):
                self._recorded = {item.key: item.value for item in status.values}
            elif status.name.endswith("fault_judge: inputs"):
                self._judge_hears = {item.key for item in status.values}
            elif status.name.endswith("fault_judge: flow"):
                judged = {item.key: item.value for item in status.values}.get("processed", "0")
                self._judged = max(self._judged, int(judged))
            elif status.name.endswith("ir_camera: camera"):
                ended = status.message == "finished" and status.level == DiagnosticStatus.OK
                self.camera_finished = self.camera_finished or ended

    def close(self) -> None:
        self._executor.shutdown(timeout_sec=0.5)
        self._node.destroy_node()
