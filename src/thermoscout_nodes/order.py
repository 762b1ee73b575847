"""The order in which nodes in processes of their own begin and end: whoever listens begins before
whoever speaks, and ends after it. Within one process the process sees to it.

Read off the middleware's graph, so no node needs a right to ask another.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from rclpy.node import Node

PATIENCE_S = 10.0
"""So long a node that is ready waits for its listeners."""

POLL_S = 0.05
"""Between two looks."""

OUTLIVES_S = 1.0
"""So long a process that was asked to end waits for others to be gone."""


class Listeners:
    """Which of the nodes that should listen first, by name in the node's own namespace, don't yet.

    Patience begins with the first look.
    """

    def __init__(self, node: Node, names: Iterable[str]) -> None:
        self._node = node
        self._names = list(names)
        self._until_s: float | None = None

    def missing(self, topics: Iterable[str]) -> list[str]:
        """Those that listen to none of the topics (resolved names)."""
        if not self._names:
            return []
        ours = self._node.get_namespace()
        listening = {
            info.node_name
            for topic in topics
            for info in self._node.get_subscriptions_info_by_topic(topic)
            if info.node_namespace == ours
        }
        return [name for name in self._names if name not in listening]

    @property
    def patience(self) -> bool:
        """Whether it is worth waiting for them."""
        now_s = time.monotonic()
        if self._until_s is None:
            self._until_s = now_s + PATIENCE_S
        return now_s < self._until_s


class Outlived:
    """Whether the nodes that a process should outlive are gone, or have been waited for enough.

    wanted: of each node of the process the names that it outlives.
    """

    def __init__(self, wanted: Iterable[tuple[Node, Iterable[str]]]) -> None:
        self._wanted = [(node, set(names)) for node, names in wanted]
        self._until_s: float | None = None

    @property
    def gone(self) -> bool:
        """Waiting begins with the first look."""
        now_s = time.monotonic()
        if self._until_s is None:
            self._until_s = now_s + OUTLIVES_S
        return now_s >= self._until_s or not any(
            names & _neighbours(node) for node, names in self._wanted if names
        )


def _neighbours(node: Node) -> set[str]:
    ours = node.get_namespace()
    return {name for name, namespace in node.get_node_names_and_namespaces() if namespace == ours}
