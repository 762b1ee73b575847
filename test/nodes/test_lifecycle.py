"""The base of every node: it starts itself, says what went wrong, and goes on."""

from __future__ import annotations

import os
import threading
from typing import Any

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from std_msgs.msg import String

from thermoscout_core.errors import ConfigurationError
from thermoscout_nodes.inspection import make_graph
from thermoscout_nodes.lifecycle import ManagedNode
from thermoscout_nodes.parameter_tables.shared import LIFECYCLE
from thermoscout_nodes.qos import STANDARD
from thermoscout_nodes.restart import Restart


class Echo(ManagedNode):
    """Says again what it hears; fails wherever it is told to."""

    def __init__(self, fail_in: str = "", error: type[Exception] = ValueError, **options: Any):
        self.fail_in, self.error = fail_in, error
        self.released = 0
        super().__init__("echo", LIFECYCLE, **options)

    def _maybe_fail(self, where: str) -> None:
        if self.fail_in == where:
            raise self.error(f"told to fail in {where}")

    def configure(self) -> None:
        self.said = self.advertise(String, "said", STANDARD)
        self.subscribe(String, "heard", self._on_heard, STANDARD)
        self._maybe_fail("configure")

    def activate(self) -> None:
        self._maybe_fail("activate")

    def release(self) -> None:
        self.released += 1

    def _on_heard(self, message: String) -> None:
        if message.data == "trouble":
            raise ValueError("trouble heard")
        self.said.publish(message)

    @property
    def state(self) -> str:
        return self._state_machine.current_state[1]


def change_state(graph: Any, transition: int) -> bool:
    client = graph.peer.create_client(ChangeState, "echo/change_state")
    graph.spin_until(client.service_is_ready)
    future = client.call_async(ChangeState.Request(transition=Transition(id=transition)))
    return graph.spin_until(future.done) and future.result().success


def statuses(messages: list[DiagnosticArray], name: str) -> list[Any]:
    return [status for m in messages for status in m.status if status.name == name]


def test_a_node_configures_and_activates_itself(graph: Any) -> None:
    node = graph.make(Echo)
    graph.spin_until(lambda: node.is_active)
    assert node.state == "active"


def test_without_autostart_a_node_waits_for_its_manager(graph: Any) -> None:
    node = graph.make(Echo, {"autostart": False})
    assert change_state(graph, Transition.TRANSITION_CONFIGURE)
    assert node.state == "inactive"
    assert change_state(graph, Transition.TRANSITION_ACTIVATE)
    assert node.state == "active"


def test_an_exception_in_configure_is_logged_with_its_traceback(graph: Any) -> None:
    logs = graph.logs()
    node = graph.make(Echo, fail_in="configure")
    told = graph.spin_until(lambda: [m for m in logs if "told to fail in configure" in m.msg])
    assert "Traceback" in told[0].msg
    assert node.state == "unconfigured"
    assert node.released == 2  # once by the failed configure, once by error processing


def test_a_mistake_of_the_user_is_logged_in_one_line(graph: Any) -> None:
    logs = graph.logs()
    node = graph.make(Echo, fail_in="configure", error=ConfigurationError)
    told = graph.spin_until(lambda: [m for m in logs if "told to fail in configure" in m.msg])
    assert told[0].msg == "cannot configure: told to fail in configure"
    assert node.state == "unconfigured"


def test_a_failed_configure_shows_in_diagnostics(graph: Any) -> None:
    reports = graph.listen(DiagnosticArray, "/diagnostics", STANDARD)
    graph.make(Echo, fail_in="configure", error=ConfigurationError)
    status = graph.spin_until(lambda: statuses(reports, "echo: lifecycle"))[-1]
    assert status.level == status.ERROR
    assert "told to fail" in status.message


def test_a_failed_activate_leads_back_to_inactive(graph: Any) -> None:
    node = graph.make(Echo, {"autostart": False}, fail_in="activate", error=ConfigurationError)
    node.trigger_configure()
    node.trigger_activate()
    assert node.state == "inactive"
    assert not node.is_active


def test_a_failed_configure_can_be_tried_again(graph: Any) -> None:
    node = graph.make(Echo, {"autostart": False}, fail_in="configure", error=ConfigurationError)
    assert node.trigger_configure() is TransitionCallbackReturn.FAILURE
    node.fail_in = ""
    assert node.trigger_configure() is TransitionCallbackReturn.SUCCESS
    assert node.state == "inactive"


