"""The threads of a node, and the way back from them to its callbacks."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Generic, TypeVar

from rclpy.node import Node

from thermoscout_nodes.turns import Turns

Item = TypeVar("Item")
Result = TypeVar("Result")

JOIN_TIMEOUT_S = 1.5


class Inbox:
    """Calls that other threads have for a node; run in order, and never beside its callbacks.

    turns: of the process, when its executor takes them, too; then a call runs in the thread that
    brings it or in the one whose turn it is. Without, it runs in the executor's thread.
    """

    def __init__(self, node: Node, guarded: Callable[[Callable[[], None]], Callable[[], None]]):
        self.turns: Turns | None = None
        self._calls: deque[Callable[[], None]] = deque()
        self._guarded = guarded
        self._lock = threading.Lock()
        self._node = node
        self._condition: Any = node.create_guard_condition(self._drain)

    def put(self, call: Callable[[], None]) -> None:
        """Queue a call; from any thread. After close() it is dropped."""
        with self._lock:
            if self._condition is None:
                return
            self._calls.append(call)
            if self.turns is None:
                self._condition.trigger()
                return
        self.turns.put(self._drain)

    def turn(self) -> AbstractContextManager[None]:
        """Held by a thread that does something to the node beside its executor."""
        return nullcontext() if self.turns is None else self.turns

    def _drain(self) -> None:
        while self._calls:
            self._guarded(self._calls.popleft())()

    def close(self) -> None:
        with self._lock:
            condition, self._condition = self._condition, None
            self._calls.clear()
        if condition is not None:
            self._node.destroy_guard_condition(condition)


class LatestWorker(Generic[Item, Result]):
    """One thread that works on the latest item only; an item not yet begun gives way to a newer.

    work runs in the thread. done(item, result) and failed(item, error) take the way of the inbox,
    dropped(item) runs where offer() was called.
    """

    def __init__(
        self,
        name: str,
        inbox: Inbox,
        work: Callable[[Item], Result],
        done: Callable[[Item, Result], None],
        failed: Callable[[Item, Exception], None],
        dropped: Callable[[Item], None],
    ) -> None:
        self._inbox = inbox
        self._work = work
        self._done = done
        self._failed = failed
        self._dropped = dropped
        self._slot: deque[Item] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def offer(self, item: Item) -> None:
        """Put item into the slot; whatever waits there is dropped."""
        with self._changed:
            old = self._slot.popleft() if self._slot else None
            self._slot.append(item)
            self._changed.notify()
        if old is not None:
            self._dropped(old)

    def stop(self) -> None:
        """End the thread after the item that it works on; results of that one are dropped."""
        with self._changed:
            self._stopping = True
            self._slot.clear()
            self._changed.notify()
        self._thread.join(JOIN_TIMEOUT_S)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._stopping or bool(self._slot))
                if self._stopping:
                    return
                item = self._slot.popleft()
            try:
                result = self._work(item)
            except Exception as error:  # reported by the node; the thread lives on
                self._hand_over(self._failed, item, error)
            else:
                self._hand_over(self._done, item, result)

    def _hand_over(self, callback: Callable[..., None], item: Item, outcome: Any) -> None:
        if not self._stopping:
            self._inbox.put(lambda: callback(item, outcome))
