"""A bag comes to the same verdicts each time, and can be paused, sought in and paced."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from rclpy.parameter import Parameter
from rclpy.serialization import deserialize_message
from rosbags.highlevel import AnyReader
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image
from thermoscout.msg import ThermalVerdicts

from thermoscout_nodes.bag_convert import START_S, convert
from thermoscout_nodes.bag_pace import Pace
from thermoscout_nodes.bag_source import BagSource, stamp_in
from thermoscout_nodes.device_messages import to_seconds
from thermoscout_nodes.qos import STANDARD
from thermoscout_nodes.replay import make_replay

RATE_HZ, SECONDS = 4.0, 3.0
CAMERA = f"sim://patrol?seed=7&width=128&height=96&rate={RATE_HZ:g}&hold=1"
RANGE = "sim://patrol?seed=7&hold=1"
FRAMES = int(RATE_HZ * SECONDS) - 1  # the first stamp lies one period after the beginning


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three stops of the simulated patrol with its ranges; the same on every machine."""
    path = tmp_path_factory.mktemp("bags") / "patrol"
    assert convert(CAMERA, path, RANGE, SECONDS).frames == FRAMES
    return path


@pytest.fixture
def playing(graph: Any, tmp_path: Path) -> Any:
    """Gives (player, nodes) of a bag with parameters of the player."""

    def make(path: Path, namespace: str = "", **parameters: Any) -> tuple[Any, Any]:
        values = {"bag": str(path), "rate": 0.0, "at_end": "wait", **parameters}
        file = tmp_path / "player.yaml"
        lines = "\n".join(f"    {name}: {str(value).lower()}" for name, value in values.items())
        file.write_text(
            f"/**/bag_player:\n  ros__parameters:\n{lines}\n".replace(
                str(path).lower(), f'"{path}"'
            )
        )
        arguments = ["--ros-args", "--params-file", str(file)]
        player, nodes = make_replay(context=graph.context, cli_args=arguments, namespace=namespace)
        for node in nodes:
            graph.add(node)
        for node in reversed(nodes):
            node.start_if_asked()
        return player, nodes

    return make


def test_the_same_bag_gives_the_same_verdicts_byte_for_byte(
    graph: Any, playing: Any, bag: Path
) -> None:
    digests = []
    for _ in range(2):
        player, nodes = playing(bag)
        graph.spin_until(lambda: player.played.complete, deadline_s=90.0)  # noqa: B023
        assert (player.played.frames, player.played.answered) == (FRAMES, FRAMES)
        digests.append(player.played.digest.hexdigest())
        for node in nodes:
            assert node.diagnostics.total("callback_errors") == 0, node.diagnostics.last_error
            graph.remove(node)
    assert digests[0] == digests[1]


def test_the_replayed_graph_finds_the_fault_that_was_recorded(
    graph: Any, playing: Any, bag: Path
) -> None:
    with AnyReader([bag]) as reader:
        chosen = [c for c in reader.connections if c.topic == "/simulation/truth"]
        truth = [reader.deserialize(data, c.msgtype) for c, _, data in reader.messages(chosen)]
    worst = max(verdict.severity for message in truth for verdict in message.verdicts)
    player, _ = playing(bag)
    found: list[int] = []

    def note(data: bytes) -> None:
        message = deserialize_message(data, ThermalVerdicts)
        found.extend(verdict.severity for verdict in message.verdicts)

    player.answered = note
    graph.spin_until(lambda: player.played.complete, deadline_s=90.0)
    assert max(found) == worst >= 2


def test_a_replay_waits_seeks_and_goes_on(graph: Any, playing: Any, bag: Path) -> None:
    times = graph.listen(Clock, "/clock", STANDARD)
    player, nodes = playing(bag, paused=True)
    stamps: list[float] = []
    player.answered = lambda data: stamps.append(stamp_in(data)[0] + stamp_in(data)[1] * 1e-9)
    graph.spin_until(lambda: player.is_active)
    assert player.played.frames == 0
    player.set_parameters([Parameter("position", value=2.0), Parameter("paused", value=False)])
    graph.spin_until(lambda: player.played.complete, deadline_s=90.0)
    assert stamps[0] >= START_S + 2.0
    graph.spin_until(lambda: times)
    judge = nodes[-1].get_clock().now().nanoseconds * 1e-9
    assert START_S <= judge <= START_S + SECONDS
    player.set_parameters([Parameter("position", value=0.0)])
    graph.spin_until(lambda: stamps[-1] < START_S + 2.0)
    assert all(node.diagnostics.total("callback_errors") == 0 for node in nodes)


