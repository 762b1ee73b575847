"""Dimetix D-Series, DLS-C, FLS-C: protocol=dimetix.

ASCII lines ended by CR LF at 19200 7E1. "s0g" asks the sensor with ID 0 for one measurement,
"s0h" for one after the other, "s0c" stops; "g0g+00123456" is 12.3456 m, "g0@E255" an error.
Source: Dimetix, Technical Reference Manual DLS-C(H)/FLS-C(H) and D-Series V1.06.
"""

from __future__ import annotations

import math
import re
from typing import ClassVar

from thermoscout_core.device_urls import DeviceUrl
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.rangefinders.protocol import (
    CONTINUOUS,
    Event,
    LineSettings,
    Measured,
    Model,
    Parser,
    RangeProtocol,
    Said,
)
from thermoscout_core.rangefinders.text_lines import LineScanner

METRES_PER_COUNT = 1e-4
PROBLEMS = {
    203: "it didn't understand the command",
    252: "sensor too hot",
    253: "sensor too cold",
    255: "signal too weak",
    256: "signal too strong",
    257: "too much background light",
}
TICKS_PER_S = {"d-series": 1000, "dls-c": 100, "fls-c": 100}
"""What the sampling time of s0h+… counts in: milliseconds, or ten of them in generation C."""

_ANSWER = re.compile(r"g(\d)(?:([gh])([+-]\d{8})|(sn|sv)\+(\d{8})|@E(\d{3}))")


class DimetixParser(Parser):
    """Hears the sensor of one ID only: several may share an RS-485 line."""

    def __init__(self, sensor_id: int = 0) -> None:
        self._id = str(sensor_id)
        self._scanner = LineScanner()
        self._strange = 0

    def feed(self, data: bytes) -> list[Event]:
        events = [self._event(line) for line in self._scanner.feed(data)]
        self.torn = self._scanner.torn + self._strange
        return [event for event in events if event is not None]

    def reset(self) -> None:
        self._scanner.reset()

    def _event(self, line: str) -> Event | None:
        answer = _ANSWER.fullmatch(line)
        if answer is None:
            self._strange += not re.fullmatch(r"g\d(\w{1,3})?\?", line)  # a confirmation
            return None
        sensor_id, kind, counts, about, number, error = answer.groups()
        if sensor_id != self._id:
            return None
        if kind:
            return Measured(int(counts) * METRES_PER_COUNT)
        if about:
            return Said("serial_number" if about == "sn" else "firmware", number)
        return Measured(math.nan, PROBLEMS.get(int(error), "error") + f" (E{error})")


class Dimetix(RangeProtocol):
    """Option of its own: id=0…9, the sensor's on its line."""

    name = "dimetix"
    line = LineSettings(19200, data_bits=7, parity="E")
    models: ClassVar = {
        "d-series": Model(0.05, 100.0, 0.0006, 10.0),
        "dls-c": Model(0.05, 65.0, 0.0006, 1.0),
        "fls-c": Model(0.05, 65.0, 0.0006, 10.0),
    }
    longest_s = 4.0  # on a dark target

    def __init__(self, url: DeviceUrl) -> None:
        super().__init__(url)
        self._ticks_per_s = TICKS_PER_S[self.model_name]
        self._id = url.whole("id", 0, 0, 9)
        self.parser = DimetixParser(self._id)

    def identify(self) -> bytes:
        return self._command("sv") + self._command("sn")

    def start(self) -> bytes:
        if self.mode != CONTINUOUS:
            return b""
        return self.set_rate(self.asked_rate_hz) if self.asked_rate_hz else self._command("h")

    def trigger(self) -> bytes:
        return self._command("g")

    def stop(self) -> bytes:
        return self._command("c")

    def set_rate(self, rate_hz: float) -> bytes:
        if rate_hz <= 0:
            raise ConfigurationError(f"dimetix: the rate must be positive, not {rate_hz:g} Hz")
        return self._command(f"h+{round(self._ticks_per_s / rate_hz)}")

    def _command(self, what: str) -> bytes:
        return f"s{self._id}{what}\r\n".encode("ascii")
