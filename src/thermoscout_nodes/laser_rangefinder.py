"""The node of the laser rangefinder: the distance that the correction needs."""

from __future__ import annotations

import math
import threading
import time
from typing import Any

from rclpy.parameter import Parameter
from sensor_msgs.msg import Range

from thermoscout_core.errors import ConfigurationError
from thermoscout_core.rangefinders.base import Rangefinder, RangeSample
from thermoscout_core.rangefinders.registry import open_rangefinder
from thermoscout_core.supervision import Phase, Supervisor
from thermoscout_nodes.device_messages import make_header, range_message
from thermoscout_nodes.diagnostics import OK, WARN, Status
from thermoscout_nodes.lifecycle import ManagedNode
from thermoscout_nodes.node_clock import NodeClock
from thermoscout_nodes.parameter_tables.devices import LASER_RANGEFINDER
from thermoscout_nodes.process import run
from thermoscout_nodes.qos import SENSOR_PUBLISH
from thermoscout_nodes.supervised_device import SupervisedDevice

NO_RANGEFINDER = "none"
BLIND_S = 2.0
"""A device that answers and measures nothing for so long is reported with its reason."""


class LaserRangefinder(ManagedNode):
    """Publishes each sample, stamped at acquisition; opens a lost rangefinder again."""

    def __init__(self, **options: Any) -> None:
        super().__init__("laser_rangefinder", LASER_RANGEFINDER, **options)
        self._device: SupervisedDevice[RangeSample] | None = None
        self._same_again: dict[str, object] = {}
        self._rate_problem = ""
        self._rate_hz = 0.0

    def configure(self) -> None:
        self._frame_id = self.parameters["frame_id"]
        if not self._frame_id:
            raise ConfigurationError("frame_id is empty; name the rangefinder's frame")
        self._url = self.parameters["url"]
        self._newest: RangeSample | None = None
        self._newest_s = self._distance_s = time.monotonic()
        self.diagnostics.add_task("rangefinder", self._rangefinder_status)
        if self._url == NO_RANGEFINDER:
            return  # not even a topic: whoever sees one may expect distances
        self._ranges = self.advertise(Range, "range", SENSOR_PUBLISH)
        self._rate_hz = self.parameters["rate"]
        self.diagnostics.hardware_id = self._rangefinder(threading.Event()).hardware_id
        supervisor = Supervisor(
            silence_s=self.parameters["silence_timeout"],
            first_sample_s=self.parameters["first_sample_timeout"],
            hardware_id=self.parameters["hardware_id"],
            any_device=self.parameters["any_device"],
        )
        self._device = SupervisedDevice(
            self, "rangefinder", supervisor, self._rangefinder, self._deliver
        )

    def activate(self) -> None:
        if self._device is not None:
            self._device.start()

    def deactivate(self) -> None:
        if self._device is not None:
            self._device.stop()

    def release(self) -> None:
        if self._device is not None:
            self._device.release()
        self._device = None
        self._same_again, self._rate_problem = {}, ""
        self.diagnostics.remove_task("rangefinder")

    def parameters_changed(self, names: set[str]) -> None:
        if self._device is None:
            return
        self._device.supervisor.silence_s = self.parameters["silence_timeout"]
        rate_hz = self.parameters["rate"]
        if rate_hz in (0.0, self._rate_hz) or self._device.supervisor.phase is not Phase.STREAMING:
            self._rate_hz = rate_hz  # it counts from the next opening on
            return
        self._device.reader.ask(
            lambda device: device.set_rate(rate_hz),
            lambda confirmed, why_not: self.call_soon(lambda: self._rate_set(confirmed, why_not)),
        )

    # In the reader's thread

    def _rangefinder(self, stopping: threading.Event) -> Rangefinder:
        options = {} if self.parameters["any_device"] else dict(self._same_again)
        if self._rate_hz > 0:
            options["rate"] = self._rate_hz
        return open_rangefinder(self._url, NodeClock(self, stopping), **options)

    def _deliver(self, device: Rangefinder, sample: RangeSample) -> None:
        self._same_again = getattr(device, "same_again", {})
        self.call_soon(lambda: self._publish(device, sample))

    # In the node's turn

    def _publish(self, device: Rangefinder, sample: RangeSample) -> None:
        if not self.is_active:
            return
        header = make_header(sample.stamp_s, self._frame_id)
        limits_m = sample.min_range_m, sample.max_range_m
        self._ranges.publish(
            range_message(sample.range_m, limits_m, sample.field_of_view_rad, header)
        )
        self.diagnostics.hardware_id = device.hardware_id
        self.diagnostics.count("samples")
        self._newest, self._newest_s = sample, time.monotonic()
        if math.isfinite(sample.range_m):
            self._distance_s = self._newest_s
        else:
            self.diagnostics.count("without_distance")

    def _rate_set(self, confirmed_hz: float | None, why_not: str) -> None:
        """The parameter says what the device does, also when it was asked for something else."""
        asked_hz = self.parameters["rate"]
        self._rate_problem = why_not
        if confirmed_hz is not None:
            self._rate_hz = confirmed_hz
            if confirmed_hz == asked_hz:
                self.get_logger().info(f"rate: the device confirms {confirmed_hz:g} Hz")
                return
            self._rate_problem = f"asked for {asked_hz:g} Hz, the device has {confirmed_hz:g} Hz"
        self.get_logger().error(f"rate: {self._rate_problem}")
        self.set_parameters([Parameter("rate", value=self._rate_hz)])

    def _rangefinder_status(self) -> Status:
        if self._device is None:
            return Status(OK, "none: readings take the distance that the camera states, if any")
        status = self._device.status()
        now_s = time.monotonic()
        status.values.update(url=self._url, last_sample_age_s=f"{now_s - self._newest_s:.2f}")
        if self._newest is not None:
            status.values["last_range_m"] = f"{self._newest.range_m:.3f}"
        if self._rate_problem:
            status.values["rate"] = self._rate_problem
        blind_s = now_s - self._distance_s
        if status.level == OK and self._newest is not None and blind_s > BLIND_S:
            why = self._newest.problem or "nothing in reach"
            return Status(WARN, f"no distance for {blind_s:.1f} s: {why}", status.values)
        if status.level == OK and self._rate_problem:
            return Status(WARN, f"rate: {self._rate_problem}", status.values)
        return status


def main(args: list[str] | None = None) -> None:
    run(lambda: [LaserRangefinder()], args)


if __name__ == "__main__":
    main()
