"""Real rclpy over the real middleware: each test has its own context in a free ROS domain."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import pytest

DEADLINE_S = 20.0
HAS_ROS = find_spec("rclpy") is not None
collect_ignore_glob = [] if HAS_ROS else ["test_*.py"]


def pytest_report_header() -> str:
    return "" if HAS_ROS else "test/nodes is left out: rclpy isn't installed (core only)"


class Graph:
    """A context, an executor, and the nodes of one test."""

    def __init__(self, domain_id: int) -> None:
        import rclpy
        from rclpy.context import Context
        from rclpy.executors import SingleThreadedExecutor
        from rclpy.signals import SignalHandlerOptions

        self.domain_id = domain_id
        self.context = Context()
        rclpy.init(
            context=self.context,
            domain_id=domain_id,
            signal_handler_options=SignalHandlerOptions.NO,
        )
        self.executor = SingleThreadedExecutor(context=self.context)
        self._nodes: list[Any] = []
        self.peer: Any = self.add(rclpy.create_node("peer", context=self.context))

    def add(self, node: Any) -> Any:
        self._nodes.append(node)
        self.executor.add_node(node)
        return node

    def make(self, node_class: Any, parameters: dict[str, Any] | None = None, **options: Any):
        """A node of ours in this context, with parameter overrides."""
        from rclpy.parameter import Parameter

        overrides = [Parameter(name, value=value) for name, value in (parameters or {}).items()]
        return self.add(node_class(context=self.context, parameter_overrides=overrides, **options))

    def remove(self, node: Any) -> None:
        """End a node before the test does."""
        self._nodes.remove(node)
        self.executor.remove_node(node)
        getattr(node, "close", node.destroy_node)()

    def forget(self, node: Any) -> None:
        """The test has ended that node itself."""
        self._nodes.remove(node)

    def listen(self, message_type: Any, topic: str, qos: Any) -> list[Any]:
        """Every message that comes on the topic from now on."""
        heard: list[Any] = []
        self.peer.create_subscription(message_type, topic, heard.append, qos)
        return heard

    def logs(self) -> list[Any]:
        """Every log line of the graph, also those from before."""
        from rcl_interfaces.msg import Log
        from rclpy.qos import DurabilityPolicy, QoSProfile

        kept = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        return self.listen(Log, "/rosout", kept)

    def spin_until(self, condition: Callable[[], Any], deadline_s: float = DEADLINE_S) -> Any:
        """Spin until condition() is true and return what it gives; fail at the deadline."""
        end_s = time.monotonic() + deadline_s
        while not (outcome := condition()):
            assert time.monotonic() < end_s, "the condition didn't come true in time"
            self.executor.spin_once(timeout_sec=0.02)
        return outcome

    def close(self) -> None:
        import rclpy

        for node in reversed(self._nodes):
            getattr(node, "close", node.destroy_node)()
        self.executor.shutdown(timeout_sec=1.0)
        rclpy.try_shutdown(context=self.context)


@pytest.fixture
def graph(monkeypatch: pytest.MonkeyPatch) -> Iterator[Graph]:
    from thermoscout_nodes.graph_processes import private_domain

    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    with private_domain() as domain_id:
        made = Graph(domain_id)
        try:
            yield made
        finally:
            made.close()
