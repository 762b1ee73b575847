"""Buffers as UVC cameras send them. No device has been tried."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thermoscout_core.cameras.registry import open_camera
from thermoscout_core.cameras.uvc import find_device, kernel_name
from thermoscout_core.cameras.y16 import UVC_MODELS, decode_y16
from thermoscout_core.errors import DeviceError

HOT_C, HOT_PIXEL = 92.34, (7, 11)


def sent_by(model, celsius):
    """The buffer of a device that sees that picture; other rows hold telemetry or video."""
    rows = np.full((model.sent_height, model.width), 0xABCD, "<u2")
    counts = np.rint((celsius + 273.15) / model.kelvin_per_count)
    rows[model.first_row : model.first_row + model.height] = counts
    return rows.tobytes()


@pytest.mark.parametrize("name", UVC_MODELS)
def test_the_temperature_that_was_sent_comes_back(name):
    model = UVC_MODELS[name]
    celsius = np.full((model.height, model.width), 20.0)
    celsius[HOT_PIXEL] = HOT_C
    counts = decode_y16(sent_by(model, celsius), model)
    assert counts.shape == (model.height, model.width)
    assert counts.flags.c_contiguous
    read_c = model.scale.to_celsius(counts)
    half_a_count = model.kelvin_per_count / 2
    assert read_c[HOT_PIXEL] == pytest.approx(HOT_C, abs=max(1e-4, half_a_count))
    assert np.abs(np.delete(read_c.ravel(), 7 * model.width + 11) - 20.0).max() <= half_a_count


@given(st.binary(max_size=4096), st.sampled_from(sorted(UVC_MODELS)))
def test_a_buffer_of_another_size_is_torn(buffer, name):
    with pytest.raises(DeviceError, match="torn frame"):
        decode_y16(buffer, UVC_MODELS[name])


def test_a_device_that_is_not_there_is_said_plainly():
    camera = open_camera("uvc:///dev/no-such-video?model=boson-640")
    with pytest.raises(DeviceError, match="isn't there"):
        camera.open()


def plug(folder, number, name, socket, serial="", index=0):
    """A node of the kernel's tree in that folder, as a USB camera has it."""
    node, interface = folder / "class" / f"video{number}", folder / socket / f"{socket}:1.0"
    node.mkdir(parents=True)
    interface.mkdir(parents=True, exist_ok=True)
    (node / "name").write_text(f"{name}\n")
    (node / "index").write_text(f"{index}\n")
    (node / "device").symlink_to(interface)
    if serial:
        (interface.parent / "serial").write_text(f"{serial}\n")
    return str(folder / "class")


def test_the_kernel_tells_the_device_and_its_socket_or_serial_number(tmp_path):
    sysfs = plug(tmp_path, 7, "PureThermal  2", "1-2")
    plug(tmp_path, 8, "Boson", "1-3", serial="12345")
    assert kernel_name("/dev/video7", sysfs) == "PureThermal 2 on 1-2:1.0"
    assert kernel_name("/dev/video8", sysfs) == "Boson 12345"
    assert kernel_name("/dev/video9", sysfs) == ""


def test_a_camera_is_found_again_under_another_name_and_in_another_socket(tmp_path):
    sysfs = plug(tmp_path, 0, "PureThermal 2", "1-1")  # another one has its old name now
    plug(tmp_path, 3, "Boson", "1-4", serial="12345", index=1)
    plug(tmp_path, 2, "Boson", "1-4", serial="12345", index=0)
    assert find_device("/dev/video0", "Boson 12345", sysfs) == "/dev/video2"
    assert find_device("/dev/video0", "PureThermal 2 on 1-1:1.0", sysfs) == "/dev/video0"
    assert find_device("/dev/video0", "Boson 99", sysfs) == "/dev/video0"
    assert find_device("/dev/video0", "", sysfs) == "/dev/video0"
