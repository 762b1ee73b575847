"""A bag of raw frames as a camera, written by rosbags and read without ROS."""

from __future__ import annotations

import numpy as np
import pytest

from thermoscout_core.cameras.base import EndOfStream
from thermoscout_core.cameras.registry import open_camera
from thermoscout_core.errors import DeviceError

FRAMES, PERIOD_S = 5, 0.1


@pytest.fixture
def bag(tmp_path):
    """Five frames, 0.1 s apart, the third of an encoding that can't be used."""
    from rosbags.rosbag2 import Writer
    from rosbags.typesys import Stores, get_typestore

    store = get_typestore(Stores.ROS2_JAZZY)
    image_type = store.types["sensor_msgs/msg/Image"]
    header_type = store.types["std_msgs/msg/Header"]
    time_type = store.types["builtin_interfaces/msg/Time"]
    path = tmp_path / "patrol"
    with Writer(path, version=9) as writer:
        name = image_type.__msgtype__
        connection = writer.add_connection("/robot/thermal/image_raw", name, typestore=store)
        for number in range(FRAMES):
            at_ns = 1_000_000_000 + round(number * PERIOD_S * 1e9)
            header = header_type(time_type(at_ns // 10**9, at_ns % 10**9), "camera")
            pixels = np.full((4, 6), 700 + number, "<u2").view(np.uint8).ravel()
            encoding = "rgb16" if number == 2 else "mono16"
            image = image_type(header, 4, 6, encoding, 0, 12, pixels)
            writer.write(connection, at_ns, store.serialize_cdr(image, name))
    return path


def bag_camera(bag, clock, options=""):
    camera = open_camera(f"bag://{bag}?topic=robot/thermal/image_raw&{options}", clock)
    camera.open()
    return camera


def read_all(camera):
    frames = []
    with pytest.raises(EndOfStream):
        while True:
            frame = camera.read(10.0)
            if frame is not None:
                frames.append(frame)
    camera.close()
    return frames


def numbers(frames):
    return [int(frame.counts[0, 0]) for frame in frames]


def test_frames_come_in_order_at_the_pace_of_the_recording_and_end(bag, clock):
    begun_s = clock.now_s()
    frames = read_all(bag_camera(bag, clock))
    assert numbers(frames) == [700, 701, 703, 704]
    due_s = [0.0, 0.1, 0.3, 0.4]
    assert [frame.stamp_s - begun_s for frame in frames] == pytest.approx(due_s, abs=1e-6)


def test_speed_shortens_the_pauses(bag, clock):
    begun_s = clock.now_s()
    frames = read_all(bag_camera(bag, clock, "speed=4"))
    assert frames[-1].stamp_s - begun_s == pytest.approx(0.1, abs=1e-6)


def test_it_begins_where_it_is_told_to(bag, clock):
    assert numbers(read_all(bag_camera(bag, clock, "start=0.3"))) == [703, 704]


def test_it_can_be_wound_back(bag, clock):
    camera = bag_camera(bag, clock)
    first = [camera.read(10.0) for _ in range(2)]
    camera.seek(0.0)
    again = [camera.read(10.0) for _ in range(2)]
    assert numbers(first) == numbers(again) == [700, 701]
    camera.close()


def test_a_loop_begins_anew_without_a_frame_twice_at_a_time(bag, clock):
    camera = bag_camera(bag, clock, "loop=1")
    frames = [camera.read(10.0) for _ in range(9)]
    camera.close()
    assert numbers(frames) == [700, 701, 703, 704, 700, 701, 703, 704, 700]
    stamps = [frame.stamp_s for frame in frames]
    assert stamps == sorted(stamps)


def test_a_frame_that_can_not_be_used_is_passed_over_and_told(bag, clock):
    camera = bag_camera(bag, clock)
    read_all(camera)
    assert len(camera.errors) == 1 and "rgb16" in camera.errors[0]


def test_frames_without_radiometry_carry_no_temperature(bag, clock):
    assert all(frame.radiometry.scale is None for frame in read_all(bag_camera(bag, clock)))


def test_what_is_no_bag_or_holds_no_frames_is_named(bag, clock, tmp_path):
    with pytest.raises(DeviceError, match="bag"):
        open_camera(f"bag://{tmp_path}/nothing", clock).open()
    camera = open_camera(f"bag://{bag}?topic=other", clock)
    camera.open()
    with pytest.raises(DeviceError, match="no usable frame on other"):
        camera.read(1.0)
    camera.close()


def test_a_clock_that_is_set_back_does_not_hold_it(bag, clock):
    camera = bag_camera(bag, clock)
    camera.read(10.0)
    clock.time_s -= 3600.0
    assert numbers([camera.read(10.0), camera.read(10.0)]) == [701, 703]
    camera.close()
