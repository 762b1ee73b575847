"""What every rangefinder's serial protocol is: a parser of bytes, and the commands that it knows.

Nothing here opens a line: a protocol turns bytes into what they say and wishes into bytes, so that
all of it can be tested and fuzzed without a device.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from thermoscout_core.device_urls import DeviceUrl
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.rangefinders.base import by_rep_117

CONTINUOUS, TRIGGER = "continuous", "trigger"


@dataclass(frozen=True)
class LineSettings:
    """How the serial line is set: baud, data bits, parity (N or E); one stop bit."""

    baud: int = 115200
    data_bits: int = 8
    parity: str = "N"

    def __str__(self) -> str:
        return f"{self.baud} {self.data_bits}{self.parity}1"


@dataclass(frozen=True)
class Model:
    """A device as its data sheet has it. rate_hz: as delivered, or usual.
    min_range_m, max_range_m: of a bright target; field_of_view_rad: full angle of the beam."""

    min_range_m: float
    max_range_m: float
    field_of_view_rad: float
    rate_hz: float


@dataclass(frozen=True)
class Measured:
    """One measurement. distance_m: NaN when there is none, +inf when the device saw nothing.
    problem: why it is no number, "" when it is one."""

    distance_m: float
    problem: str = ""


@dataclass(frozen=True)
class Said:
    """What a device answered about itself. key: serial_number, firmware, rate, …"""

    key: str
    text: str


Event = Measured | Said
NO_TARGET = Measured(math.inf, "nothing in range")


class Parser(ABC):
    """Turns a stream of bytes, cut anywhere, into events.

    torn: frames begun but wrong in checksum or grammar. It keeps at most a frame's worth of bytes,
    never raises, and never measures from a frame whose checksum is wrong.
    """

    torn: int = 0

    @abstractmethod
    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete, in order."""

    @abstractmethod
    def reset(self) -> None:
        """Forget a frame that has begun."""


class RangeProtocol(ABC):
    """A family's language, with the options that all families share.

    URL options: model; mode=continuous|trigger; rate (Hz; 0 as the device has it, in trigger mode
    the model's); timeout (the longest that one measurement may take, s: an unanswered question is
    given up after it, a silent line is lost); baud; min, max (m) and fov (degrees) instead of the
    model's.
    """

    name: ClassVar[str]
    models: ClassVar[dict[str, Model]]
    line: ClassVar[LineSettings]
    longest_s: ClassVar[float] = 0.3

    parser: Parser

    def __init__(
        self,
        url: DeviceUrl,
        model_name: str | None = None,
        modes: tuple[str, ...] = (CONTINUOUS, TRIGGER),
    ) -> None:
        """model_name: where the subclass took it already. modes: the first is the default."""
        self.model_name = model_name or self.take_model(url)
        model = self.models[self.model_name]
        self.mode = url.choice("mode", modes[0], modes)
        self.asked_rate_hz = url.number("rate", 0.0, 0.0, 1000.0)
        self.rate_hz = self.asked_rate_hz or model.rate_hz
        self.timeout_s = url.number("timeout", self.longest_s, 0.05, 60.0)
        baud = url.whole("baud", self.line.baud, 1200, 3_000_000)
        self.settings = LineSettings(baud, self.line.data_bits, self.line.parity)
        self.min_range_m = url.number("min", model.min_range_m, 0.0, 10_000.0)
        self.max_range_m = url.number("max", model.max_range_m, 0.0, 10_000.0)
        fov_deg = url.number("fov", math.degrees(model.field_of_view_rad), 0.0, 90.0)
        self.field_of_view_rad = math.radians(fov_deg)
        if self.min_range_m >= self.max_range_m:
            raise ConfigurationError(
                f"{url.url}: min ({self.min_range_m:g} m) must be less than max "
                f"({self.max_range_m:g} m)"
            )

    @classmethod
    def take_model(cls, url: DeviceUrl) -> str:
        """The option model; the family's first when it isn't given."""
        return url.choice("model", next(iter(cls.models)), cls.models)

    def range_m(self, measured: Measured) -> float:
        """By REP-117: the distance, −inf too close, +inf nothing in range, NaN not measured."""
        if math.isnan(measured.distance_m):
            return math.nan
        return by_rep_117(measured.distance_m, self.min_range_m, self.max_range_m)

    def identify(self) -> bytes:
        """Asks who the device is; what tells it from all others comes as Said("serial_number")."""
        return b""

    def start(self) -> bytes:
        """What begins to measure in the chosen mode, and sets the rate where one was asked for."""
        return b""

    def trigger(self) -> bytes:
        """Asks for one measurement."""
        return b""

    def stop(self) -> bytes:
        """Ends a continuous measurement, whoever began it."""
        return b""

    def set_rate(self, rate_hz: float) -> bytes:
        """What changes the rate of a continuous measurement; the device confirms by Said("rate").

        Raises ConfigurationError where the device can't.
        """
        raise ConfigurationError(
            f"{self.name}: the rate of a continuous measurement can't be set; use mode=trigger"
        )
