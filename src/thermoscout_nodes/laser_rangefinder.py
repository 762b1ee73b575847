"""The node of the laser rangefinder: the distance that the correction needs."""

from __future__ import annotations

import threading
import time
from typing import Any

from sensor_msgs.msg import Range

from thermoscout_core.cameras.base import EndOfStream
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.rangefinders.base import RangeSample
from thermoscout_core.rangefinders.registry import open_rangefinder
from thermoscout_nodes.device_messages import make_header, range_message
from thermoscout_nodes.diagnostics import ERROR, OK, WARN, Status
from thermoscout_nodes.lifecycle import ManagedNode
from thermoscout_nodes.node_clock import NodeClock
from thermoscout_nodes.parameter_tables import LASER_RANGEFINDER
from thermoscout_nodes.process import run
from thermoscout_nodes.qos import SENSOR_PUBLISH
from thermoscout_nodes.workers import DeviceReader

NO_RANGEFINDER = "none"


class LaserRangefinder(ManagedNode):
    """Publishes each sample, stamped at acquisition; opens a lost rangefinder again."""

    def __init__(self, **options: Any) -> None:
        super().__init__("laser_rangefinder", LASER_RANGEFINDER, **options)
        self._reader: DeviceReader[RangeSample] | None = None

    def configure(self) -> None:
        self._frame_id = self.parameters["frame_id"]
        if not self._frame_id:
            raise ConfigurationError("frame_id is empty; name the rangefinder's frame")
        self._url = self.parameters["url"]
        if self._url != NO_RANGEFINDER:
            self.diagnostics.hardware_id = open_rangefinder(self._url).hardware_id
        self._last_sample_s = time.monotonic()
        self._ranges = self.advertise(Range, "range", SENSOR_PUBLISH)
        self.diagnostics.add_task("rangefinder", self._rangefinder_status)

    def activate(self) -> None:
        if self._url == NO_RANGEFINDER:
            return
        stopping = threading.Event()
        clock = NodeClock(self, stopping)
        self._reader = DeviceReader(
            "laser_rangefinder reader",
            stopping,
            lambda: open_rangefinder(self._url, clock),
            self._deliver,
            lambda sentence: self.call_soon(lambda: self._report(sentence)),
            EndOfStream,
        )
        self._reader.start()

    def deactivate(self) -> None:
        if self._reader is not None:
            self._reader.stop()

    def release(self) -> None:
        self.deactivate()
        self._reader = None
        self.diagnostics.remove_task("rangefinder")

    def _deliver(self, sample: RangeSample) -> None:
        self.call_soon(lambda: self._publish(sample))

    def _publish(self, sample: RangeSample) -> None:
        message = range_message(
            sample.range_m,
            (sample.min_range_m, sample.max_range_m),
            sample.field_of_view_rad,
            make_header(sample.stamp_s, self._frame_id),
        )
        if not self.is_active:
            return
        self._ranges.publish(message)
        self._last_sample_s = time.monotonic()
        self.diagnostics.count("samples")

    def _report(self, sentence: str) -> None:
        log = self.get_logger()
        tell = log.error if sentence.startswith("lost") else log.info
        tell(f"rangefinder {self._url}: {sentence}")

    def _rangefinder_status(self) -> Status:
        if self._url == NO_RANGEFINDER:
            return Status(OK, "none: readings take the distance that the camera states, if any")
        reader = self._reader
        if reader is None or not self.is_active:
            return Status(WARN, "not reading")
        silent_s = time.monotonic() - self._last_sample_s
        values = {"url": self._url, "last_sample_age_s": f"{silent_s:.2f}"}
        if reader.state == "lost":
            return Status(ERROR, f"lost: {reader.problem}", values)
        if reader.state != "finished" and silent_s > self.parameters["silence_timeout"]:
            return Status(ERROR, f"{reader.state}: no sample for {silent_s:.1f} s", values)
        return Status(OK, reader.state, values)


def main(args: list[str] | None = None) -> None:
    run(lambda: [LaserRangefinder()], args)


if __name__ == "__main__":
    main()
