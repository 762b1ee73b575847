"""A node's health on /diagnostics: rates, drops, latencies per stage, bad frames, the last error.

Rates are measured with the node's clock, so that they are right under use_sim_time; latencies and
the publishing period with the steady clock, so that a stopped /clock doesn't silence the report.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from thermoscout_core.bench.timing import percentiles_ms
from thermoscout_nodes.qos import STANDARD
from thermoscout_nodes.sample_window import SampleWindow

OK = DiagnosticStatus.OK
WARN = DiagnosticStatus.WARN
ERROR = DiagnosticStatus.ERROR

RECENT_S = 10.0
"""For so long a bad frame or an error keeps its part of the report out of OK."""

WINDOW = 4096
"""Latency samples kept per stage."""


@dataclass(frozen=True)
class Status:
    """What one task reports: level OK, WARN or ERROR; a sentence; named values."""

    level: bytes = OK
    message: str = "ok"
    values: dict[str, str] = field(default_factory=dict)


@dataclass
class Counter:
    """A count and its rate between two reports."""

    total: int = 0
    rate_hz: float = float("nan")
    _total_before: int = 0
    _clock_before_s: float = float("nan")

    def update_rate(self, clock_s: float) -> None:
        """Take the node clock's seconds; without a running clock the rate stays unknown."""
        passed_s = clock_s - self._clock_before_s
        self.rate_hz = (
            (self.total - self._total_before) / passed_s if passed_s > 0 else float("nan")
        )
        self._total_before, self._clock_before_s = self.total, clock_s


class Diagnostics:
    """Collects and publishes what a node knows of its own health.

    Call in the node's turn (turns.py). hardware_id: the device or model that the node stands for.
    """

    def __init__(self, node: Node, period_s: float = 1.0) -> None:
        self._node = node
        self.hardware_id = ""
        self.counters: dict[str, Counter] = {}
        self.latencies_s: dict[str, SampleWindow] = {}
        self.last_error = ""
        self.last_bad_frame = ""
        self.qos_problems: dict[str, str] = {}
        self._error_at_s = self._bad_frame_at_s = float("-inf")
        self._tasks: dict[str, Callable[[], Status]] = {
            "flow": self._flow,
            "latency": self._latency,
            "errors": self._errors,
        }
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", STANDARD)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = node.create_timer(period_s, self.publish, clock=steady)

    def add_task(self, part: str, task: Callable[[], Status]) -> None:
        """Report task() as "node: part" from now on; the same part again replaces it."""
        self._tasks[part] = task

    def remove_task(self, part: str) -> None:
        self._tasks.pop(part, None)

    def count(self, name: str, increment: int = 1) -> None:
        counter = self.counters.get(name)
        if counter is None:
            counter = self.counters[name] = Counter()
        counter.total += increment

    def total(self, name: str) -> int:
        """The count of that name, 0 when it never happened."""
        return self.counters[name].total if name in self.counters else 0

    def latency(self, stage: str, seconds: float) -> None:
        window = self.latencies_s.get(stage)
        if window is None:
            window = self.latencies_s[stage] = SampleWindow(WINDOW)
        window.append(seconds)

    def age(self, stage: str, stamp: Time) -> None:
        """Record how old the frame of that stamp is now, on the node's clock, as "stage_age"."""
        now = self._node.get_clock().now().nanoseconds
        self.latency(f"{stage}_age", (now - stamp.sec * 10**9 - stamp.nanosec) * 1e-9)

    def bad_frame(self, why: str) -> None:
        """Count a frame or message that couldn't be used, and say why."""
        self.count("bad_frames")
        self.last_bad_frame = why
        self._bad_frame_at_s = time.monotonic()

    def error(self, where: str, error: BaseException) -> None:
        """Count an exception that a callback let through."""
        self.count("callback_errors")
        self.last_error = f"{where}: {type(error).__name__}: {error}"
        self._error_at_s = time.monotonic()

    def qos_problem(self, topic: str, sentence: str) -> None:
        self.qos_problems[topic] = sentence

    def publish(self) -> None:
        """Send the report of every task; one that fails reports its own failure."""
        now = self._node.get_clock().now()
        for counter in self.counters.values():
            counter.update_rate(now.nanoseconds * 1e-9)
        array = DiagnosticArray()
        array.header.stamp = now.to_msg()
        array.status = [self._run(part, task) for part, task in list(self._tasks.items())]
        self._publisher.publish(array)

    def _run(self, part: str, task: Callable[[], Status]) -> DiagnosticStatus:
        try:
            status = task()
        except Exception as error:
            status = Status(ERROR, f"this report failed: {type(error).__name__}: {error}")
        return DiagnosticStatus(
            level=status.level,
            name=f"{self._node.get_fully_qualified_name().lstrip('/')}: {part}",
            message=status.message,
            hardware_id=self.hardware_id or "none",
            values=[KeyValue(key=key, value=value) for key, value in status.values.items()],
        )

    def _flow(self) -> Status:
        values = {}
        for name, counter in self.counters.items():
            values[name] = str(counter.total)
            values[f"{name}_hz"] = f"{counter.rate_hz:.2f}"
        return Status(OK, "counts and rates", values)

    def _latency(self) -> Status:
        values = {}
        for stage, window in self.latencies_s.items():
            for name, value_ms in percentiles_ms(window.samples).items():
                values[f"{stage}_{name}_ms"] = f"{value_ms:.2f}"
        return Status(OK, f"the latest {WINDOW} of each stage", values)

    def _errors(self) -> Status:
        now_s = time.monotonic()
        values = {
            "callback_errors": str(self.total("callback_errors")),
            "bad_frames": str(self.total("bad_frames")),
            "last_error": self.last_error,
            "last_bad_frame": self.last_bad_frame,
        }
        for topic, sentence in self.qos_problems.items():
            values[f"incompatible_qos {topic}"] = sentence
        if now_s - self._error_at_s < RECENT_S:
            return Status(ERROR, self.last_error, values)
        if self.qos_problems:
            return Status(ERROR, next(iter(self.qos_problems.values())), values)
        if now_s - self._bad_frame_at_s < RECENT_S:
            return Status(WARN, f"bad frame: {self.last_bad_frame}", values)
        return Status(OK, "none lately", values)

    def close(self) -> None:
        self._node.destroy_timer(self._timer)
        self._node.destroy_publisher(self._publisher)
