"""The named QoS profiles of the graph, and a report when two ends don't fit.

SENSOR_PUBLISH / SENSOR_SUBSCRIBE follow REP-2003: a driver offers reliable, so that a recorder may
ask for it; a consumer asks for best effort, so that a slow one can't hold the driver back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    QoSPolicyKind,
    QoSProfile,
    ReliabilityPolicy,
)

try:
    from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import PublisherEventCallbacks, SubscriptionEventCallbacks


def _profile(depth: int, reliable: bool, latched: bool = False) -> QoSProfile:
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


SENSOR_PUBLISH = _profile(depth=10, reliable=True)
"""Images and ranges, as a driver offers them; ten, so that a recorder that lost one can have it
sent again before it is gone."""

SENSOR_SUBSCRIBE = _profile(depth=2, reliable=False)
"""Images and ranges, as a consumer asks for them: the newest two, none sent again."""

STANDARD = _profile(depth=100, reliable=True)
"""Detections, readings, verdicts: small, none may be lost. A hundred, because what got lost on the
way is noticed only at the middleware's next heartbeat (Fast DDS: 3 s) and must still be there."""

LATCHED = _profile(depth=1, reliable=True, latched=True)
"""The latest message stays for whoever joins later: radiometry, label_info."""

EVENTS = _profile(depth=100, reliable=True, latched=True)
"""Alarms: none may be lost, and who joins later gets the last hundred."""


def _policy_name(policy_kind: Any) -> str:
    try:
        return str(QoSPolicyKind(int(policy_kind)).name).lower()
    except ValueError:
        return f"policy {policy_kind}"


def _names(endpoints: list[Any], own_name: str) -> str:
    names = {f"{e.node_namespace.rstrip('/')}/{e.node_name}" for e in endpoints} - {own_name}
    return ", ".join(sorted(names)) or "an unnamed node"


_REMEDY = "no message passes between them until one of the two is changed"


def publisher_events(
    node: Node, topic: str, report: Callable[[str], None]
) -> PublisherEventCallbacks:
    """Events of a publisher on topic: report() gets one sentence that names both ends."""
    own = node.get_fully_qualified_name()

    def incompatible(event: Any) -> None:
        others = _names(node.get_subscriptions_info_by_topic(topic), own)
        report(
            f"incompatible QoS on {topic}: publisher {own} offers less "
            f"{_policy_name(event.last_policy_kind)} than a subscription of {others} asks for; "
            f"{_REMEDY}"
        )

    return PublisherEventCallbacks(incompatible_qos=incompatible)


def subscription_events(
    node: Node, topic: str, report: Callable[[str], None]
) -> SubscriptionEventCallbacks:
    """Events of a subscription on topic: report() gets one sentence that names both ends."""
    own = node.get_fully_qualified_name()

    def incompatible(event: Any) -> None:
        others = _names(node.get_publishers_info_by_topic(topic), own)
        report(
            f"incompatible QoS on {topic}: subscription of {own} asks for more "
            f"{_policy_name(event.last_policy_kind)} than a publisher of {others} offers; "
            f"{_REMEDY}"
        )

    return SubscriptionEventCallbacks(incompatible_qos=incompatible)
