"""Watches a running graph, does it harm, and notes what comes of it."""

from __future__ import annotations

import math
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import rclpy
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from thermoscout.msg import ThermalVerdicts

from thermoscout_nodes.device_messages import stamp_key
from thermoscout_nodes.qos import STANDARD
from thermoscout_nodes.soak_graph import SoakGraph

NODES = (
    "ir_camera",
    "laser_rangefinder",
    "detector",
    "temperature_correction",
    "fault_judge",
)
HANG_S = 3.0
AFTER_FAULT_S = 10.0
SAMPLE_S = 5.0


@dataclass
class Outcome:
    """One fault: what, when (s since the start), and for how long no verdicts came after it."""

    fault: str
    at_s: float
    away_s: float = math.nan


@dataclass
class Figures:
    """faulty, called_normal: equipment with a fault that the simulation knows of, and how much of
    it a verdict called normal without reserve; [otherwise, within AFTER_FAULT_S of a fault]."""

    minutes: float = 0.0
    frames: int = 0
    outcomes: list[Outcome] = field(default_factory=list)
    faulty: list[int] = field(default_factory=lambda: [0, 0])
    called_normal: list[int] = field(default_factory=lambda: [0, 0])
    rss_mib: dict[str, list[float]] = field(default_factory=dict)
    starts: dict[str, int] = field(default_factory=dict)
    stop_s: dict[str, float] = field(default_factory=dict)
    recorded: int = 0


class Soak:
    """Watches a running SoakGraph and does it harm. Call step() again and again.

    told(): of each fault, when the verdicts are back.
    """

    def __init__(
        self,
        graph: SoakGraph,
        context: Context,
        seed: int,
        every_s: float,
        told: Callable[[Outcome], None] = lambda _: None,
    ) -> None:
        self._graph = graph
        self._told = told
        self._random = random.Random(seed)
        self._every_s = every_s
        self._node = rclpy.create_node("soak", context=context)
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self._node)
        self._node.create_subscription(ThermalVerdicts, "verdicts", self._on_verdicts, STANDARD)
        self._node.create_subscription(
            ThermalVerdicts, "simulation/truth", self._on_truth, STANDARD
        )
        self._truths: dict[Any, ThermalVerdicts] = {}
        self._begun_s = self._sampled_s = time.monotonic()
        self._last_s = math.nan
        self._fault_s = -math.inf
        self._planned: list[tuple[float, Callable[[], None]]] = []
        self.figures = Figures()

    @property
    def now_s(self) -> float:
        return time.monotonic() - self._begun_s

    @property
    def has_verdicts(self) -> bool:
        return not math.isnan(self._last_s)

    def begin(self) -> None:
        """The graph runs: from now on it is harmed."""
        self._begun_s = time.monotonic()
        self._sample_memory()
        self._plan(self._every_s / 2, self._harm)

    def step(self) -> None:
        self._executor.spin_once(timeout_sec=0.1)
        self._graph.look_after()
        for item in [item for item in self._planned if item[0] <= time.monotonic()]:
            self._planned.remove(item)
            item[1]()
        if time.monotonic() - self._sampled_s > SAMPLE_S:
            self._sample_memory()

    def _sample_memory(self) -> None:
        self._sampled_s = time.monotonic()
        for name, node in self._graph.nodes.items():
            self.figures.rss_mib.setdefault(name, []).append(node.rss_mib)

    def finish(self) -> None:
        """The last fault is waited for; no further one comes."""
        self._planned = [item for item in self._planned if item[1] != self._harm]

    def give_up(self) -> None:
        """No longer wait for verdicts: where they are still away, that was so for this long."""
        for outcome in self.figures.outcomes:
            if math.isnan(outcome.away_s):
                outcome.fault += ", not awaited longer"
                outcome.away_s = self.now_s - outcome.at_s
                self._told(outcome)

    @property
    def is_away(self) -> bool:
        outcomes = self.figures.outcomes
        return bool(outcomes) and math.isnan(outcomes[-1].away_s)

    def close(self) -> None:
        self._executor.shutdown(timeout_sec=0.5)
        self._node.destroy_node()

    # Faults

    def _plan(self, after_s: float, call: Callable[[], None]) -> None:
        self._planned.append((time.monotonic() + after_s, call))

    def _harm(self) -> None:
        self._plan(self._every_s * self._random.uniform(0.8, 1.2), self._harm)
        kind = self._random.choice(("kill -9", "kill -9", "hang", "nonsense", "recorder"))
        name = "bag_recorder" if kind == "recorder" else self._random.choice(NODES)
        self.harm("kill -9" if kind == "recorder" else kind, name)

    def harm(self, kind: str, name: str) -> Outcome:
        """Do one fault to a node now: kill -9, hang (it stands still for HANG_S) or nonsense (by
        the parameter service)."""
        node = self._graph.nodes[name]
        self._fault_s = time.monotonic()
        if kind == "kill -9":
            node.send_signal(signal.SIGKILL)
        elif kind == "hang":
            node.send_signal(signal.SIGSTOP)
            self._plan(HANG_S, lambda: node.send_signal(signal.SIGCONT))
        else:
            self._send_nonsense(name)
        outcome = Outcome(f"{kind} {name}", self.now_s)
        self.figures.outcomes.append(outcome)
        return outcome

    def _send_nonsense(self, name: str) -> None:
        value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value="nonsense")
        request = SetParameters.Request(
            parameters=[Parameter(name=p, value=value) for p in ("url", "model", "rules", "x")]
        )
        client = self._node.create_client(SetParameters, f"{name}/set_parameters")
        client.call_async(request).add_done_callback(lambda _: None)

    # What is heard

    def _on_truth(self, message: ThermalVerdicts) -> None:
        self._truths[stamp_key(message.header)] = message
        while len(self._truths) > 100:
            del self._truths[next(iter(self._truths))]

    def _on_verdicts(self, message: ThermalVerdicts) -> None:
        now_s = time.monotonic()
        age_s = time.time() - self._stamp_s(message)
        for outcome in self.figures.outcomes:
            since_s = now_s - self._begun_s - outcome.at_s
            if math.isnan(outcome.away_s) and age_s < since_s:
                outcome.away_s = since_s
                self._told(outcome)
        self._last_s = now_s
        self.figures.frames += 1
        truth = self._truths.pop(stamp_key(message.header), None)
        if truth is not None:
            self._compare(truth, message, now_s - self._fault_s < AFTER_FAULT_S)

    @staticmethod
    def _stamp_s(message: ThermalVerdicts) -> float:
        return message.header.stamp.sec + message.header.stamp.nanosec * 1e-9

    def _compare(self, truth: ThermalVerdicts, found: ThermalVerdicts, after: bool) -> None:
        for true in truth.verdicts:
            if true.severity < true.GENERAL:
                continue
            self.figures.faulty[after] += 1
            here = [v for v in found.verdicts if _overlap(true.reading, v.reading) > 0.5]
            plainly = [v for v in here if v.severity == v.NORMAL and not v.provisional]
            self.figures.called_normal[after] += bool(plainly) and len(plainly) == len(here)


def _overlap(a: Any, b: Any) -> float:
    """Intersection over union of two readings' boxes."""
    width = min(a.x2, b.x2) - max(a.x1, b.x1)
    height = min(a.y2, b.y2) - max(a.y1, b.y1)
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    areas = [(r.x2 - r.x1) * (r.y2 - r.y1) for r in (a, b)]
    return float(both / (sum(areas) - both))
