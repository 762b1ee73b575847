"""A node's clock for the core's devices: the machine's, or /clock under use_sim_time."""

from __future__ import annotations

import threading
import time

from rclpy.node import Node

STEP_S = 0.01


class NodeClock:
    """The core's Clock over a node's; its sleep ends early when stopping is set."""

    def __init__(self, node: Node, stopping: threading.Event) -> None:
        self._clock = node.get_clock()
        self._stopping = stopping

    def now_s(self) -> float:
        return float(self._clock.now().nanoseconds) * 1e-9

    def sleep(self, seconds: float) -> None:
        """Wait on the node's clock, but at most a second of real time per second asked for, so
        that a /clock that stands still doesn't hold a reader for ever."""
        end_s = self.now_s() + seconds
        latest_s = time.monotonic() + seconds
        while not self._stopping.is_set() and time.monotonic() < latest_s:
            left_s = end_s - self.now_s()
            if left_s <= 0:
                return
            self._stopping.wait(min(left_s, STEP_S) if self._clock.ros_time_is_active else left_s)
