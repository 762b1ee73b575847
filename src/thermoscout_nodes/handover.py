"""Messages between nodes of one process, handed over by reference, past the middleware.

A node that hears what another node of its process says gets the very message object, at once, in
the thread that says it: nothing is serialised, copied or queued. The topics stay as they are for
everyone outside, and what nobody outside hears isn't serialised at all; but latched topics always
are, for the middleware keeps their latest for whoever joins later.
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from typing import Any

from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, QoSProfile

from thermoscout_nodes.matching import Stamp

PROGRESS_PATIENCE_S = 0.01
"""So long a thread waits for the detector's network, which begins after a few milliseconds."""


def _is_latched(qos: QoSProfile) -> bool:
    return bool(qos.durability == DurabilityPolicy.TRANSIENT_LOCAL)


class Outlet:
    """A node's publisher: serves its own process first-hand, the middleware where it is heard.

    Use it like a lifecycle publisher: what is said while the node is inactive is dropped.
    topic_name: resolved.
    """

    def __init__(
        self, node_name: str, publisher: Any, qos: QoSProfile, handover: Handover
    ) -> None:
        self.node_name = node_name
        self._publisher = publisher
        self._handover = handover
        self.topic_name = str(publisher.topic_name)  # once: each look asks the middleware
        self._is_latched = _is_latched(qos)
        self.kept: deque[Any] = deque(maxlen=qos.depth if self._is_latched else 0)
        handover.open(self)

    def get_subscription_count(self) -> int:
        """How many outside of the handover listen."""
        return int(self._publisher.get_subscription_count())

    def publish(self, message: Any) -> None:
        """The message belongs to its hearers from now on, and none of them may change it."""
        if not self._publisher.is_activated:
            return
        if self._is_latched or self._publisher.get_subscription_count():
            self._publisher.publish(message)
        self.kept.append(message)
        self._handover.deliver(self.topic_name, message)

    def wait_for_all_acked(self, timeout_s: float) -> None:
        """Until every reliable listener outside has what was said, or the time is up."""
        self._publisher.wait_for_all_acked(Duration(seconds=timeout_s))

    def close(self, destroy: Callable[[Any], Any]) -> None:
        self._handover.close(self)
        destroy(self._publisher)


class Inlet:
    """A node's subscription: to the middleware while nobody in its process says the topic.

    asks_for_kept: by its QoS, what was said of a latched topic before it came. connect() makes the
    middleware's subscription, disconnect(it) ends it.
    """

    def __init__(
        self,
        topic_name: str,
        qos: QoSProfile,
        heard: Callable[[Any], None],
        connect: Callable[[], Any],
        disconnect: Callable[[Any], Any],
        handover: Handover,
    ) -> None:
        self.topic_name = topic_name
        self.asks_for_kept = _is_latched(qos)
        self.heard = heard
        self._connect = connect
        self._disconnect = disconnect
        self._subscription: Any = None
        self._handover = handover
        handover.listen(self)

    def hear_outside(self, asked: bool) -> None:
        if asked and self._subscription is None:
            self._subscription = self._connect()
        elif not asked and self._subscription is not None:
            subscription, self._subscription = self._subscription, None
            self._disconnect(subscription)

    def arrived(self, most: int) -> Iterator[bytes]:
        """What came from outside and wasn't heard yet, serialised."""
        subscription = self._subscription
        for _ in range(most if subscription is not None else 0):
            taken = subscription.handle.take_message(subscription.msg_type, True)
            if taken is None:
                return
            yield taken[0]

    def close(self) -> None:
        self._handover.leave(self)
        self.hear_outside(False)


class Progress:
    """How far the detector is, for threads of other nodes of the process."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._latest: Stamp | None = None

    def begin(self, stamp: Stamp) -> None:
        """Its network begins with the frame of that stamp."""
        with self._changed:
            self._latest = stamp
            self._changed.notify_all()

    def wait_for(self, stamp: Stamp) -> None:
        """Until its network has begun with that frame or a later one, or PROGRESS_PATIENCE_S."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._latest is not None and self._latest >= stamp, PROGRESS_PATIENCE_S
            )


class Handover:
    """Who says and who hears what among the nodes that share it; one thread at a time.

    progress: of the detector among them.
    """

    def __init__(self) -> None:
        self.progress = Progress()
        self._outlets: defaultdict[str, list[Outlet]] = defaultdict(list)
        self._inlets: defaultdict[str, list[Inlet]] = defaultdict(list)

    def open(self, outlet: Outlet) -> None:
        topic = outlet.topic_name
        self._outlets[topic].append(outlet)
        for inlet in self._inlets[topic]:
            inlet.hear_outside(False)

    def close(self, outlet: Outlet) -> None:
        topic = outlet.topic_name
        self._outlets[topic].remove(outlet)
        for inlet in self._inlets[topic]:
            inlet.hear_outside(not self._outlets[topic])

    def listen(self, inlet: Inlet) -> None:
        topic = inlet.topic_name
        self._inlets[topic].append(inlet)
        inlet.hear_outside(not self._outlets[topic])
        for outlet in self._outlets[topic] if inlet.asks_for_kept else ():
            for message in outlet.kept:
                inlet.heard(message)

    def leave(self, inlet: Inlet) -> None:
        self._inlets[inlet.topic_name].remove(inlet)

    def sayers(self, topic: str) -> set[str]:
        """Names of the nodes that say the topic: where there are any, no one else is heard."""
        return {outlet.node_name for outlet in self._outlets[topic]}

    def deliver(self, topic: str, message: Any) -> None:
        # Nodes begin with the last in the flow (process.py), so the detector hears a frame first:
        # the others wait for it.
        for inlet in tuple(reversed(self._inlets[topic])):
            inlet.heard(message)
