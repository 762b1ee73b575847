"""What was recorded is kept: a killed recorder, a full disk, a name that is taken."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from rosbags.highlevel import AnyReader
from std_msgs.msg import String

from thermoscout_core.errors import ConfigurationError
from thermoscout_nodes.bag_recorder import BagRecorder
from thermoscout_nodes.bag_recovery import recover
from thermoscout_nodes.bag_writer import BagWriter
from thermoscout_nodes.qos import LATCHED

TEXT = "/text"
MESSAGE = b"\x00\x01\x00\x00\x02\x00\x00\x00x\x00\x00\x00"


def written(path: Path, count: int) -> BagWriter:
    writer = BagWriter(path, compress=True, queue_bytes=2**20)
    writer.add_topic(TEXT, "std_msgs/msg/String", [])
    for number in range(count):
        writer.put(TEXT, 10**9 + number, MESSAGE)
    return writer


def messages_in(bag: Path) -> int:
    with AnyReader([bag]) as reader:
        return sum(1 for _ in reader.messages())


def test_what_was_recorded_is_on_the_disk_within_a_second(tmp_path: Path) -> None:
    """The file of a recorder that is still running, copied as a kill -9 would leave it."""
    writer = written(tmp_path / "bag", 50)
    running = tmp_path / "running.mcap"
    source = tmp_path / "bag" / "bag.mcap"
    deadline_s = time.monotonic() + 20.0
    recovered = 0
    while recovered < 50:
        assert time.monotonic() < deadline_s
        running.write_bytes(source.read_bytes())
        target = tmp_path / f"recovered_{time.monotonic_ns()}"
        try:
            recovered = recover(running, target)
        except ConfigurationError:
            continue
    writer.close()
    assert messages_in(target) == 50


def test_a_record_that_is_cut_short_is_left_out(tmp_path: Path) -> None:
    writer = BagWriter(tmp_path / "bag", compress=False, queue_bytes=2**24)
    writer.add_topic(TEXT, "std_msgs/msg/String", [])
    for number in range(30):
        writer.put(TEXT, 10**9 + number, bytes(200_000))
    writer.close()
    whole = (tmp_path / "bag" / "bag.mcap").read_bytes()
    cut = tmp_path / "cut.mcap"
    cut.write_bytes(whole[: len(whole) // 2])
    recovered = recover(cut, tmp_path / "recovered")
    assert 10 <= recovered <= 15
    assert messages_in(tmp_path / "recovered") == recovered


def test_nothing_to_recover_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no \.mcap file"):
        recover(tmp_path, tmp_path / "recovered")


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "foreign.mcap").write_bytes(b"not an MCAP file")
    with pytest.raises(ConfigurationError, match="is no MCAP file"):
        recover(tmp_path / "foreign.mcap", tmp_path / "recovered")


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes: write() fails as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


def test_a_disk_that_is_full_is_told_and_what_was_written_is_kept(tmp_path: Path) -> None:
    with disk_of(2_000_000):
        writer = BagWriter(tmp_path / "bag", compress=True, queue_bytes=2**24)
        writer.add_topic(TEXT, "std_msgs/msg/String", [])
        for number in range(30):
            writer.put(TEXT, 10**9 + number, os.urandom(200_000))
        writer.close()
    assert "thermoscout bag recover" in writer.problem
    assert writer.dropped > 0
    assert recover(tmp_path / "bag", tmp_path / "recovered") >= 5


def test_recording_ends_in_order_before_the_disk_is_full(graph: Any, tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    recorder = graph.make(BagRecorder, {"output": str(bag), "reserve_mib": 0})
    publisher = graph.peer.create_publisher(String, "text", LATCHED)
    publisher.publish(String(data="kept"))
    graph.spin_until(lambda: recorder._counts["/text"])
    from rclpy.parameter import Parameter

    recorder.set_parameters([Parameter("reserve_mib", value=2**20)])
    graph.spin_until(lambda: recorder._writer.problem)
    recorder.trigger_deactivate()
    recorder.trigger_cleanup()
    with AnyReader([bag]) as reader:
        assert "/text" in {connection.topic for connection in reader.connections}


def test_a_killed_recorder_loses_a_second_at_most(graph: Any, tmp_path: Path) -> None:
    """kill -9: the bag has no end, and is mended."""
    bag = tmp_path / "bag"
    file = tmp_path / "parameters.yaml"
    file.write_text(f'/**/bag_recorder: {{ros__parameters: {{output: "{bag}"}}}}\n')
    environment = {**os.environ, "ROS_DOMAIN_ID": str(graph.domain_id)}
    command = [sys.executable, "-m", "thermoscout_nodes.bag_recorder", "--ros-args"]
    process = subprocess.Popen([*command, "--params-file", str(file)], env=environment)
    try:
        publisher = graph.peer.create_publisher(String, "text", 10)
        graph.spin_until(publisher.get_subscription_count, deadline_s=60.0)
        publisher.publish(String(data="kept"))
        source = bag / "bag.mcap"
        begun = source.stat().st_size
        graph.spin_until(lambda: source.stat().st_size > begun)
    finally:
        process.kill()
        process.wait()
    assert recover(bag, tmp_path / "recovered") >= 1
