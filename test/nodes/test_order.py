"""Nodes in processes of their own: who listens begins before who speaks, and ends after it."""

from __future__ import annotations

import signal
import time
from typing import Any

import pytest
from std_msgs.msg import String

from thermoscout_nodes import order
from thermoscout_nodes.lifecycle import ManagedNode
from thermoscout_nodes.order import Outlived
from thermoscout_nodes.parameter_tables.shared import LIFECYCLE
from thermoscout_nodes.parameters import names_of
from thermoscout_nodes.process import spin
from thermoscout_nodes.qos import STANDARD
from thermoscout_nodes.turns import TurnTakingExecutor


class Speaker(ManagedNode):
    """Says something to whoever listens."""

    def __init__(self, **options: Any) -> None:
        super().__init__("speaker", LIFECYCLE, **options)

    def configure(self) -> None:
        self.said = self.advertise(String, "said", STANDARD)

    @property
    def told(self) -> str:
        return str(self._lifecycle_status().message)


class Listener(ManagedNode):
    """Hears it."""

    def __init__(self, **options: Any) -> None:
        super().__init__("listener", LIFECYCLE, **options)

    def configure(self) -> None:
        self.subscribe(String, "said", lambda _: None, STANDARD)


def test_names_have_commas_between_them() -> None:
    assert names_of(" detector,fault_judge ,, ") == ["detector", "fault_judge"]
    assert names_of("") == []


def test_a_node_begins_once_its_listener_listens(graph: Any) -> None:
    graph.listen(String, "said", STANDARD)  # somebody else does from the start
    speaker = graph.make(Speaker, {"start_after": "listener"})
    graph.spin_until(lambda: speaker.told == "waits for listener to listen")
    assert not speaker.is_active
    graph.make(Listener)
    graph.spin_until(lambda: speaker.is_active)
    assert speaker.told == "active"


def test_a_listener_of_another_robot_is_not_the_one(
    graph: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order, "PATIENCE_S", 1.5)
    speaker = graph.make(Speaker, {"start_after": "listener"})
    graph.make(Listener, namespace="robot2", cli_args=["--ros-args", "-r", "said:=/said"])
    begun_s = time.monotonic()
    logs = graph.logs()
    graph.spin_until(lambda: speaker.is_active)
    assert time.monotonic() - begun_s > 1.0
    said = "start_after: begins without listener"
    graph.spin_until(lambda: any(line.msg.startswith(said) for line in logs))


def seen(node: Any, name: str) -> bool:
    return name in node.get_node_names()


def test_a_node_that_is_outlived_is_waited_for_until_it_is_gone(graph: Any) -> None:
    speaker, listener = graph.make(Speaker), graph.make(Listener)
    graph.spin_until(lambda: seen(speaker, "listener"))
    outlived = Outlived([(listener, ()), (speaker, ["listener", "nobody"])])
    assert not outlived.gone
    graph.remove(listener)
    begun_s = time.monotonic()
    graph.spin_until(lambda: outlived.gone)
    assert time.monotonic() - begun_s < order.OUTLIVES_S


@pytest.mark.parametrize("end_after", ["", "listener"])
def test_a_process_that_is_asked_to_end_goes_on_for_a_second_at_most(
    graph: Any, end_after: str
) -> None:
    graph.make(Listener)
    executor = TurnTakingExecutor(context=graph.context)
    speaker = graph.make(Speaker, {"end_after": end_after})
    graph.spin_until(lambda: seen(speaker, "listener"))
    graph.executor.remove_node(speaker)
    begun_s = time.monotonic()
    spin([speaker], executor, [signal.SIGINT])
    took_s = time.monotonic() - begun_s
    executor.shutdown()
    assert (took_s >= order.OUTLIVES_S) == bool(end_after)
    assert took_s < 2 * order.OUTLIVES_S
