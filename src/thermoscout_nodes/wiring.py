"""What connects a node with the graph, from configure to cleanup: nothing of it is left behind."""

from __future__ import annotations

import time
import traceback
from collections import Counter
from collections.abc import Callable
from typing import Any

from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSProfile

from thermoscout_nodes.diagnostics import ERROR, OK, Diagnostics, Status
from thermoscout_nodes.handover import Handover, Inlet, Outlet
from thermoscout_nodes.qos import publisher_events, subscription_events
from thermoscout_nodes.workers import Inbox

SILENCE_S = 2.0
"""An input that must not stop is reported as silent after so long."""

FAREWELL_S = 0.5
"""So long a node that ends waits for its last messages to arrive."""


class WiredNode(LifecycleNode):
    """A lifecycle node whose publishers, subscriptions and timers end together, and whose
    callbacks may fail without ending the executor.

    handover: shared by nodes of one process that hear each other without the middleware. heard:
    topic -> messages that were handled. after_message(): called after each, when set.
    """

    def __init__(self, name: str, handover: Handover | None = None, **options: Any) -> None:
        super().__init__(name, **options)
        self.handover = handover or Handover()
        self.is_active = False
        self.heard: Counter[str] = Counter()
        self.after_message: Callable[[], None] | None = None
        self._outlets_made: list[Outlet] = []
        self._entities_made: list[tuple[Callable[[Any], Any], Any]] = []
        self.diagnostics = Diagnostics(self)
        self._vital: set[str] = set()
        self._heard_at_s: dict[str, float] = {}
        self.diagnostics.add_task("inputs", self._inputs_status)
        self.inbox = Inbox(self, lambda call: self.guarded(call, "handed over"))

    @property
    def published_topics(self) -> set[str]:
        """The resolved names of what it says while it is configured."""
        return {outlet.topic_name for outlet in self._outlets_made}

    @property
    def heard_topics(self) -> set[str]:
        """The resolved names of what it listens to now."""
        made = (entity for destroy, entity in self._entities_made)
        return {entity.topic_name for entity in made if hasattr(entity, "topic_name")}

    def call_soon(self, call: Callable[[], None]) -> None:
        """Run call when no callback of the node runs; from any thread, and soon."""
        self.inbox.put(call)

    def guarded(self, callback: Callable[..., None], what: str) -> Callable[..., None]:
        """callback, with any exception logged and counted in diagnostics in place of raised."""

        def run(*arguments: Any) -> None:
            try:
                callback(*arguments)
            except Exception as error:
                self.diagnostics.error(what, error)
                self.get_logger().error(
                    f"{what}: {error}\n{traceback.format_exc()}", throttle_duration_sec=1.0
                )

        return run

    def advertise(self, message_type: Any, topic: str, qos: QoSProfile) -> Outlet:
        """A publisher that lives until cleanup; QoS mismatches are reported."""
        resolved = self.resolve_topic_name(topic)
        publisher = self.create_lifecycle_publisher(
            message_type,
            topic,
            qos,
            event_callbacks=publisher_events(self, resolved, self._qos_reporter(resolved)),
        )
        outlet = Outlet(self.get_name(), publisher, qos, self.handover)
        self._outlets_made.append(outlet)
        return outlet

    def subscribe(
        self,
        message_type: Any,
        topic: str,
        callback: Callable[[Any], None],
        qos: QoSProfile,
        while_inactive: bool = False,
        raw: bool = False,
        vital: bool = False,
    ) -> Inlet:
        """A guarded subscription that lives until cleanup, heard only while the node is active.

        while_inactive: hear it always, for latched topics that come only once. raw: the callback
        takes the serialised message. vital: without it the node says nothing, so its silence is
        an error in diagnostics.
        """
        resolved = self.resolve_topic_name(topic)
        self._heard_at_s[resolved] = time.monotonic()
        if vital:
            self._vital.add(resolved)
        run = self.guarded(callback, f"message on {resolved}")

        def heard(message: Any) -> None:
            if self.is_active or while_inactive:
                run(message)
            self.heard[resolved] += 1
            self._heard_at_s[resolved] = time.monotonic()
            if self.after_message is not None:
                self.after_message()

        def connect() -> Any:
            if not self.context.ok():  # the process ends
                return None
            return self.create_subscription(
                message_type,
                topic,
                heard,
                qos,
                raw=raw,
                event_callbacks=subscription_events(self, resolved, self._qos_reporter(resolved)),
            )

        # serialised messages are the middleware's only
        handover = Handover() if raw else self.handover
        inlet = Inlet(resolved, qos, heard, connect, self.destroy_subscription, handover)
        self._entities_made.append((Inlet.close, inlet))
        return inlet

    def unsubscribe(self, inlet: Inlet) -> None:
        """End a subscription before cleanup does; its topic is no input from now on."""
        self._entities_made.remove((Inlet.close, inlet))
        self._heard_at_s.pop(inlet.topic_name, None)
        self._vital.discard(inlet.topic_name)
        inlet.close()

    def every(self, period_s: float, callback: Callable[[], None], what: str) -> Any:
        """A guarded timer on the node's clock that lives until cleanup."""
        timer = self.create_timer(period_s, self.guarded(callback, what))
        self._entities_made.append((self.destroy_timer, timer))
        return timer

    def let_messages_leave(self) -> None:
        """A publisher that goes takes along what its reliable subscriptions haven't got yet."""
        if not self.context.ok():
            return
        latest = time.monotonic() + FAREWELL_S
        for outlet in self._outlets_made:
            left_s = latest - time.monotonic()
            if left_s > 0 and outlet.get_subscription_count():
                outlet.wait_for_all_acked(left_s)

    def release_wiring(self) -> None:
        """End all publishers, subscriptions and timers."""
        for destroy, entity in reversed(self._entities_made):
            destroy(entity)
        for outlet in self._outlets_made:
            outlet.close(self.destroy_lifecycle_publisher)
        self._entities_made.clear()
        self._outlets_made.clear()
        self.heard.clear()
        self._heard_at_s.clear()
        self._vital.clear()

    def _inputs_status(self) -> Status:
        """What came, how long ago, and whether what the node lives on has fallen silent."""
        now_s = time.monotonic()
        ages_s = {topic: now_s - at_s for topic, at_s in self._heard_at_s.items()}
        values = {
            topic: f"{self.heard[topic]} messages, the last {age_s:.1f} s ago"
            if self.heard[topic]
            else "none"
            for topic, age_s in ages_s.items()
        }
        for topic in sorted(self._vital):
            if self.is_active and ages_s[topic] > SILENCE_S:
                names = ", ".join(sorted(self._senders(topic)))
                why = f"{names} sends nothing" if names else "no node sends it"
                silent = f"nothing on {topic} for {ages_s[topic]:.1f} s: {why}"
                return Status(ERROR, silent, values)
        return Status(OK, "all that it lives on comes" if self._vital else "ok", values)

    def _senders(self, topic: str) -> set[str]:
        """Names of the nodes that could be heard: its neighbours in the process, else any."""
        outside = self.get_publishers_info_by_topic(topic)
        return self.handover.sayers(topic) or {info.node_name for info in outside}

    def _qos_reporter(self, topic: str) -> Callable[[str], None]:
        def report(sentence: str) -> None:
            self.diagnostics.qos_problem(topic, sentence)
            self.get_logger().error(sentence)

        return report
