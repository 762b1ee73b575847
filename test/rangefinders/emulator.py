"""A rangefinder in a process of its own, on a pty or behind a TCP serial server.

    python emulator.py benewake

Told what to do by lines on stdin, each answered by one line: "plug LINK" (a pty, LINK points to
it), "unplug", "listen" (answers with the port), "hang_up" (resets the TCP connection), and
"NAME VALUE" for each field of State. It speaks by the manuals, not by the code under test.
"""

from __future__ import annotations

import os
import random
import select
import socket
import struct
import sys
import time
import tty
from dataclasses import dataclass

TICK_S = 0.02


@dataclass
class State:
    """distance: m. noise: 1 puts noise, half frames and stray headers between frames. silent: 1
    sends nothing, on an open line. garbage: 1 sends noise instead. hold: 1 holds everything up, as
    a network does that stands still; 0 lets go of it at once. serial_number: who it is."""

    distance: float = 5.0
    noise: int = 0
    silent: int = 0
    garbage: int = 0
    hold: int = 0
    serial_number: str = "12345601"


class Device:
    """Of one family: what it sends by itself, and what it answers."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.streaming = False
        self.period_s = TICK_S

    def frame(self) -> bytes:
        raise NotImplementedError

    def answer(self, asked: bytes) -> bytes:
        raise NotImplementedError


class Benewake(Device):
    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.streaming = True

    def frame(self) -> bytes:
        cm = round(self.state.distance * 100)
        return self._summed(b"\x59\x59" + struct.pack("<HHH", cm, 500, 2200))

    def answer(self, asked: bytes) -> bytes:
        said = b""
        while asked[:1] == b"\x5a" and len(asked) >= 4:
            request, asked = asked[: asked[1]], asked[asked[1] :]
            if request[2] == 0x01:
                said += self._summed(b"\x5a\x07\x01" + bytes([7, 0, 2]))
            elif request[2] == 0x12:
                said += self._summed(b"\x5a\x12\x12" + self.state.serial_number.zfill(14).encode())
            elif request[2] == 0x03:
                rate_hz = struct.unpack_from("<H", request, 3)[0]
                self.streaming = rate_hz > 0
                self.period_s = 1 / rate_hz if rate_hz else TICK_S
                said += request
            elif request[2] == 0x04:
                said += self.frame()
        return said

    @staticmethod
    def _summed(body: bytes) -> bytes:
        return body + bytes([sum(body) % 256])


class Jrt(Device):
    def frame(self) -> bytes:
        return self._summed(
            struct.pack(">BHHIH", 0, 0x22, 3, round(self.state.distance * 1e3), 98)
        )

    def answer(self, asked: bytes) -> bytes:
        said = b""
        if b"X" in asked:
            self.streaming = False
        if b"\xaa\x80\x00\x0e\x8e" in asked:
            number = bytes.fromhex(self.state.serial_number)
            said += self._summed(struct.pack(">BHH", 0x80, 0x0E, len(number) // 2) + number)
        at = asked.find(b"\xaa\x00\x00\x20\x00\x01")
        if at >= 0:
            self.streaming = asked[at + 7] >= 4
            said += b"" if self.streaming else self.frame()
        return said

    @staticmethod
    def _summed(body: bytes) -> bytes:
        return b"\xaa" + body + bytes([sum(body) % 256])


class Dimetix(Device):
    def frame(self) -> bytes:
        kind = "h" if self.streaming else "g"
        return f"g0{kind}+{round(self.state.distance * 1e4):08d}\r\n".encode()

    def answer(self, asked: bytes) -> bytes:
        said = b""
        for line in asked.split(b"\r\n"):
            if line == b"s0c":
                self.streaming = False
                said += b"g0?\r\n"
            elif line == b"s0sn":
                said += f"g0sn+{self.state.serial_number}\r\n".encode()
            elif line == b"s0g":
                said += self.frame()
            elif line.startswith(b"s0h"):
                self.streaming = True
            elif line:
                said += b"g0@E203\r\n"
        return said


class Lightware(Device):
    def frame(self) -> bytes:
        return f"ldf,1:{self.state.distance:.2f}\r\n".encode()

    def answer(self, asked: bytes) -> bytes:
        said = b""
        for line in asked.split(b"\r\n"):
            said += {b"?P": b"p:LW20,1.0.0,11\r\n", b"?LDF,1": self.frame()}.get(line, b"")
        return said


class Plug:
    """The end of the line that the device holds: a pty's master or a server's connection."""

    def __init__(self) -> None:
        self.master = -1
        self.link = ""
        self.server: socket.socket | None = None
        self.connection: socket.socket | None = None

    def plug(self, link: str) -> None:
        self.master, slave = os.openpty()
        tty.setraw(slave)
        name = os.ttyname(slave)
        os.close(slave)
        os.set_blocking(self.master, False)
        self.link = link
        os.symlink(name, link)

    def unplug(self) -> None:
        os.unlink(self.link)
        os.close(self.master)
        self.master = -1

    def listen(self) -> int:
        if self.server is None:
            self.server = socket.create_server(("127.0.0.1", 0))
            self.server.setblocking(False)
        return int(self.server.getsockname()[1])

    def hang_up(self) -> None:
        if self.connection is not None:
            self.connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            self.connection.close()
            self.connection = None

    def read(self) -> bytes:
        if self.server is not None and self.connection is None:
            try:
                self.connection, _ = self.server.accept()
                self.connection.setblocking(False)
            except BlockingIOError:
                return b""
        try:
            if self.connection is not None:
                data = self.connection.recv(4096)
                if not data:
                    self.connection.close()
                    self.connection = None
                return data
            return os.read(self.master, 4096) if self.master >= 0 else b""
        except OSError:  # nothing to read, or nobody has the pty open
            return b""

    def write(self, data: bytes) -> None:
        try:
            if self.connection is not None:
                self.connection.send(data)
            elif self.master >= 0:
                os.write(self.master, data)
        except OSError:  # nobody reads
            pass


def with_noise(frame: bytes, dice: random.Random) -> bytes:
    flipped = bytearray(frame)
    flipped[dice.randrange(len(frame))] ^= 1 << dice.randrange(8)
    before = dice.choice([b"", frame[:1], frame[: len(frame) // 2], dice.randbytes(5)])
    return before + (bytes(flipped) if dice.random() < 0.3 else frame)


def main() -> None:
    families = {"benewake": Benewake, "jrt": Jrt, "dimetix": Dimetix, "lightware": Lightware}
    state, plug, dice = State(), Plug(), random.Random(7)
    device = families[sys.argv[1]](state)
    next_s = time.monotonic()
    pending = held = b""
    while True:
        wait_s = max(0.0, min(next_s - time.monotonic(), 0.005))
        if select.select([0], [], [], wait_s)[0]:
            data = os.read(0, 4096)
            if not data:
                return
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                print(obey(line.decode(), state, plug), flush=True)
        asked = plug.read()
        if asked and not state.silent and not state.garbage:
            plug.write(device.answer(asked))
        if time.monotonic() < next_s:
            continue
        next_s = max(next_s + device.period_s, time.monotonic() - device.period_s)
        if state.garbage:
            plug.write(dice.randbytes(16))
        elif device.streaming and not state.silent:
            held += with_noise(device.frame(), dice) if state.noise else device.frame()
        if held and not state.hold:
            plug.write(held)
            held = b""


def obey(line: str, state: State, plug: Plug) -> str:
    name, _, value = line.partition(" ")
    if name == "plug":
        plug.plug(value)
    elif name in ("unplug", "hang_up", "listen"):
        return str(getattr(plug, name)())
    else:
        setattr(state, name, type(getattr(state, name))(value))
    return "ok"


if __name__ == "__main__":
    main()