def test_a_node_that_failed_starts_again_by_itself(graph: Any) -> None:
    node = graph.make(Echo, fail_in="activate", error=ConfigurationError)
    graph.spin_until(lambda: node.why_not)
    assert node.state == "inactive"
    node.fail_in = ""
    graph.spin_until(lambda: node.is_active)
    assert node.why_not == ""


def test_a_node_that_was_told_to_stop_is_not_started_again(graph: Any) -> None:
    node = graph.make(Echo, fail_in="activate", error=ConfigurationError)
    graph.spin_until(lambda: node.why_not)
    assert node._restart.is_planned
    node.trigger_cleanup()
    assert not node._restart.is_planned


def test_attempts_come_less_and_less_often(graph: Any) -> None:
    restart = Restart(graph.peer, lambda: None)
    assert [restart.later() for _ in range(5)] == [1.0, 2.0, 4.0, 5.0, 5.0]
    restart.succeeded()
    assert restart.later() == 1.0
    restart.cancel()


def test_an_invalid_transition_is_refused_and_the_node_lives_on(graph: Any) -> None:
    node = graph.make(Echo, {"autostart": False})
    assert not change_state(graph, Transition.TRANSITION_ACTIVATE)
    assert change_state(graph, Transition.TRANSITION_CONFIGURE)
    assert node.state == "inactive"


def test_an_exception_in_a_callback_is_counted_and_spinning_goes_on(graph: Any) -> None:
    node = graph.make(Echo)
    said = graph.listen(String, "said", STANDARD)
    speaker = graph.peer.create_publisher(String, "heard", STANDARD)
    graph.spin_until(lambda: node.is_active and speaker.get_subscription_count())
    graph.spin_until(lambda: node.said.get_subscription_count())
    speaker.publish(String(data="trouble"))
    speaker.publish(String(data="hello"))
    graph.spin_until(lambda: said)
    assert said[0].data == "hello"
    assert node.diagnostics.total("callback_errors") == 1
    assert "trouble heard" in node.diagnostics.last_error


def test_an_inactive_node_hears_nothing(graph: Any) -> None:
    node = graph.make(Echo)
    speaker = graph.peer.create_publisher(String, "heard", STANDARD)
    graph.spin_until(lambda: node.is_active and speaker.get_subscription_count())
    node.trigger_deactivate()
    speaker.publish(String(data="trouble"))
    node.call_soon(lambda: setattr(node, "fence", True))
    graph.spin_until(lambda: hasattr(node, "fence"))
    assert node.diagnostics.total("callback_errors") == 0


@pytest.mark.parametrize("cycles", [5])
def test_cycles_of_configure_and_cleanup_leave_nothing_behind(graph: Any, cycles: int) -> None:
    node = graph.make(Echo, {"autostart": False})

    def entities() -> tuple[int, int, int]:
        return (
            len(list(node.publishers)),
            len(list(node.subscriptions)),
            len(node._managed_entities),
        )

    before = entities()
    for _ in range(cycles):
        node.trigger_configure()
        node.trigger_activate()
        node.trigger_deactivate()
        node.trigger_cleanup()
    assert entities() == before
    assert node.released == cycles


def test_the_graphs_nodes_give_everything_back(graph: Any) -> None:
    """Five rounds of configure, activate, deactivate, cleanup: no thread, file or entity more."""
    by_hand = [Parameter("autostart", value=False)]
    made = make_graph(context=graph.context, parameter_overrides=by_hand)
    nodes = [graph.add(node) for node in made]

    def held() -> tuple[int, int, int, int]:
        return (
            threading.active_count(),
            len(os.listdir("/proc/self/fd")),
            sum(len(list(node.publishers)) + len(list(node.subscriptions)) for node in nodes),
            sum(len(list(node.timers)) for node in nodes),
        )

    def go_round() -> None:
        for transition in ("configure", "activate", "deactivate", "cleanup"):
            for node in reversed(nodes):
                assert getattr(node, f"trigger_{transition}")() is TransitionCallbackReturn.SUCCESS

    go_round()  # libraries keep threads and files of their own from the first time on
    before = held()
    for _ in range(5):
        go_round()
    graph.spin_until(lambda: all(now <= then for now, then in zip(held(), before, strict=True)))
