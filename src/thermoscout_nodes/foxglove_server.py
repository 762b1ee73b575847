"""The graph live in Foxglove: a WebSocket server that passes topics on as they are.

Needs the extra: pip install 'thermoscout[foxglove]'. In Foxglove: Open connection, Foxglove
WebSocket, ws://robot:8765, and the layout config/foxglove/inspection.json.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

from rclpy.qos import QoSProfile

from thermoscout_core.errors import ConfigurationError
from thermoscout_nodes.bag_qos import fitting_qos
from thermoscout_nodes.diagnostics import OK, Status
from thermoscout_nodes.lifecycle import ManagedNode
from thermoscout_nodes.message_definitions import InstalledTypes
from thermoscout_nodes.parameter_tables.bags import FOXGLOVE_SERVER
from thermoscout_nodes.process import run

DISCOVERY_S = 0.5


class _Watchers:
    """Foxglove's ServerListener; called in the server's threads, so it only hands over."""

    def __init__(self, node: FoxgloveServer) -> None:
        self._node = node

    def on_subscribe(self, _client: Any, channel: Any) -> None:
        self._node.call_soon(lambda: self._node.watch(channel.topic))

    def on_unsubscribe(self, _client: Any, channel: Any) -> None:
        self._node.call_soon(lambda: self._node.unwatch(channel.topic))


class FoxgloveServer(ManagedNode):
    """Offers every topic with its definition, and listens to those that somebody looks at."""

    def __init__(self, **options: Any) -> None:
        super().__init__("foxglove_server", FOXGLOVE_SERVER, **options)
        self._server: Any = None
        self._channels: dict[str, Any] = {}
        self._types: dict[str, str] = {}
        self._watching: dict[str, list[Any]] = {}

    @property
    def port(self) -> int:
        """That the server listens on: another than the parameter's when that is 0."""
        return int(self._server.port)

    def configure(self) -> None:
        p = self.parameters
        try:
            self._foxglove = import_module("foxglove")
        except ImportError as error:
            raise ConfigurationError(
                "foxglove-sdk isn't installed: pip install 'thermoscout[foxglove]'"
            ) from error
        self._wanted = re.compile(p["topics"])
        self._installed = InstalledTypes()
        self._foxglove_context = self._foxglove.Context()
        try:
            self._server = self._foxglove.start_server(
                name=self.get_fully_qualified_name(),
                host=p["host"],
                port=p["port"],
                server_listener=_Watchers(self),
                context=self._foxglove_context,
            )
        except (RuntimeError, OSError) as error:
            raise ConfigurationError(
                f"can't listen on {p['host']}:{p['port']}: {error}; give another port"
            ) from error
        self.diagnostics.hardware_id = f"ws://{p['host']}:{self.port}"
        self.diagnostics.add_task("foxglove", self._status)
        self.every(DISCOVERY_S, self._discover, "looking for topics")
        self.get_logger().info(f"Foxglove: {self.diagnostics.hardware_id}")

    def release(self) -> None:
        self._watching.clear()
        for channel in self._channels.values():
            channel.close()
        self._channels.clear()
        self.diagnostics.remove_task("foxglove")
        if self._server is not None:
            server, self._server = self._server, None
            server.stop()

    def watch(self, topic: str) -> None:
        """Somebody looks at the topic; the first one makes it heard."""
        watchers = self._watching.setdefault(topic, [])
        if watchers or self._server is None:
            watchers.append(None)
            return
        package, _, name = self._types[topic].split("/")
        message_type = getattr(import_module(f"{package}.msg"), name)
        qos: QoSProfile = fitting_qos(self.get_publishers_info_by_topic(topic))
        channel = self._channels[topic]
        subscription = self.subscribe(message_type, topic, channel.log, qos, raw=True)
        watchers.append(subscription)

    def unwatch(self, topic: str) -> None:
        """One looks away; after the last one the topic isn't heard any more."""
        watchers = self._watching.get(topic, [])
        if len(watchers) > 1:
            watchers.pop()
        elif watchers:
            self.unsubscribe(watchers.pop())

    def _discover(self) -> None:
        for topic, type_names in self.get_topic_names_and_types():
            if topic in self._channels or not self._wanted.search(topic):
                continue
            if len(type_names) != 1 or not self.get_publishers_info_by_topic(topic):
                continue
            type_name = type_names[0]
            self._installed.require(type_name)
            definition, _ = self._installed.store.generate_msgdef(type_name, ros_version=2)
            schema = self._foxglove.Schema(
                name=type_name, encoding="ros2msg", data=definition.encode()
            )
            self._types[topic] = type_name
            self._channels[topic] = self._foxglove.Channel(
                topic, schema=schema, message_encoding="cdr", context=self._foxglove_context
            )

    def _status(self) -> Status:
        watched = [topic for topic, watchers in self._watching.items() if watchers]
        values = {"offered": str(len(self._channels)), "watched": ", ".join(sorted(watched))}
        return Status(OK, f"serving {self.diagnostics.hardware_id}", values)


def main(args: list[str] | None = None) -> None:
    run(lambda: [FoxgloveServer()], args)


if __name__ == "__main__":
    main()
