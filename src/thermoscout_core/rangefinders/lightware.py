"""LightWare SF02/SF11/SF30, LW20/SF20: protocol=lightware.

Three dialects. ascii: metres on a line of its own, streamed or asked for by "d" (SF11, SF02, and
the LW20's legacy answer). lw20: "?LDF,1" answered by "ldf,1:0.45". binary: the legacy two bytes of
a stream, 1hhhhhhh 0lllllll, centimetres. None has a checksum; lw20's lines are the hardest to
mistake. Source: SF11 and LW20/SF20 product manuals.
"""

from __future__ import annotations

import re
from typing import ClassVar

from thermoscout_core.device_urls import DeviceUrl
from thermoscout_core.rangefinders.protocol import (
    CONTINUOUS,
    NO_TARGET,
    TRIGGER,
    Event,
    LineSettings,
    Measured,
    Model,
    Parser,
    RangeProtocol,
    Said,
)
from thermoscout_core.rangefinders.text_lines import LineScanner

LOST_SIGNAL_M = (130.0, 160.0, 230.0, 250.0)
"""What the models print when nothing comes back; newer firmware prints a negative distance."""
FIRST_BYTE = 0x80
MODES = {"lw20": (TRIGGER,), "ascii": (CONTINUOUS, TRIGGER), "binary": (CONTINUOUS,)}
"""The LW20 answers each question once; the legacy bytes are only streamed."""

_METRES = re.compile(r"(-?\d{1,3}\.\d{1,3})")
_ANSWER = re.compile(r"ldf,\d:\s*(-?\d{1,3}\.\d{1,3})")
_PRODUCT = re.compile(r"(?:p:|\? ?)([A-Z]{2}\d{2}.{0,60})")


def _measured(distance_m: float) -> Measured:
    lost = distance_m < 0 or round(distance_m, 2) in LOST_SIGNAL_M
    return NO_TARGET if lost else Measured(distance_m)


class TextParser(Parser):
    """Of the dialects ascii and lw20. Of bare numbers the first is passed over: its beginning may
    have been sent before we listened."""

    def __init__(self, bare_numbers: bool) -> None:
        self._pattern = _METRES if bare_numbers else _ANSWER
        self._bare_numbers = bare_numbers
        self._scanner = LineScanner()
        self._strange = 0
        self._first = True

    def feed(self, data: bytes) -> list[Event]:
        events = [self._event(line.strip()) for line in self._scanner.feed(data)]
        self.torn = self._scanner.torn + self._strange
        return [event for event in events if event is not None]

    def reset(self) -> None:
        self._scanner.reset()
        self._first = True

    def _event(self, line: str) -> Event | None:
        first, self._first = self._first, False
        if found := self._pattern.fullmatch(line):
            cut_short = first and self._bare_numbers
            return None if cut_short else _measured(float(found.group(1)))
        if found := _PRODUCT.fullmatch(line):
            return Said("firmware", found.group(1))
        self._strange += not first
        return None


class BinaryParser(Parser):
    """Of the dialect binary. A byte out of turn is passed over."""

    def __init__(self) -> None:
        self._first: int | None = None

    def feed(self, data: bytes) -> list[Event]:
        events: list[Event] = []
        for byte in data:
            if byte >= FIRST_BYTE:
                self.torn += self._first is not None
                self._first = byte
            elif self._first is None:
                self.torn += 1
            else:
                events.append(_measured(((self._first & 0x7F) << 7 | byte) / 100))
                self._first = None
        return events

    def reset(self) -> None:
        self._first = None


class LightWare(RangeProtocol):
    """Option of its own: dialect=lw20|ascii|binary, lw20 for that model and ascii for others."""

    name = "lightware"
    line = LineSettings(115200)
    models: ClassVar = {
        "lw20": Model(0.2, 100.0, 0.005, 20.0),
        "sf11": Model(0.2, 100.0, 0.0035, 20.0),
        "sf30": Model(0.2, 100.0, 0.0035, 20.0),
        "sf02": Model(0.2, 40.0, 0.0035, 12.0),
    }

    def __init__(self, url: DeviceUrl) -> None:
        model = self.take_model(url)
        self._dialect = url.choice("dialect", "lw20" if model == "lw20" else "ascii", MODES)
        super().__init__(url, model, MODES[self._dialect])
        self.parser = (
            BinaryParser() if self._dialect == "binary" else TextParser(self._dialect == "ascii")
        )

    def identify(self) -> bytes:
        # The LW20 answers nothing to its first line after power-up.
        return b"" if self._dialect == "binary" else b"\r\n?P\r\n"

    def trigger(self) -> bytes:
        return b"?LDF,1\r\n" if self._dialect == "lw20" else b"d"
