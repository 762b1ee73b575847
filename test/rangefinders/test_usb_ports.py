"""Which port an adapter is after it was plugged in again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from thermoscout_core.errors import DeviceError
from thermoscout_core.rangefinders.usb_ports import find_port, identity_of, usb_identity


@dataclass
class FakePort:
    device: str
    vid: int | None = 0x0403
    pid: int | None = 0x6001
    serial_number: str | None = "A50285BI"


FTDI = FakePort("/dev/ttyUSB1")
CH340 = FakePort("/dev/ttyUSB0", 0x1A86, 0x7523, None)
BUILT_IN = FakePort("/dev/ttyS0", None, None, None)


def test_an_identity_is_maker_product_and_serial_number():
    assert usb_identity(FTDI) == "0403:6001:A50285BI"
    assert usb_identity(CH340) == "1a86:7523"
    assert usb_identity(BUILT_IN) == ""


def test_without_an_identity_the_path_is_taken_as_it_is():
    assert find_port("/dev/ttyUSB7", "", [FTDI]) == "/dev/ttyUSB7"


def test_an_adapter_is_found_under_its_new_path_and_whatever_has_the_old_one_is_left():
    usurper = FakePort("/dev/ttyUSB0", serial_number="OTHER")
    assert find_port("/dev/ttyUSB0", "0403:6001:A50285BI", [usurper, FTDI]) == "/dev/ttyUSB1"


def test_one_that_is_not_plugged_in_is_named_with_what_is():
    with pytest.raises(DeviceError, match=r"0403:6001:A50285BI isn't plugged in.*ttyUSB0"):
        find_port("/dev/ttyUSB1", "0403:6001:A50285BI", [CH340])


def test_of_adapters_without_a_serial_number_the_one_at_the_path_is_taken():
    twin = FakePort("/dev/ttyUSB3", 0x1A86, 0x7523, None)
    assert find_port("/dev/ttyUSB3", "1a86:7523", [CH340, twin]) == "/dev/ttyUSB3"
    with pytest.raises(DeviceError, match="by-path"):
        find_port("/dev/ttyUSB9", "1a86:7523", [CH340, twin])


def test_a_link_to_the_port_is_followed(tmp_path: Path):
    device, link = tmp_path / "ttyUSB0", tmp_path / "by-id"
    device.touch()
    link.symlink_to(device)
    port = FakePort(str(device.resolve()))
    assert identity_of(str(link), [port]) == "0403:6001:A50285BI"
    assert find_port(str(link), "0403:6001:A50285BI", [port]) == str(link)
