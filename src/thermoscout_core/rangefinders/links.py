"""The two ways to a serial device: a port of this machine, or a TCP serial server."""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Callable
from typing import Any, Protocol

from thermoscout_core.device_urls import DeviceUrl
from thermoscout_core.errors import ConfigurationError, DeviceError
from thermoscout_core.rangefinders.protocol import LineSettings
from thermoscout_core.rangefinders.usb_ports import find_port, identity_of, present_ports

CONNECT_TIMEOUT_S = 1.0
WRITE_TIMEOUT_S = 0.5
MOST_BYTES = 4096


class Link(Protocol):
    """An open line. Each method raises DeviceError when the line is gone."""

    def read(self, timeout_s: float) -> bytes:
        """What came, as soon as anything does; empty when nothing came in time."""
        ...

    def write(self, data: bytes) -> None: ...

    def close(self) -> None:
        """Harmless when it is closed already."""
        ...


Connect = Callable[[], tuple[Link, str]]
"""Opens a line and gives it with the identity of its USB adapter, "" for none."""


class SerialLink:
    """A serial port of this machine, by pyserial, that no other program may open meanwhile.

    Raises DeviceError when it can't be opened: not there, not permitted, in use.
    """

    def __init__(self, path: str, settings: LineSettings) -> None:
        import serial

        self._path = path
        try:
            self._port: Any = serial.Serial(
                path,
                settings.baud,
                bytesize=settings.data_bits,
                parity=settings.parity,
                timeout=0,
                write_timeout=WRITE_TIMEOUT_S,
                exclusive=True,
            )
        except (OSError, ValueError) as error:  # SerialException is an OSError
            raise DeviceError(f"{path} can't be opened: {_reason(error, path)}") from error
        if settings.parity != "N":
            self._check_parity()

    def read(self, timeout_s: float) -> bytes:
        try:
            ready, _, _ = select.select([self._port.fd], [], [], max(0.0, timeout_s))
            if not ready:
                return b""
            data = os.read(self._port.fd, MOST_BYTES)
        except (OSError, TypeError, ValueError) as error:  # TypeError: it is closed
            raise DeviceError(f"{self._path} is gone: {error}") from error
        if not data:
            raise DeviceError(f"{self._path} is gone (unplugged?)")
        return data

    def write(self, data: bytes) -> None:
        try:
            self._port.write(data)
        except (OSError, TypeError, ValueError) as error:
            raise DeviceError(f"{self._path} is gone: {error}") from error

    def close(self) -> None:
        self._port.close()

    def _check_parity(self) -> None:
        """Make the kernel look at the parity, which pyserial leaves undone: a byte that fails
        arrives as zero, and the line that it is in is dropped."""
        import termios

        attributes = termios.tcgetattr(self._port.fd)
        attributes[0] |= termios.INPCK
        termios.tcsetattr(self._port.fd, termios.TCSANOW, attributes)


class SocketLink:
    """A TCP serial server (ser2net, Moxa, …) in raw mode; the line's settings are the server's.

    place: host:port. Raises DeviceError when nobody answers there within a second.
    """

    def __init__(self, host: str, port: int) -> None:
        self._place = f"{host}:{port}"
        try:
            self._socket = socket.create_connection((host, port), CONNECT_TIMEOUT_S)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        except OSError as error:
            raise DeviceError(f"{self._place} can't be reached: {error}") from error

    def read(self, timeout_s: float) -> bytes:
        try:
            ready, _, _ = select.select([self._socket], [], [], max(0.0, timeout_s))
            if not ready:
                return b""
            data = self._socket.recv(MOST_BYTES)
        except (OSError, ValueError) as error:
            raise DeviceError(f"{self._place} is gone: {error}") from error
        if not data:
            raise DeviceError(f"{self._place} closed the connection")
        return data

    def write(self, data: bytes) -> None:
        try:
            self._socket.settimeout(WRITE_TIMEOUT_S)
            self._socket.sendall(data)
        except OSError as error:
            raise DeviceError(f"{self._place} is gone: {error}") from error

    def close(self) -> None:
        self._socket.close()


def gather(link: Link, for_s: float) -> bytes:
    """All that comes during that time."""
    data, end_s = b"", time.monotonic() + for_s
    while (left_s := end_s - time.monotonic()) > 0:
        data += link.read(left_s)
    return data


def way_to(url: DeviceUrl, settings: LineSettings) -> tuple[Connect, str]:
    """How to open the line that an address names, and what to call it.

    Takes the option usb of serial://. Raises ConfigurationError when no line is named.
    """
    if url.scheme == "socket":
        host, port = _host_and_port(url)
        return lambda: (SocketLink(host, port), ""), url.place
    path, usb = url.place, url.text("usb", "")
    if not path and not usb:
        raise ConfigurationError(
            f"{url.url}: no port is named; write serial:///dev/serial/by-id/… or give usb="
        )

    def connect() -> tuple[Link, str]:
        ports = present_ports()
        port = find_port(path, usb, ports)
        return SerialLink(port, settings), identity_of(port, ports)

    return connect, path or f"USB {usb}"


def _host_and_port(url: DeviceUrl) -> tuple[str, int]:
    host, _, port = url.place.rstrip("/").rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ConfigurationError(
            f"{url.url}: a serial server is socket://host:port, such as socket://10.0.0.7:4001"
        )
    return host.strip("[]"), int(port)


def _reason(error: Exception, path: str) -> str:
    if not os.path.exists(path):
        return "it isn't there (unplugged?)"
    if not os.access(path, os.R_OK | os.W_OK):
        return "not permitted; add the user to the group dialout and log in again"
    return str(error)
