"""A camera or a rangefinder under a node: opened again after a loss, told on /diagnostics.

The device's thread only sets flags; a timer on the executor's thread looks at them, lets go of a
lost device and opens it again. The steady clock drives it, so that neither a jump of the system's
clock nor a stopped /clock can hold it up.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any, Generic, TypeVar

from rclpy.clock import Clock, ClockType

from thermoscout_core.device_reader import Device, DeviceReader
from thermoscout_core.supervision import Phase, Supervisor
from thermoscout_nodes.diagnostics import ERROR, OK, WARN, Status
from thermoscout_nodes.lifecycle import ManagedNode

Item = TypeVar("Item")

POLL_S = 0.1


class SupervisedDevice(Generic[Item]):
    """Reads a device while the node is active. Make it in configure, end it with release().

    part: what diagnostics call it ("camera"). make_device(stopping) and deliver(device, sample) as
    DeviceReader has them, in the device's thread. Each change of state is logged and published at
    once, so that a loss is on /diagnostics within POLL_S of being noticed.
    """

    def __init__(
        self,
        node: ManagedNode,
        part: str,
        supervisor: Supervisor,
        make_device: Callable[[threading.Event], Device[Item]],
        deliver: Callable[[Any, Item], None],
    ) -> None:
        self.supervisor = supervisor
        self._node = node
        self._part = part
        self.reader: DeviceReader[Item] = DeviceReader(
            f"{node.get_name()} reader", supervisor, make_device, deliver, self._report
        )
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        poll = node.guarded(self.reader.poll, f"supervision of the {part}")
        self._timer = node.create_timer(POLL_S, poll, clock=steady)

    def start(self) -> None:
        self.reader.start()

    def stop(self) -> None:
        self.reader.stop()

    def release(self) -> None:
        """Stop and give the timer back."""
        self.stop()
        self._node.destroy_timer(self._timer)

    def status(self) -> Status:
        """ERROR with the cause and since when while it is lost; the counters in any case."""
        supervisor = self.supervisor
        values = {name: str(total) for name, total in vars(supervisor.totals).items()}
        phase = supervisor.phase
        if phase is Phase.STOPPED:
            return Status(WARN, "not reading", values)
        if phase in (Phase.STREAMING, Phase.FINISHED):
            return Status(OK, phase.value, values)
        lost_for_s = supervisor.lost_for_s
        values["lost_for_s"] = f"{lost_for_s:.1f}"
        values["lost_since"] = _utc(lost_for_s)
        values["next_attempt_in_s"] = f"{supervisor.next_try_in_s:.1f}"
        if phase is Phase.OPENING:
            level = WARN if lost_for_s <= supervisor.first_sample_s else ERROR
            return Status(level, f"opening for {lost_for_s:.1f} s", values)
        since = f"since {values['lost_since']}, {lost_for_s:.1f} s ago"
        return Status(ERROR, f"lost: {supervisor.problem}; {since}", values)

    def _report(self, sentence: str) -> None:
        log = self._node.get_logger()
        if self.supervisor.phase is Phase.LOST:  # rclpy wants a line of code per severity
            log.error(f"{self._part}: {sentence}")
        else:
            log.info(f"{self._part}: {sentence}")
        self._node.diagnostics.publish()


def _utc(ago_s: float) -> str:
    when = datetime.now(timezone.utc) - timedelta(seconds=ago_s)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
