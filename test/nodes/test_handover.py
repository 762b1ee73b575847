"""What a node says reaches its process by reference, and everyone outside as ever."""

from __future__ import annotations

from typing import Any

import pytest
import rclpy
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from thermoscout_nodes.handover import Handover
from thermoscout_nodes.lifecycle import ManagedNode
from thermoscout_nodes.parameter_tables.shared import LIFECYCLE
from thermoscout_nodes.qos import LATCHED, SENSOR_PUBLISH, SENSOR_SUBSCRIBE, STANDARD


class Sayer(ManagedNode):
    def __init__(self, **options: Any) -> None:
        super().__init__("sayer", LIFECYCLE, **options)

    def configure(self) -> None:
        self.images = self.advertise(Image, "images", SENSOR_PUBLISH)
        self.headers = self.advertise(Header, "headers", LATCHED)


class Hearer(ManagedNode):
    def __init__(self, **options: Any) -> None:
        super().__init__("hearer", LIFECYCLE, **options)
        self.images: list[Image] = []
        self.headers: list[Header] = []

    def configure(self) -> None:
        self.subscribe(Image, "images", self.images.append, SENSOR_SUBSCRIBE)
        self.subscribe(Header, "headers", self.headers.append, LATCHED, while_inactive=True)


@pytest.fixture
def pair(graph):
    handover = Handover()
    pair = graph.make(Hearer, handover=handover), graph.make(Sayer, handover=handover)
    graph.spin_until(lambda: all(node.is_active for node in pair))
    return pair


def test_the_very_message_arrives_at_once(pair):
    hearer, sayer = pair
    message = Image(width=7)
    sayer.images.publish(message)
    assert hearer.images[0] is message
    assert hearer.heard["/images"] == 1


def test_nothing_is_subscribed_to_in_the_middleware_while_a_neighbour_says_it(pair):
    _, sayer = pair
    assert sayer.images.get_subscription_count() == 0


def test_whoever_is_outside_hears_it_too(graph, pair):
    hearer, sayer = pair
    outside = graph.listen(Image, "images", STANDARD)
    graph.spin_until(sayer.images.get_subscription_count)
    sayer.images.publish(Image(width=7))
    graph.spin_until(lambda: outside)
    assert outside[0].width == 7
    assert len(hearer.images) == 1


def test_the_latest_of_a_latched_topic_waits_for_a_neighbour_that_comes_later(graph, pair):
    hearer, sayer = pair
    hearer.trigger_deactivate()
    hearer.trigger_cleanup()
    sayer.headers.publish(Header(frame_id="early"))
    sayer.headers.publish(Header(frame_id="late"))
    hearer.trigger_configure()
    assert [header.frame_id for header in hearer.headers] == ["late"]


def test_what_was_said_before_is_for_those_who_ask_for_it_as_in_the_middleware(pair):
    hearer, sayer = pair
    sayer.headers.publish(Header(frame_id="early"))
    late: list[Header] = []
    hearer.subscribe(Header, "headers", late.append, STANDARD)
    sayer.headers.publish(Header(frame_id="late"))
    assert [header.frame_id for header in late] == ["late"]


def test_an_inactive_node_says_nothing(pair):
    hearer, sayer = pair
    sayer.trigger_deactivate()
    sayer.images.publish(Image())
    assert not hearer.images


def test_when_the_neighbour_has_gone_others_are_heard(graph, pair):
    hearer, sayer = pair
    sayer.trigger_deactivate()
    sayer.trigger_cleanup()
    outside = graph.peer.create_publisher(Image, "images", STANDARD)
    graph.spin_until(outside.get_subscription_count)
    outside.publish(Image(width=9))
    graph.spin_until(lambda: hearer.images)
    assert hearer.images[0].width == 9


def test_the_nodes_can_be_closed_after_their_context_has_ended(graph, pair):
    rclpy.shutdown(context=graph.context)
    for node in reversed(pair):
        node.close()
        graph.forget(node)


def test_a_failing_hearer_leaves_the_others_and_the_sayer_alone(graph, pair):
    hearer, sayer = pair

    def fail(_message: Image) -> None:
        raise ValueError("no")

    sayer.subscribe(Image, "images", fail, SENSOR_SUBSCRIBE)
    sayer.images.publish(Image())
    assert len(hearer.images) == 1
    assert sayer.diagnostics.total("callback_errors") == 1
