"""The node that records every topic of the graph into a rosbag2 MCAP bag."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from importlib import import_module
from itertools import chain, count
from pathlib import Path
from typing import Any

from rclpy.qos import QoSProfile

from thermoscout_core.errors import ConfigurationError
from thermoscout_nodes.bag_qos import DEPTH, fitting_qos, recorded_qos
from thermoscout_nodes.bag_writer import BagWriter
from thermoscout_nodes.diagnostics import ERROR, OK, Status
from thermoscout_nodes.lifecycle import ManagedNode
from thermoscout_nodes.parameter_tables.bags import BAG_RECORDER
from thermoscout_nodes.process import run

DISCOVERY_S = 0.2
DISK_CHECK_S = 1.0
MIB = 2**20
INPUTS = (
    "thermal/image_raw",
    "thermal/radiometry",
    "thermal/camera_info",
    "range",
    "ambient/temperature",
    "ambient/humidity",
    "waypoint",
    "pose",
    "tf",
    "tf_static",
    "simulation/truth",
)
"""What devices and the robot say: enough to replay, and a quarter of the size of everything."""


def free_name(path: Path) -> Path:
    """path, or path_2, path_3, … where it exists: nothing recorded is ever written over."""
    numbered = (path.with_name(f"{path.name}_{number}") for number in count(2))
    return next(name for name in chain([path], numbered) if not name.exists())


class BagRecorder(ManagedNode):
    """Subscribes to every topic as it appears and hands the serialised messages to the writer."""

    def __init__(self, **options: Any) -> None:
        super().__init__("bag_recorder", BAG_RECORDER, **options)
        self._writer: BagWriter | None = None
        self._seen: set[str] = set()
        self._recorded: dict[str, Any] = {}
        self._counts: Counter[str] = Counter()

    def configure(self) -> None:
        p = self.parameters
        try:
            self._exclude = re.compile(p["exclude"]) if p["exclude"] else None
        except re.error as error:
            raise ConfigurationError(
                f"exclude is no regular expression: {error}: {p['exclude']!r}"
            ) from error
        path = free_name(Path(p["output"]))
        self._writer = BagWriter(path, p["compress"], p["queue_mib"] * MIB)
        self.diagnostics.hardware_id = str(path)
        self._seen.clear()
        self._counts.clear()
        self.diagnostics.add_task("bag", self._bag_status)
        self.every(DISCOVERY_S, self._discover, "looking for topics")
        self.every(DISK_CHECK_S, self._check_disk, "looking at the disk")
        self._check_disk()

    def deactivate(self) -> None:
        """Take what has arrived but not been taken yet, so that the last messages are kept."""
        for topic, inlet in self._recorded.items():
            for data in inlet.arrived(DEPTH):
                self._keep(topic, data)

    def release(self) -> None:
        self._recorded.clear()
        if self._writer is None:
            return
        writer, self._writer = self._writer, None
        writer.close()
        self.diagnostics.remove_task("bag")
        self.get_logger().info(f"{writer.written} messages recorded in {writer.path}")
        if writer.problem or writer.dropped:
            self.get_logger().error(f"{writer.dropped} messages not recorded. {writer.problem}")

    def _discover(self) -> None:
        if not self.is_active:
            return
        for topic, type_names in self.get_topic_names_and_types():
            if topic in self._seen or not self._is_wanted(topic):
                continue
            publishers = self.get_publishers_info_by_topic(topic)
            if not publishers:
                continue
            self._seen.add(topic)
            if len(type_names) != 1:
                raise ConfigurationError(
                    f"{topic} has {len(type_names)} types ({', '.join(type_names)}) and isn't "
                    "recorded; end one of its publishers"
                )
            self._record(topic, type_names[0], fitting_qos(publishers))

    def _is_wanted(self, topic: str) -> bool:
        if self._exclude and self._exclude.search(topic):
            return False
        if self.parameters["topics"] == "everything":
            return True
        return any(topic == name or topic.endswith(f"/{name}") for name in INPUTS)

    def _check_disk(self) -> None:
        """Stop while there is room to finish the bag, and for the rest of the robot."""
        writer = self._writer
        if writer is None or writer.problem:
            return
        free_mib = shutil.disk_usage(writer.path).free / MIB
        if free_mib < self.parameters["reserve_mib"]:
            writer.stop(
                f"{writer.path}: only {free_mib:.0f} MiB of the disk are free, so recording "
                "ended; what was recorded is kept. Free the disk and record again"
            )
            self.get_logger().error(writer.problem)

    def _record(self, topic: str, type_name: str, qos: QoSProfile) -> None:
        assert self._writer is not None
        package, _, name = type_name.split("/")
        try:
            message_type = getattr(import_module(f"{package}.msg"), name)
        except (ImportError, AttributeError) as error:
            raise ConfigurationError(
                f"{topic} isn't recorded: {type_name} isn't installed here ({error})"
            ) from error
        self._writer.add_topic(topic, type_name, [recorded_qos(qos)])
        self._recorded[topic] = self.subscribe(
            message_type, topic, lambda data: self._keep(topic, data), qos, raw=True
        )

    def _keep(self, topic: str, data: bytes) -> None:
        if self._writer is not None:
            self._writer.put(topic, self.get_clock().now().nanoseconds, data)
            self.diagnostics.count("messages")
            self._counts[topic] += 1

    def _bag_status(self) -> Status:
        writer = self._writer
        assert writer is not None
        values = {
            "written": str(writer.written),
            "dropped": str(writer.dropped),
            "waiting_mib": f"{writer.waiting_bytes / MIB:.1f}",
            "disk_free_mib": f"{shutil.disk_usage(writer.path).free / MIB:.0f}",
            **{topic: str(count) for topic, count in self._counts.items()},
        }
        if writer.problem or writer.dropped:
            return Status(ERROR, writer.problem or f"{writer.dropped} messages dropped", values)
        return Status(OK, "recording", values)


def main(args: list[str] | None = None) -> None:
    run(lambda: [BagRecorder()], args)


if __name__ == "__main__":
    main()
