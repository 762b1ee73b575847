"""One at a time: which thread of a process runs the nodes' calls.

A thread that has something for the nodes, such as a detector's worker with its detections, runs it
itself when no other is at it. It needn't wake the executor's thread for that, which costs half a
millisecond (rclpy looks at every entity of every node, before and after), several times a frame.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from types import TracebackType

from rclpy.executors import ShutdownException, SingleThreadedExecutor, TimeoutException


class Turns:
    """The turn, and the calls that wait for it. As a context manager it is held, and waited for.

    Whoever gives the turn back first runs what came meanwhile, so nothing is left lying.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._calls: deque[Callable[[], None]] = deque()

    def put(self, call: Callable[[], None]) -> None:
        """Run call here and now, or where the turn is given back; in order; never waits. call must
        not raise."""
        self._calls.append(call)
        self._serve()

    def __enter__(self) -> None:
        self._turn.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._turn.release()
        self._serve()

    def _serve(self) -> None:
        # looked at once more after the turn is given back: one who came in vain just before that
        # counts on it
        while self._calls and self._turn.acquire(blocking=False):
            try:
                while self._calls:
                    self._calls.popleft()()
            finally:
                self._turn.release()


class TurnTakingExecutor(SingleThreadedExecutor):
    """rclpy's single-threaded executor, which takes its turn for each callback of a node.

    turns: for the nodes' threads; thermoscout_nodes.process.begin tells the nodes.
    """

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self.turns = Turns()

    def spin_once(self, timeout_sec: float | None = None) -> None:
        """Wait for one callback and run it; what it raises is raised."""
        try:
            task, _, _ = self.wait_for_ready_callbacks(timeout_sec=timeout_sec)
        except (ShutdownException, TimeoutException):
            return
        with self.turns:
            task()
        error = task.exception()
        if error is not None:
            raise error
