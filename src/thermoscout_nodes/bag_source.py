"""A recorded bag as one stream of messages, in the order in which they happened."""

from __future__ import annotations

import heapq
import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rosbags.highlevel import AnyReader, AnyReaderError
from rosbags.interfaces import Connection, Nodetype, QosDurability

from thermoscout_core.errors import ConfigurationError

REORDER_NS = 10**9
"""A message is given out this much later than recorded, so that one that came late to the recorder
(a latched one, before it was found) still takes its place by its stamp."""

SAME_CLOCK_NS = 30 * 10**9
"""A stamp farther than this from the recorder's time tells another clock's time."""

STAMP_TYPES = ("std_msgs/msg/Header", "builtin_interfaces/msg/Time")
NS = 10**9

Stamp = tuple[int, int]


def stamp_in(data: bytes) -> Stamp:
    """Seconds, nanoseconds of a serialised message that begins with a Header or a Time."""
    return struct.unpack_from("<iI" if data[1] & 1 else ">iI", data, 4)


@dataclass(frozen=True)
class BagTopic:
    """What a bag says of a topic. stamped: its messages begin with a Header or a Time. definition:
    the RIHS01 hash of the recorded type, "" when the bag doesn't tell."""

    name: str
    type_name: str
    count: int
    latched: bool
    stamped: bool
    definition: str


@dataclass(frozen=True)
class BagMessage:
    """time_ns: when it happened, by its stamp where that is of the recorder's clock."""

    time_ns: int
    topic: str
    data: bytes


class BagSource:
    """Reads a rosbag2 bag (MCAP or SQLite). Open until close().

    Raises ConfigurationError for a folder that isn't a bag, or a bag that wasn't finished.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            raise ConfigurationError(f"there is no bag {path}")
        try:
            self._reader = AnyReader([path])
            self._reader.open()
        except (AnyReaderError, OSError) as error:
            raise ConfigurationError(
                f"{path} can't be read as a bag ({error}); a bag whose recorder was killed is "
                f"mended by `thermoscout bag recover {path}`"
            ) from error
        self.topics = {name: self._topic(name) for name in self._reader.topics}
        self.start_ns = self._reader.start_time if self.topics else 0
        self.end_ns = self._reader.end_time if self.topics else 0

    def close(self) -> None:
        self._reader.close()

    def messages(self, topics: Collection[str], start_ns: int = 0) -> Iterator[BagMessage]:
        """The messages of those topics from start_ns (on the bag's clock) on, in order.

        Before the first comes the latest message of each latched topic from before start_ns.
        """
        if start_ns > self.start_ns:
            yield from self._latched_before(topics, start_ns)
        waiting: list[tuple[int, int, BagMessage]] = []
        chosen = self._connections(topics)
        if not chosen:
            return
        for number, item in enumerate(self._reader.messages(chosen, start=start_ns or None)):
            message = self._message(*item)
            heapq.heappush(waiting, (message.time_ns, number, message))
            while waiting and waiting[0][0] <= item[1] - REORDER_NS:
                yield heapq.heappop(waiting)[2]
        while waiting:
            yield heapq.heappop(waiting)[2]

    def _latched_before(self, topics: Collection[str], start_ns: int) -> Iterator[BagMessage]:
        latched = self._connections([name for name in topics if self.topics[name].latched])
        latest: dict[str, BagMessage] = {}
        if latched:
            for item in self._reader.messages(latched, stop=start_ns):
                latest[item[0].topic] = self._message(*item)
        for message in latest.values():
            yield BagMessage(min(message.time_ns, start_ns), message.topic, message.data)

    def _message(self, connection: Connection, recorded_ns: int, data: bytes) -> BagMessage:
        topic = self.topics[connection.topic]
        time_ns = recorded_ns
        if topic.stamped and len(data) >= 12:
            seconds, nanoseconds = stamp_in(data)
            stamp_ns = seconds * NS + nanoseconds
            if stamp_ns and abs(stamp_ns - recorded_ns) < SAME_CLOCK_NS:
                time_ns = stamp_ns
        return BagMessage(time_ns, connection.topic, data)

    def _connections(self, topics: Collection[str]) -> list[Connection]:
        return [c for c in self._reader.connections if c.topic in topics]

    def _topic(self, name: str) -> BagTopic:
        found = self._connections([name])
        type_name = found[0].msgtype
        return BagTopic(
            name,
            type_name,
            sum(connection.msgcount for connection in found),
            any(_is_latched(connection) for connection in found),
            self._is_stamped(type_name),
            found[0].digest or self._reader.typestore.hash_rihs01(type_name),
        )

    def _is_stamped(self, type_name: str) -> bool:
        fields = self._reader.typestore.fielddefs[type_name][1]
        kind, detail = fields[0][1] if fields else (None, None)
        return kind is Nodetype.NAME and detail in STAMP_TYPES


def _is_latched(connection: Connection) -> bool:
    extension: Any = connection.ext
    profiles = getattr(extension, "offered_qos_profiles", ())
    return any(p.durability is QosDurability.TRANSIENT_LOCAL for p in profiles)
