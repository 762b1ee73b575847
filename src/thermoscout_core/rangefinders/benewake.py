"""Benewake TF-Luna, TFmini(-S/Plus), TF02-Pro, TF03: protocol=benewake.

A measurement is nine bytes, little-endian: 59 59, distance, strength, temperature, and the low
byte of the sum of the eight before. Commands and their answers: 5A, length, id, payload, sum.
Source: the product manuals of TF-Luna (SJ-PM-TF-Luna A05) and TF03.
"""

from __future__ import annotations

import math
import struct
from typing import ClassVar

from thermoscout_core.device_urls import DeviceUrl
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.rangefinders.frames import NEEDS_MORE, NO_FRAME, FrameScanner
from thermoscout_core.rangefinders.protocol import (
    TRIGGER,
    Event,
    LineSettings,
    Measured,
    Model,
    Parser,
    RangeProtocol,
    Said,
)

HEADER = b"\x59\x59"
MEASUREMENT_BYTES = 9
COMMAND = 0x5A
SHORTEST_ANSWER, LONGEST_ANSWER = 4, 32
WEAKEST = 100
SATURATED = 65535
FIRST_IMPOSSIBLE_CM = 32768
FIRST_SENTINEL = 65532
GET_FIRMWARE, SET_RATE, MEASURE, SET_OUTPUT, GET_CODE = 0x01, 0x03, 0x04, 0x07, 0x12


def command(number: int, payload: bytes = b"") -> bytes:
    """A command with its length and its sum."""
    body = bytes([COMMAND, 4 + len(payload), number]) + payload
    return body + bytes([sum(body) & 0xFF])


class BenewakeParser(Parser):
    """unit_m: what a count of the distance means, 0.01 or (output format 06) 0.001 m."""

    def __init__(self, unit_m: float = 0.01) -> None:
        self._unit_m = unit_m
        # In centimetres half of the counts is beyond any device; in millimetres they are needed.
        self._impossible = FIRST_IMPOSSIBLE_CM if unit_m == 0.01 else FIRST_SENTINEL
        self._scanner = FrameScanner(_length_of, _is_whole)

    def feed(self, data: bytes) -> list[Event]:
        events = [self._event(frame) for frame in self._scanner.feed(data)]
        self.torn = self._scanner.torn
        return [event for event in events if event is not None]

    def reset(self) -> None:
        self._scanner.reset()

    def _event(self, frame: bytes) -> Event | None:
        return self._measured(frame) if frame[0] == HEADER[0] else _said(frame)

    def _measured(self, frame: bytes) -> Measured:
        counts, strength = struct.unpack_from("<HH", frame, 2)
        if counts >= FIRST_SENTINEL:
            return Measured(math.nan, f"the device says {counts}: saturated or too much light")
        if counts >= self._impossible:
            return Measured(math.nan, f"impossible distance {counts}")
        if strength == SATURATED:
            return Measured(math.nan, "signal saturated")
        if strength < WEAKEST:
            return Measured(math.nan, f"signal too weak ({strength})")
        return Measured(counts * self._unit_m)


def _length_of(buffer: bytes, at: int) -> int:
    first, left = buffer[at], len(buffer) - at
    if first not in (HEADER[0], COMMAND):
        return NO_FRAME
    if left < 2:
        return NEEDS_MORE
    second = buffer[at + 1]
    if first == HEADER[0]:
        return MEASUREMENT_BYTES if second == HEADER[1] else NO_FRAME
    return second if SHORTEST_ANSWER <= second <= LONGEST_ANSWER else NO_FRAME


def _is_whole(frame: bytes) -> bool:
    return sum(frame[:-1]) & 0xFF == frame[-1]


def _said(frame: bytes) -> Said | None:
    number, payload = frame[2], frame[3:-1]
    if number == GET_FIRMWARE and len(payload) == 3:
        return Said("firmware", ".".join(str(byte) for byte in reversed(payload)))
    if number == GET_CODE and len(payload) == 14 and payload.isalnum():
        return Said("serial_number", payload.decode("ascii"))
    if number == SET_RATE and len(payload) == 2:
        return Said("rate", str(int.from_bytes(payload, "little")))
    return None


class Benewake(RangeProtocol):
    """Option of its own: unit=cm|mm, as the device is set."""

    name = "benewake"
    line = LineSettings(115200)
    models: ClassVar = {
        "tf02-pro": Model(0.1, 40.0, math.radians(3.0), 100.0),
        "tf03-100": Model(0.1, 100.0, math.radians(0.5), 100.0),
        "tf03-180": Model(0.1, 180.0, math.radians(0.5), 100.0),
        "tf-luna": Model(0.2, 8.0, math.radians(2.0), 100.0),
        "tfmini": Model(0.3, 12.0, math.radians(2.3), 100.0),
        "tfmini-s": Model(0.1, 12.0, math.radians(2.0), 100.0),
        "tfmini-plus": Model(0.1, 12.0, math.radians(3.6), 100.0),
    }

    def __init__(self, url: DeviceUrl) -> None:
        super().__init__(url)
        unit = url.choice("unit", "cm", ("cm", "mm"))
        self.parser = BenewakeParser(0.01 if unit == "cm" else 0.001)

    def identify(self) -> bytes:
        return command(GET_FIRMWARE) + command(GET_CODE)

    def start(self) -> bytes:
        output_on = command(SET_OUTPUT, b"\x01")
        if self.mode == TRIGGER:
            return command(SET_RATE, b"\x00\x00") + output_on
        return (self.set_rate(self.asked_rate_hz) if self.asked_rate_hz else b"") + output_on

    def trigger(self) -> bytes:
        return command(MEASURE)

    def set_rate(self, rate_hz: float) -> bytes:
        if rate_hz != int(rate_hz) or rate_hz < 1:
            raise ConfigurationError(
                f"benewake: the rate is a whole number of Hz, not {rate_hz:g}"
            )
        return command(SET_RATE, int(rate_hz).to_bytes(2, "little"))
