"""Two ends that don't fit are named, in the log and in diagnostics."""

from __future__ import annotations

from typing import Any

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from std_msgs.msg import String

from thermoscout_nodes.lifecycle import ManagedNode
from thermoscout_nodes.parameter_tables.shared import LIFECYCLE
from thermoscout_nodes.qos import LATCHED, SENSOR_PUBLISH, SENSOR_SUBSCRIBE, STANDARD


class Strict(ManagedNode):
    """Asks for reliable messages, offers volatile ones."""

    def __init__(self, **options: Any) -> None:
        super().__init__("strict", LIFECYCLE, **options)

    def configure(self) -> None:
        self.subscribe(String, "wanted", lambda _: None, STANDARD)
        self.advertise(String, "offered", STANDARD)


@pytest.mark.parametrize(
    ("topic", "makes_peer", "policy"),
    [
        (
            "wanted",
            lambda peer: peer.create_publisher(String, "wanted", SENSOR_SUBSCRIBE),
            "reliability",
        ),
        (
            "offered",
            lambda peer: peer.create_subscription(String, "offered", lambda _: None, LATCHED),
            "durability",
        ),
    ],
)
def test_a_mismatch_is_reported_by_both_names(
    graph: Any, topic: str, makes_peer: Any, policy: str
) -> None:
    logs = graph.logs()
    reports = graph.listen(DiagnosticArray, "/diagnostics", STANDARD)
    node = graph.make(Strict)
    graph.spin_until(lambda: node.is_active)
    makes_peer(graph.peer)

    def told() -> list[str]:
        return [m.msg for m in logs if m.name == "strict" and f"QoS on /{topic}" in m.msg]

    sentence = graph.spin_until(told)[0]
    assert "/strict" in sentence
    assert "/peer" in sentence
    assert policy in sentence
    graph.spin_until(
        lambda: [
            s for m in reports for s in m.status if s.level == s.ERROR and s.message == sentence
        ]
    )


def test_a_driver_s_offer_satisfies_a_consumer_and_a_recorder(graph: Any) -> None:
    publisher = graph.peer.create_publisher(String, "data", SENSOR_PUBLISH)
    consumer = graph.listen(String, "data", SENSOR_SUBSCRIBE)
    recorder = graph.listen(String, "data", STANDARD)
    graph.spin_until(lambda: publisher.get_subscription_count() == 2)
    publisher.publish(String(data="hello"))
    graph.spin_until(lambda: consumer and recorder)