def test_a_seek_takes_the_radiometry_of_before_along(bag: Path) -> None:
    source = BagSource(bag)
    start_ns = source.start_ns + 2 * 10**9
    played = list(source.messages(["/thermal/radiometry", "/thermal/image_raw"], start_ns))
    source.close()
    assert played[0].topic == "/thermal/radiometry"
    assert all(m.time_ns >= start_ns for m in played if m.topic == "/thermal/image_raw")


def test_messages_come_in_the_order_of_their_stamps(bag: Path) -> None:
    source = BagSource(bag)
    times = [message.time_ns for message in source.messages(list(source.topics))]
    source.close()
    assert times == sorted(times)
    assert len(times) > FRAMES


def test_a_folder_that_is_no_bag_says_what_to_do(playing: Any, tmp_path: Path) -> None:
    player, _ = playing(tmp_path)
    assert "thermoscout bag recover" in player.why_not


def test_a_bag_without_our_images_names_what_it_has(playing: Any, bag: Path) -> None:
    player, _ = playing(bag, namespace="robot2", recorded_namespace="robot1")
    assert "no /robot1/thermal/image_raw" in player.why_not
    assert "its images are on /thermal/image_raw" in player.why_not


def test_a_bag_is_played_into_another_namespace(graph: Any, playing: Any, bag: Path) -> None:
    player, _ = playing(bag, namespace="robot2", position=2.0)
    graph.spin_until(lambda: player.played.answered, deadline_s=60.0)
    names = dict(graph.peer.get_topic_names_and_types())
    assert {"/robot2/thermal/image_raw", "/robot2/verdicts"} <= set(names)
    assert "/verdicts" not in names


def test_thermograms_become_a_bag(tmp_path: Path) -> None:
    import cv2
    import numpy as np

    folder = tmp_path / "dataset"
    (folder / "counts").mkdir(parents=True)
    counts = np.arange(96 * 128, dtype=np.uint16).reshape(96, 128)
    cv2.imwrite(str(folder / "counts" / "a.png"), counts)
    (folder / "scale.yaml").write_text("gain: 0.04\noffset: -273.15\nencoding: mono16\n")
    url = f"file://{folder}?rate=2&loop=0"
    assert convert(url, tmp_path / "bag").frames == 1
    with AnyReader([tmp_path / "bag"]) as reader:
        chosen = [c for c in reader.connections if c.topic == "/thermal/image_raw"]
        images = [deserialize_message(data, Image) for _, _, data in reader.messages(chosen)]
    sent = np.frombuffer(images[0].data, np.uint16).reshape(96, 128)
    assert (sent == counts).all()
    assert to_seconds(images[0].header.stamp) >= START_S


@pytest.mark.parametrize(("rate", "after_s", "bag_s"), [(2.0, 3.0, 6.0), (0.5, 4.0, 2.0)])
def test_the_pace_follows_the_rate(rate: float, after_s: float, bag_s: float) -> None:
    now_s = [100.0]
    pace = Pace(rate, paused=False, steady_s=lambda: now_s[0])
    now_s[0] += after_s
    assert pace.bag_s == pytest.approx(bag_s)
    assert pace.is_due(bag_s - 0.01)
    assert not pace.is_due(bag_s + 0.01)


def test_a_paused_pace_stands_and_an_unheld_one_never_waits() -> None:
    pace = Pace(1.0, paused=True, steady_s=lambda: 0.0)
    assert not pace.is_due(0.0)
    pace.change(0.0, paused=False, played_s=5.0)
    assert pace.bag_s == math.inf
