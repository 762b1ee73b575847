"""A folder of thermograms as a camera."""

import cv2
import numpy as np
import pytest

from thermoscout_core.cameras.base import EndOfStream
from thermoscout_core.cameras.registry import open_camera
from thermoscout_core.errors import DeviceError

SCALE = "gain: 0.1\noffset: -273.15\nencoding: mono16\n"


@pytest.fixture
def folder(tmp_path):
    for index in range(3):
        counts = np.full((24, 32), 3000 + index, np.uint16)
        assert cv2.imwrite(str(tmp_path / f"t{index}.png"), counts)
    (tmp_path / "scale.yaml").write_text(SCALE)
    return tmp_path


def opened(folder, clock, **options):
    camera = open_camera(folder.as_uri(), clock, **options)
    camera.open()
    return camera


def all_frames(camera, limit=50):
    frames = []
    try:
        for _ in range(limit):
            frame = camera.read(5.0)
            if frame is not None:
                frames.append(frame)
    except EndOfStream:
        pass
    return frames


def test_every_file_comes_once_in_order_and_then_the_stream_ends(folder, clock):
    frames = all_frames(opened(folder, clock))
    assert [int(frame.counts[0, 0]) for frame in frames] == [3000, 3001, 3002]
    assert [frame.source[-6:] for frame in frames] == ["t0.png", "t1.png", "t2.png"]


def test_frames_are_paced_and_stamped_with_the_time_of_giving(folder, clock):
    frames = all_frames(opened(folder, clock, rate=4))
    stamps = [frame.stamp_s for frame in frames]
    assert np.diff(stamps) == pytest.approx(0.25, abs=1e-6)
    assert stamps[0] == pytest.approx(1_700_000_000.0)
    assert clock.slept_s == pytest.approx(0.5, abs=1e-6)


def test_a_slow_reader_misses_nothing(folder, clock):
    camera = opened(folder, clock, rate=10)
    first = camera.read(1.0)
    clock.time_s += 30.0
    second = camera.read(1.0)
    assert int(second.counts[0, 0]) == int(first.counts[0, 0]) + 1
    assert second.stamp_s == pytest.approx(clock.now_s())


def test_read_gives_up_after_its_timeout(folder, clock):
    camera = opened(folder, clock, rate=0.5)
    camera.read(1.0)
    assert camera.read(0.25) is None


def test_with_loop_it_begins_again(folder, clock):
    camera = opened(folder, clock, loop=1)
    values = [int(camera.read(5.0).counts[0, 0]) for _ in range(5)]
    assert values == [3000, 3001, 3002, 3000, 3001]


def test_a_bad_file_is_passed_over_and_told(folder, clock):
    (folder / "t1.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    camera = opened(folder, clock)
    assert [int(frame.counts[0, 0]) for frame in all_frames(camera)] == [3000, 3002]
    (sentence,) = camera.errors
    assert "t1.png" in sentence


def test_a_loop_of_only_bad_files_ends_with_an_error(folder, clock):
    for path in folder.glob("*.png"):
        path.write_bytes(b"no picture")
    camera = opened(folder, clock, loop=1)
    with pytest.raises(DeviceError, match="none of 3 files"):
        for _ in range(5):
            camera.read(1.0)


def test_an_empty_folder_is_named_when_it_is_opened(tmp_path, clock):
    camera = open_camera(tmp_path.as_uri(), clock)
    with pytest.raises(DeviceError, match=tmp_path.name):
        camera.open()


def test_a_split_of_a_dataset_folder_can_be_chosen(tmp_path, clock):
    (tmp_path / "counts").mkdir()
    (tmp_path / "splits").mkdir()
    (tmp_path / "scale.yaml").write_text(SCALE)
    for index in range(3):
        counts = np.full((24, 32), 3000 + index, np.uint16)
        assert cv2.imwrite(str(tmp_path / "counts" / f"t{index}.png"), counts)
    (tmp_path / "splits" / "val.txt").write_text("t2\n")
    frames = all_frames(opened(tmp_path, clock, split="val"))
    assert [int(frame.counts[0, 0]) for frame in frames] == [3002]


def test_it_begins_where_it_is_told_to_and_can_be_wound_back(folder, clock):
    camera = opened(folder, clock, start=1)
    assert int(camera.read(5.0).counts[0, 0]) == 3001
    camera.seek(0)
    assert [int(frame.counts[0, 0]) for frame in all_frames(camera)] == [3000, 3001, 3002]
    with pytest.raises(DeviceError, match="no file 3, they are 0 to 2"):
        camera.seek(3)


def test_a_clock_that_is_set_back_does_not_hold_it(folder, clock):
    camera = opened(folder, clock, rate=4)
    camera.read(1.0)
    clock.time_s -= 3600.0
    assert int(camera.read(1.0).counts[0, 0]) == 3001
