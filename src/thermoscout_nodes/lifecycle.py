"""The base of every node: a lifecycle that says what went wrong and goes on."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from typing import Any

from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.qos import QoSProfile

from thermoscout_core.errors import ThermoscoutError
from thermoscout_nodes.diagnostics import ERROR, OK, WARN, Diagnostics, Status
from thermoscout_nodes.parameters import ParameterServer, Table
from thermoscout_nodes.qos import publisher_events, subscription_events
from thermoscout_nodes.workers import Inbox

SUCCESS = TransitionCallbackReturn.SUCCESS
FAILURE = TransitionCallbackReturn.FAILURE
FAULT = TransitionCallbackReturn.ERROR

FAREWELL_S = 0.5
"""So long a node that ends waits for its last messages to arrive."""


class ManagedNode(LifecycleNode):
    """A lifecycle node whose subclass fills in configure, activate, deactivate and release.

    A ThermoscoutError in configure or activate is logged in one line and fails the transition, so
    the node goes back to where it was; any other exception is logged with its traceback and takes
    the node through error processing to unconfigured. With the parameter autostart (the default)
    the node configures and activates itself as soon as it is spun, on every ROS 2 distribution.
    """

    def __init__(self, name: str, table: Table, **options: Any) -> None:
        super().__init__(name, **options)
        self.is_active = False
        self._is_configured = False
        self._why_not = ""
        self._publishers_made: list[Any] = []
        self._entities_made: list[tuple[Callable[[Any], Any], Any]] = []
        self.diagnostics = Diagnostics(self)
        self.diagnostics.add_task("lifecycle", self._lifecycle_status)
        self.inbox = Inbox(self, lambda call: self.guarded(call, "handed over"))
        self.parameters = ParameterServer(
            self, table, self.parameters_changed, lambda: self._is_configured
        )
        self._guard_change_state()
        self._start_pending = bool(self.parameters["autostart"])
        if self._start_pending:
            self.call_soon(self.start_if_asked)

    # What a subclass fills in

    def configure(self) -> None:
        """Make what the node needs. Leads to inactive; a raised error back to unconfigured."""

    def activate(self) -> None:
        """Begin to work. Leads to active; a raised error back to inactive."""

    def deactivate(self) -> None:
        """Stop working. Leads to inactive."""

    def release(self) -> None:
        """Give back what configure made; also called after a failed configure. Must not raise."""

    def parameters_changed(self, names: set[str]) -> None:
        """Apply dynamic parameters that were set while the node is configured."""

    def start_if_asked(self) -> None:
        """Configure and activate when the parameter autostart says so; the first call only."""
        if not self._start_pending:
            return
        self._start_pending = False
        if self.trigger_configure() is SUCCESS:
            self.trigger_activate()

    # What a subclass uses

    def call_soon(self, call: Callable[[], None]) -> None:
        """Run call on the executor's thread; from any thread."""
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

    def advertise(self, message_type: Any, topic: str, qos: QoSProfile) -> Any:
        """A lifecycle publisher that lives until cleanup; QoS mismatches are reported."""
        resolved = self.resolve_topic_name(topic)
        publisher = self.create_lifecycle_publisher(
            message_type,
            topic,
            qos,
            event_callbacks=publisher_events(self, resolved, self._qos_reporter(resolved)),
        )
        self._publishers_made.append(publisher)
        return publisher

    def subscribe(
        self,
        message_type: Any,
        topic: str,
        callback: Callable[[Any], None],
        qos: QoSProfile,
        while_inactive: bool = False,
        raw: bool = False,
    ) -> Any:
        """A guarded subscription that lives until cleanup, heard only while the node is active.

        while_inactive: hear it always, for latched topics that come only once. raw: the callback
        takes the serialised message.
        """
        resolved = self.resolve_topic_name(topic)
        run = self.guarded(callback, f"message on {resolved}")

        def heard(message: Any) -> None:
            if self.is_active or while_inactive:
                run(message)

        subscription = self.create_subscription(
            message_type,
            topic,
            heard,
            qos,
            raw=raw,
            event_callbacks=subscription_events(self, resolved, self._qos_reporter(resolved)),
        )
        self._entities_made.append((self.destroy_subscription, subscription))
        return subscription

    def unsubscribe(self, subscription: Any) -> None:
        """End a subscription before cleanup does."""
        self._entities_made.remove((self.destroy_subscription, subscription))
        self.destroy_subscription(subscription)

    def every(self, period_s: float, callback: Callable[[], None], what: str) -> Any:
        """A guarded timer on the node's clock that lives until cleanup."""
        timer = self.create_timer(period_s, self.guarded(callback, what))
        self._entities_made.append((self.destroy_timer, timer))
        return timer

    # Transitions

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """SUCCESS leads to inactive, FAILURE to unconfigured, ERROR to error processing."""
        outcome = self._attempt("configure", lambda: self.configure())
        if outcome is SUCCESS:
            self._is_configured = True
            return super().on_configure(state)
        self._release_all()
        return outcome

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """SUCCESS leads to active, FAILURE to inactive, ERROR to error processing."""
        if super().on_activate(state) is not SUCCESS:
            return FAILURE
        self.is_active = True
        outcome = self._attempt("activate", lambda: self.activate())
        if outcome is not SUCCESS:
            why_not = self._why_not
            self._stop_working()
            self._why_not = why_not
            super().on_deactivate(state)
        return outcome

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """SUCCESS leads to inactive, ERROR to error processing."""
        outcome = SUCCESS if self._stop_working() else FAULT
        super().on_deactivate(state)
        return outcome

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """SUCCESS leads to unconfigured."""
        self._release_all()
        return SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """SUCCESS leads to finalized, from any state."""
        self._stop_working()
        self._release_all()
        return SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Give everything back; SUCCESS leads to unconfigured, whence it can be tried again."""
        self._stop_working()
        self._release_all()
        return SUCCESS

    def close(self) -> None:
        """Stop working, give everything back and end the node; never raises."""
        self._stop_working()
        self._let_messages_leave()
        self._release_all()
        self.inbox.close()
        self.diagnostics.close()
        self.destroy_node()
        # destroy_node() forgets the state machine, which would keep the node's name and logger
        self._state_machine.destroy_when_not_in_use()

    # Within

    def _attempt(self, what: str, step: Callable[[], None]) -> TransitionCallbackReturn:
        try:
            step()
        except ThermoscoutError as error:
            self._why_not = f"{what}: {error}"
            self.get_logger().error(f"cannot {what}: {error}")
            return FAILURE
        except Exception as error:
            self._why_not = f"{what}: {type(error).__name__}: {error}"
            self.diagnostics.error(what, error)
            self.get_logger().error(f"{what} failed: {error}\n{traceback.format_exc()}")
            return FAULT
        self._why_not = ""
        return SUCCESS

    def _stop_working(self) -> bool:
        if not self.is_active:
            return True
        self.is_active = False
        return self._attempt("deactivate", lambda: self.deactivate()) is SUCCESS

    def _let_messages_leave(self) -> None:
        """A publisher that goes takes along what its reliable subscriptions haven't got yet."""
        latest = time.monotonic() + FAREWELL_S
        for publisher in self._publishers_made:
            left_s = latest - time.monotonic()
            if left_s > 0 and publisher.get_subscription_count():
                publisher.wait_for_all_acked(Duration(seconds=left_s))

    def _release_all(self) -> None:
        self._is_configured = False
        try:
            self.release()
        except Exception as error:
            self.diagnostics.error("release", error)
            self.get_logger().error(f"release failed: {error}\n{traceback.format_exc()}")
        for destroy, entity in reversed(self._entities_made):
            destroy(entity)
        for publisher in self._publishers_made:
            self.destroy_lifecycle_publisher(publisher)
        self._entities_made.clear()
        self._publishers_made.clear()

    def _qos_reporter(self, topic: str) -> Callable[[str], None]:
        def report(sentence: str) -> None:
            self.diagnostics.qos_problem(topic, sentence)
            self.get_logger().error(sentence)

        return report

    def _guard_change_state(self) -> None:
        """An invalid transition raises RCLError out of the service's callback on some releases,
        which would end the executor: answer success = false in its place."""
        change_state = self._service_change_state.callback

        def answer(request: Any, response: Any) -> Any:
            try:
                return change_state(request, response)
            except Exception as error:
                self.get_logger().error(f"lifecycle transition refused: {error}")
                response.success = False
                return response

        self._service_change_state.callback = answer

    def _lifecycle_status(self) -> Status:
        state = self._state_machine.current_state[1]
        if self._why_not:
            return Status(ERROR, self._why_not, {"state": state})
        return Status(OK if state == "active" else WARN, state, {"state": state})
