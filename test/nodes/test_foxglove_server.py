"""The live server offers the graph's topics with their definitions, and passes messages on."""

from __future__ import annotations

import json
import struct
import threading
from pathlib import Path
from typing import Any

import websockets.sync.client as client
from rclpy.serialization import serialize_message
from std_msgs.msg import String

from thermoscout_nodes.parameter_tables.bags import FOXGLOVE_SERVER

ROOT = Path(__file__).resolve().parents[2]


def panel_topics(node: Any) -> set[str]:
    """Every topic in a Foxglove layout."""
    if isinstance(node, dict):
        return set().union(set(), *(panel_topics(v) for v in node.values())) | {
            key for key in node if key.startswith("/")
        }
    if isinstance(node, list):
        return set().union(set(), *(panel_topics(item) for item in node))
    return {node.split(".")[0]} if isinstance(node, str) and node.startswith("/") else set()


def test_a_message_reaches_foxglove_as_it_was_sent(graph: Any) -> None:
    from thermoscout_nodes.foxglove_server import FoxgloveServer

    server = graph.make(FoxgloveServer, {"port": 0, "topics": "^/text$"})
    graph.spin_until(lambda: server.is_active)
    talker = graph.peer.create_publisher(String, "text", 10)
    got: dict[str, Any] = {}

    def look() -> None:
        """In a thread: the client side of the protocol, https://docs.foxglove.dev/docs/sdk."""
        with client.connect(
            f"ws://127.0.0.1:{server.port}", subprotocols=["foxglove.sdk.v1"]
        ) as socket:
            while "channel" not in got:
                message = socket.recv(timeout=20)
                if isinstance(message, str) and json.loads(message)["op"] == "advertise":
                    got["channel"] = json.loads(message)["channels"][0]
            wish = {"id": 1, "channelId": got["channel"]["id"]}
            socket.send(json.dumps({"op": "subscribe", "subscriptions": [wish]}))
            while "data" not in got:
                message = socket.recv(timeout=20)
                if isinstance(message, bytes) and message[0] == 1:
                    got["data"] = message[struct.calcsize("<BIQ") :]

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    graph.spin_until(lambda: talker.get_subscription_count())
    talker.publish(String(data="hello"))
    graph.spin_until(lambda: "data" in got)
    thread.join(10.0)
    assert got["channel"]["topic"] == "/text"
    assert got["channel"]["schemaName"] == "std_msgs/msg/String"
    assert got["data"] == serialize_message(String(data="hello"))
    graph.spin_until(lambda: not talker.get_subscription_count())


def test_the_layout_shows_topics_of_the_graph(graph: Any) -> None:
    from thermoscout_nodes.inspection import make_graph

    nodes = [graph.add(node) for node in make_graph(context=graph.context)]
    for node in nodes:
        node.start_if_asked()
    said = set().union(*(node.published_topics for node in nodes)) | {"/diagnostics"}
    layout = json.loads((ROOT / "config/foxglove/inspection.json").read_text(encoding="utf-8"))
    shown = panel_topics(layout["configById"])
    assert {"/overlay", "/thermal/temperature", "/markers", "/verdicts"} <= shown
    assert shown <= said


def test_it_listens_to_nobody_but_this_machine_unless_asked() -> None:
    [host] = [p.default for p in FOXGLOVE_SERVER if p.name == "host"]
    assert host == "127.0.0.1"
