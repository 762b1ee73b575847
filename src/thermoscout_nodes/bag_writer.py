"""Writes a rosbag2 MCAP bag in a thread of its own, so that no disk holds the graph back."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from rosbags.interfaces import Connection, Qos
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.rosbag2.errors import WriterError

from thermoscout_core.errors import ConfigurationError
from thermoscout_nodes.message_definitions import InstalledTypes

FLUSH_S = 1.0
"""What was recorded is on the disk so soon, whatever happens to this process."""

METADATA_VERSION = 8
"""Read by Humble's and by Jazzy's rosbag2 alike."""


class BagWriter:
    """One bag. put() never waits: what finds the queue full is dropped and counted.

    path: the bag's folder, made here. queue_bytes: what may wait for the disk. problem: why
    writing ended early, "" while all is well. Raises ConfigurationError when path exists or can't
    be made.
    """

    def __init__(self, path: Path, compress: bool, queue_bytes: int) -> None:
        self.path = path
        self.problem = ""
        self.written = 0
        self.dropped = 0
        self.waiting_bytes = 0
        self._queue_bytes = queue_bytes
        self._types = InstalledTypes()
        self._connections: dict[str, Connection] = {}
        self._queue: queue.SimpleQueue[tuple[str, int, bytes] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._room = threading.Condition(self._lock)
        try:
            self._writer = Writer(
                path, version=METADATA_VERSION, storage_plugin=StoragePlugin.MCAP
            )
            if compress:
                self._writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
            self._writer.open()
        except (WriterError, OSError) as error:
            raise ConfigurationError(f"can't write a bag: {error}; give another output") from error
        self._flushed = 0
        self._flush_at_s = time.monotonic() + FLUSH_S
        self._thread = threading.Thread(target=self._run, name="bag writer", daemon=True)
        self._thread.start()

    def add_topic(self, topic: str, type_name: str, qos: Sequence[Qos]) -> None:
        """Make a topic known before its first message. Raises ConfigurationError for a type whose
        definition isn't installed."""
        self._types.require(type_name)
        with self._lock:
            self._connections[topic] = self._writer.add_connection(
                topic, type_name, typestore=self._types.store, offered_qos_profiles=qos
            )

    def put(self, topic: str, stamp_ns: int, data: bytes) -> None:
        """Queue a serialised message; from any thread."""
        if self.problem or self.waiting_bytes + len(data) > self._queue_bytes:
            self.dropped += 1
            return
        with self._lock:
            self.waiting_bytes += len(data)
        self._queue.put((topic, stamp_ns, data))

    def put_patiently(self, topic: str, stamp_ns: int, data: bytes) -> None:
        """Queue a message; waits for room. Raises ConfigurationError when the disk fails."""
        with self._room:
            self._room.wait_for(
                lambda: self.problem or self.waiting_bytes + len(data) <= self._queue_bytes
            )
        if self.problem:
            raise ConfigurationError(self.problem)
        self.put(topic, stamp_ns, data)

    def stop(self, why: str) -> None:
        """Record nothing more; why is told as the problem. The bag is finished by close()."""
        self.problem = self.problem or why

    def close(self) -> None:
        """Write what waits, then the index and the metadata. Safe to call twice."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (item := self._next_or_flush()) is not None:
            topic, stamp_ns, data = item
            with self._lock:
                self.waiting_bytes -= len(data)
                self._room.notify()
                if self.problem:
                    self.dropped += 1
                    continue
                try:
                    self._writer.write(self._connections[topic], stamp_ns, data)
                    self.written += 1
                except OSError as error:
                    self._disk_failed(error)
        with self._lock:
            try:
                self._writer.close()
            except OSError as error:
                self._disk_failed(error)

    def _next_or_flush(self) -> tuple[str, int, bytes] | None:
        """The next message, None at the end; about every FLUSH_S all that came is written out."""
        while True:
            left_s = self._flush_at_s - time.monotonic()
            try:
                if left_s > 0:
                    return self._queue.get(timeout=left_s)
            except queue.Empty:
                pass
            self._flush_at_s = time.monotonic() + FLUSH_S
            self._flush()

    def _flush(self) -> None:
        with self._lock:
            storage = self._writer.storage
            if self.problem or storage is None or self._flushed == self.written:
                return
            try:
                storage.close_chunk()
                storage.bio.flush()
                self._flushed = self.written
            except OSError as error:
                self._disk_failed(error)

    def _disk_failed(self, error: OSError) -> None:
        self.problem = self.problem or (
            f"{self.path}: {error}; what was written so far is kept by "
            f"`thermoscout bag recover {self.path}`. Free the disk and record again"
        )
