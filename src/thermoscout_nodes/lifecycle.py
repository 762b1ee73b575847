"""The base of every node: a lifecycle that says what went wrong and goes on."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from typing import Any

from rclpy.clock import JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn

from thermoscout_core.errors import ThermoscoutError
from thermoscout_nodes.diagnostics import ERROR, OK, WARN, Status
from thermoscout_nodes.order import PATIENCE_S, POLL_S, Listeners
from thermoscout_nodes.parameters import ParameterServer, Table, names_of
from thermoscout_nodes.restart import Restart
from thermoscout_nodes.wiring import WiredNode

SUCCESS = TransitionCallbackReturn.SUCCESS
FAILURE = TransitionCallbackReturn.FAILURE
FAULT = TransitionCallbackReturn.ERROR

CLOCK_SET_BACK = JumpThreshold(
    min_forward=None, min_backward=Duration(nanoseconds=-1), on_clock_change=False
)


class ManagedNode(WiredNode):
    """A lifecycle node whose subclass fills in configure, activate, deactivate and release.

    A ThermoscoutError in configure or activate is logged in one line and fails the transition, so
    the node goes back to where it was; any other exception is logged with its traceback and takes
    the node through error processing to unconfigured. With the parameter autostart (the default)
    the node configures and activates itself as soon as it is spun, on every ROS 2 distribution,
    and tries again after a while when that fails. Between the two it waits for the nodes in
    start_after.

    finished: True when it has nothing more to do, and the process may end.
    """

    finished = False

    def __init__(self, name: str, table: Table, **options: Any) -> None:
        super().__init__(name, **options)
        self._is_configured = False
        self._why_not = ""
        self._made_at_s = time.monotonic()
        self._restart = Restart(self, self._start)
        self.diagnostics.add_task("lifecycle", self._lifecycle_status)
        self.parameters = ParameterServer(
            self, table, self.parameters_changed, lambda: self._is_configured
        )
        self._must_listen = Listeners(self, ())
        self._not_listening: list[str] = []
        self._guard_change_state()
        self._clock_watch = self.get_clock().create_jump_callback(
            CLOCK_SET_BACK, post_callback=self._on_clock_set_back
        )
        self._start_pending = bool(self.parameters["autostart"])
        if self._start_pending:
            self.call_soon(self.start_if_asked)

    @property
    def why_not(self) -> str:
        """Why its latest transition failed, "" when it went well."""
        return self._why_not

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

    def clock_set_back(self) -> None:
        """/clock went back: forget what is known of times that are yet to come."""

    def start_if_asked(self) -> None:
        """Configure and activate when the parameter autostart says so; the first call only."""
        if self._start_pending:
            self._start_pending = False
            self._start()

    # Transitions

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """SUCCESS leads to inactive, FAILURE to unconfigured, ERROR to error processing."""
        self._restart.cancel()
        outcome = self._attempt("configure", lambda: self.configure())
        if outcome is SUCCESS:
            self._is_configured = True
            self._must_listen = Listeners(self, names_of(self.parameters["start_after"]))
            return super().on_configure(state)
        self._release_all()
        return outcome

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """SUCCESS leads to active, FAILURE to inactive, ERROR to error processing."""
        self._restart.cancel()
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
        self._restart.cancel()
        outcome = SUCCESS if self._stop_working() else FAULT
        super().on_deactivate(state)
        return outcome

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """SUCCESS leads to unconfigured."""
        self._restart.cancel()
        self._release_all()
        return SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """SUCCESS leads to finalized, from any state."""
        self._restart.cancel()
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
        with self.inbox.turn():
            self._restart.cancel()
            self._stop_working()
            self.let_messages_leave()
            self._release_all()
            self._clock_watch.unregister()
            self.inbox.close()
            self.diagnostics.close()
            self.destroy_node()
            # destroy_node() forgets the state machine, which would keep the node's name and logger
            self._state_machine.destroy_when_not_in_use()

    # Within

    def _start(self) -> None:
        """Configure and activate; what fails is tried again after a while."""
        state = self._state_machine.current_state[1]
        if state == "unconfigured" and self.trigger_configure() is SUCCESS:
            state = "inactive"
        if state == "inactive" and self._wait_for_listeners():
            return
        if state == "inactive" and self.trigger_activate() is SUCCESS:
            self._restart.succeeded()
            return
        self.get_logger().warning(f"trying again in {self._restart.later():g} s")

    def _wait_for_listeners(self) -> bool:
        """Whether this start goes on later, when they listen."""
        missing = self._must_listen.missing(self.published_topics)
        self._not_listening = missing if self._must_listen.patience else []
        if self._not_listening:
            self._restart.after(POLL_S)
        elif missing:
            names = ", ".join(missing)
            self.get_logger().warning(
                f"start_after: begins without {names}, not listening after {PATIENCE_S:g} s; see "
                "whether it runs, in this namespace, and why it isn't configured (/diagnostics)"
            )
        return bool(self._not_listening)

    def _on_clock_set_back(self, jump: TimeJump) -> None:
        back_s = -jump.delta.nanoseconds * 1e-9
        self.get_logger().warning(f"the clock was set back by {back_s:.3f} s")
        self.diagnostics.count("clock_set_back")
        self.guarded(self.clock_set_back, "clock set back")()

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

    def _release_all(self) -> None:
        self._is_configured = False
        try:
            self.release()
        except Exception as error:
            self.diagnostics.error("release", error)
            self.get_logger().error(f"release failed: {error}\n{traceback.format_exc()}")
        self.release_wiring()

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
        """Also the node's heartbeat: it comes every second while the executor runs."""
        state = self._state_machine.current_state[1]
        values = {
            "state": state,
            "up_s": f"{time.monotonic() - self._made_at_s:.0f}",
            "failed_starts": str(self._restart.attempts),
        }
        if self._why_not:
            return Status(ERROR, self._why_not, values)
        if state == "inactive" and self._not_listening:
            return Status(WARN, f"waits for {', '.join(self._not_listening)} to listen", values)
        return Status(OK if state == "active" else WARN, state, values)
