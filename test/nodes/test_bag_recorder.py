"""A bag holds every topic with its type, its definition and its QoS, and can be read back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ament_index_python.packages import get_package_share_directory
from rosbags.highlevel import AnyReader
from rosbags.interfaces import QosDurability, QosReliability
from sensor_msgs.msg import Image
from std_msgs.msg import String
from thermoscout.msg import Radiometry, ThermalVerdicts

from thermoscout_core.errors import ConfigurationError
from thermoscout_nodes.bag_frames import BagFrames
from thermoscout_nodes.bag_recorder import BagRecorder
from thermoscout_nodes.bag_writer import BagWriter
from thermoscout_nodes.device_messages import stamp_key
from thermoscout_nodes.ir_camera import IrCamera
from thermoscout_nodes.qos import LATCHED, SENSOR_SUBSCRIBE

SIM = "sim://patrol?seed=7&width=128&height=96&rate=20"


@pytest.fixture(params=[True, False], ids=["compressed", "plain"])
def recorded(graph: Any, tmp_path: Path, request: Any) -> tuple[Path, list[Image]]:
    """A bag of some frames of a simulated camera, and the images that were sent meanwhile."""
    bag = tmp_path / "bag"
    recorder = graph.make(BagRecorder, {"output": str(bag), "compress": request.param})
    graph.spin_until(lambda: recorder.is_active)
    images = graph.listen(Image, "thermal/image_raw", SENSOR_SUBSCRIBE)
    camera = graph.make(IrCamera, {"url": SIM})
    graph.spin_until(lambda: len(images) > 10 and recorder.diagnostics.total("messages") > 40)
    camera.trigger_deactivate()
    recorder.trigger_deactivate()
    recorder.trigger_cleanup()
    return bag, images


def test_a_bag_can_be_read_back(recorded: tuple[Path, list[Image]]) -> None:
    bag, images = recorded
    sent = {stamp_key(image.header): bytes(image.data) for image in images}
    with AnyReader([bag]) as reader:
        found = {c.topic: c for c in reader.connections}
        assert found["/thermal/image_raw"].msgtype == "sensor_msgs/msg/Image"
        assert found["/simulation/truth"].msgtype == "thermoscout/msg/ThermalVerdicts"
        assert "/diagnostics" in found
        chosen = [found["/thermal/image_raw"]]
        for connection, _, data in reader.messages(connections=chosen):
            message = reader.deserialize(data, connection.msgtype)
            if stamp_key(message.header) in sent:
                assert message.data.tobytes() == sent[stamp_key(message.header)]


def test_a_bag_keeps_the_qos(recorded: tuple[Path, list[Image]]) -> None:
    with AnyReader([recorded[0]]) as reader:
        qos = {c.topic: c.ext.offered_qos_profiles[0] for c in reader.connections}
    assert qos["/thermal/radiometry"].durability is QosDurability.TRANSIENT_LOCAL
    assert qos["/thermal/radiometry"].reliability is QosReliability.RELIABLE
    assert qos["/thermal/image_raw"].durability is QosDurability.VOLATILE


@pytest.mark.parametrize("type_name", ["ThermalVerdicts", "Radiometry"])
def test_a_bag_states_the_installed_type(recorded: tuple[Path, Any], type_name: str) -> None:
    share = Path(get_package_share_directory("thermoscout"))
    description = json.loads((share / "msg" / f"{type_name}.json").read_text())
    installed = description["type_hashes"][0]["hash_string"]
    with AnyReader([recorded[0]]) as reader:
        digests = {c.msgtype: c.digest for c in reader.connections}
    assert digests[f"thermoscout/msg/{type_name}"] == installed


def test_frames_come_back_with_their_temperature(recorded: tuple[Path, Any]) -> None:
    frames = list(BagFrames(recorded[0]).frames())
    assert [stamp for stamp, _ in frames] == sorted({stamp for stamp, _ in frames})
    assert all(frame.radiometry.scale is not None for _, frame in frames)


def test_an_output_that_exists_is_left_alone(graph: Any, tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    bag.mkdir()
    recorder = graph.make(BagRecorder, {"output": str(bag), "autostart": False})
    recorder.trigger_configure()
    recorder.trigger_cleanup()
    assert not list(bag.iterdir())
    assert (tmp_path / "bag_2" / "metadata.yaml").is_file()


def test_excluded_topics_are_left_out(graph: Any, tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    parameters = {"output": str(bag), "exclude": "^/(secret|rosout|parameter_events)$"}
    recorder = graph.make(BagRecorder, parameters)
    publishers = [
        graph.peer.create_publisher(String, name, LATCHED) for name in ("secret", "open")
    ]
    for publisher in publishers:
        publisher.publish(String(data="hello"))
    graph.spin_until(lambda: recorder.diagnostics.total("messages"))
    graph.spin_until(lambda: publishers[1].get_subscription_count())
    recorder.trigger_deactivate()
    recorder.trigger_cleanup()
    with AnyReader([bag]) as reader:
        topics = {connection.topic for connection in reader.connections}
    assert "/open" in topics
    assert "/secret" not in topics


def test_what_does_not_fit_the_queue_is_counted(tmp_path: Path) -> None:
    writer = BagWriter(tmp_path / "bag", compress=False, queue_bytes=10)
    writer.add_topic("/topic", "std_msgs/msg/String", [])
    writer.put("/topic", 1, b"longer than ten bytes")
    writer.close()
    assert (writer.dropped, writer.written) == (1, 0)


def test_a_type_that_is_not_installed_is_named(tmp_path: Path) -> None:
    writer = BagWriter(tmp_path / "bag", compress=False, queue_bytes=10)
    with pytest.raises(ConfigurationError, match="no_such_package"):
        writer.add_topic("/topic", "no_such_package/msg/Thing", [])
    writer.close()


def test_the_messages_of_the_graph_are_known(tmp_path: Path) -> None:
    writer = BagWriter(tmp_path / "bag", compress=False, queue_bytes=10)
    for message_type in (Radiometry, ThermalVerdicts):
        writer.add_topic(
            f"/{message_type.__name__}", f"thermoscout/msg/{message_type.__name__}", []
        )
    writer.close()
