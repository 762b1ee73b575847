"""JRT and Meskernel laser modules: protocol=jrt.

Frames are big-endian: AA (EE in an error), read flag and address, register, count of 16-bit words,
the words, and the low byte of the sum of all after the first. A measurement is register 0022:
millimetres (32 bits) and quality (16 bits). Source: Meskernel LDJ100-689 manual R1 and JRT's
"Laser distance module" protocol.
"""

from __future__ import annotations

import math
from typing import ClassVar

from thermoscout_core.device_urls import DeviceUrl
from thermoscout_core.rangefinders.frames import NEEDS_MORE, NO_FRAME, FrameScanner
from thermoscout_core.rangefinders.protocol import (
    CONTINUOUS,
    NO_TARGET,
    Event,
    LineSettings,
    Measured,
    Model,
    Parser,
    RangeProtocol,
    Said,
)

GOOD, BAD = 0xAA, 0xEE
READ = 0x80
STATUS, SOFTWARE, SERIAL_NUMBER, START, RESULT = 0x0000, 0x000C, 0x000E, 0x0020, 0x0022
HEAD_BYTES, MOST_WORDS = 6, 8
STOP = b"X"
TARGET_OUT_OF_RANGE = 0x05
PROBLEMS = {
    0x01: "supply voltage too low",
    0x02: "internal error",
    0x03: "module too cold",
    0x04: "module too hot",
    0x06: "invalid measurement",
    0x07: "too much background light",
    0x08: "signal too weak",
    0x09: "signal too strong",
    0x0F: "signal unstable",
    0x81: "it didn't understand the command",
}
SPEEDS = ("auto", "slow", "fast")
FIRST_CONTINUOUS = 4


def write(register: int, value: int) -> bytes:
    """The command that writes one word: write(0x20, 0) is AA 00 00 20 00 01 00 00 21."""
    return _summed(bytes([0, register >> 8, register & 0xFF, 0, 1, value >> 8, value & 0xFF]))


def read(register: int) -> bytes:
    """The command that reads a register."""
    return _summed(bytes([READ, register >> 8, register & 0xFF]))


def _summed(body: bytes) -> bytes:
    return bytes([GOOD]) + body + bytes([sum(body) & 0xFF])


class JrtParser(Parser):
    """Measurements, errors, and the registers that tell who the module is."""

    def __init__(self) -> None:
        self._scanner = FrameScanner(_length_of, _is_whole)

    def feed(self, data: bytes) -> list[Event]:
        events = [_event(frame) for frame in self._scanner.feed(data)]
        self.torn = self._scanner.torn
        return [event for event in events if event is not None]

    def reset(self) -> None:
        self._scanner.reset()


def _length_of(buffer: bytes, at: int) -> int:
    if buffer[at] not in (GOOD, BAD):
        return NO_FRAME
    if len(buffer) - at < HEAD_BYTES:
        return NEEDS_MORE
    words = int.from_bytes(buffer[at + 4 : at + 6], "big")
    return HEAD_BYTES + 2 * words + 1 if 1 <= words <= MOST_WORDS else NO_FRAME


def _is_whole(frame: bytes) -> bool:
    return sum(frame[1:-1]) & 0xFF == frame[-1]


def _event(frame: bytes) -> Event | None:
    register = int.from_bytes(frame[2:4], "big")
    payload = frame[HEAD_BYTES:-1]
    if frame[0] == BAD:
        return _problem(int.from_bytes(payload[:2], "big"))
    if register == RESULT and len(payload) == 6:
        return Measured(int.from_bytes(payload[:4], "big") * 1e-3)
    if register == SERIAL_NUMBER and len(payload) in (2, 4):
        return Said("serial_number", payload.hex())
    if register == SOFTWARE and len(payload) == 2:
        return Said("firmware", payload.hex())
    return None


def _problem(code: int) -> Measured:
    if code == TARGET_OUT_OF_RANGE:
        return NO_TARGET
    return Measured(math.nan, PROBLEMS.get(code, f"error {code:#04x}"))


class Jrt(RangeProtocol):
    """Option of its own: speed=auto|slow|fast; slow is the most exact."""

    name = "jrt"
    line = LineSettings(19200)
    models: ClassVar = {
        "m88": Model(0.03, 100.0, 0.0006, 3.0),
        "ldj": Model(0.03, 100.0, 0.0006, 3.0),
        "ldl": Model(0.03, 40.0, 0.0006, 3.0),
    }
    longest_s = 4.0  # on a dark target

    def __init__(self, url: DeviceUrl) -> None:
        super().__init__(url)
        self._speed = SPEEDS.index(url.choice("speed", SPEEDS[0], SPEEDS))
        self.parser = JrtParser()

    def identify(self) -> bytes:
        return read(SOFTWARE) + read(SERIAL_NUMBER)

    def start(self) -> bytes:
        return write(START, FIRST_CONTINUOUS + self._speed) if self.mode == CONTINUOUS else b""

    def trigger(self) -> bytes:
        return write(START, self._speed)

    def stop(self) -> bytes:
        return STOP
