"""Which serial port a USB adapter has become, when it was plugged in again."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Protocol

from thermoscout_core.errors import DeviceError


class Port(Protocol):
    """A serial port, as serial.tools.list_ports has it. vid is None when it isn't USB's."""

    device: str
    vid: int | None
    pid: int | None
    serial_number: str | None


def usb_identity(port: Port) -> str:
    """vid:pid:serial number of a port, such as 0403:6001:A50285BI; "" when it isn't USB's.

    Cheap adapters have no serial number: two of them can't be told apart, 1a86:7523 is both.
    """
    if port.vid is None or port.pid is None:
        return ""
    identity = f"{port.vid:04x}:{port.pid:04x}"
    return f"{identity}:{port.serial_number}" if port.serial_number else identity


def present_ports() -> list[Port]:
    """The serial ports of this machine."""
    from serial.tools.list_ports import comports

    return list(comports())


def identity_of(path: str, ports: Iterable[Port]) -> str:
    """The USB identity of the port at that path, links followed; "" when it has none."""
    real = os.path.realpath(path)
    return next((usb_identity(port) for port in ports if port.device == real), "")


def find_port(path: str, usb: str, ports: Iterable[Port]) -> str:
    """The path to open: that of the adapter `usb`, wherever it is now, or `path` when usb is "".

    Among several adapters of that identity the one at `path`. Raises DeviceError when none has it,
    or several do and none is at `path`.
    """
    if not usb:
        return path
    ports = list(ports)
    wanted = [port.device for port in ports if _is(port, usb)]
    if len(wanted) == 1 or os.path.realpath(path) in wanted:
        return path if os.path.realpath(path) in wanted else wanted[0]
    if not wanted:
        there = ", ".join(f"{port.device} ({usb_identity(port) or 'no USB'})" for port in ports)
        raise DeviceError(f"the USB adapter {usb} isn't plugged in; there is {there or 'no port'}")
    raise DeviceError(
        f"{', '.join(wanted)} are all {usb}, adapters without a serial number; name one by its "
        "/dev/serial/by-path/… link"
    )


def _is(port: Port, usb: str) -> bool:
    return usb_identity(port).lower() == usb.lower()
