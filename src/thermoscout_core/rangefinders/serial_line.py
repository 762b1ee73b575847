"""A rangefinder on a serial line: serial:///dev/ttyUSB0?protocol=… or socket://host:port?…"""

from __future__ import annotations

import time
from collections.abc import Callable

from thermoscout_core.clock import Clock
from thermoscout_core.device_attempts import DeviceCounters
from thermoscout_core.device_urls import DeviceUrl
from thermoscout_core.errors import ConfigurationError, DeviceError
from thermoscout_core.rangefinders.base import RangeSample
from thermoscout_core.rangefinders.links import Connect, Link, gather, way_to
from thermoscout_core.rangefinders.protocol import TRIGGER, Measured, RangeProtocol, Said
from thermoscout_core.rangefinders.registry import protocol_of

ANSWER_S = 0.3
"""So long a device may take to answer who it is, and to confirm a rate."""
SETTLE_S = 0.05
"""After a gap on the line, so long what was held up behind it may take to arrive."""
SHORTEST_GAP_S = 0.3
SILENT_PERIODS = 2.5
"""The supervisor gives a device up after so many of its periods (supervision.py)."""
LONGEST_NONSENSE_S, LEAST_NONSENSE_BYTES = 0.6, 32
"""Bytes for so long, and so many, without one measurement: not the device that was named."""
DONT_ASK, ASK, MUST_ANSWER = "0", "1", "must"
QUESTIONS = {DONT_ASK: 0, ASK: 2, MUST_ANSWER: 7}
"""Values of the option identify, and how often a device is asked who it is: one that must say so
is given the two seconds that it may need after it was plugged in."""


class SerialRangefinder:
    """Any protocol over any link.

    rate_hz: how often a measurement comes at the least. hardware_id: family and serial number
    where the device tells it; else with the USB adapter's identity; else with the place. usb: that
    identity, "" for none. details: what the device said about itself. A sample's stamp is when its
    last byte came, in trigger mode the middle between question and answer. A reader that was late
    gets the newest measurement; those before it are counted as dropped.
    """

    def __init__(
        self,
        protocol: RangeProtocol,
        connect: Connect,
        place: str,
        clock: Clock,
        identify: str = ASK,
        steady_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """connect: opens the line, and gives it with its USB identity. identify: whether to ask
        the device who it is, and whether it must answer. steady_s: never jumps."""
        self.protocol = protocol
        self.rate_hz = min(protocol.rate_hz, SILENT_PERIODS / protocol.timeout_s)
        self.usb = ""
        self.details: dict[str, str] = {}
        self.counters = DeviceCounters()
        self.hardware_id = f"{protocol.name} at {place}"
        self._connect = connect
        self._place = place
        self._clock = clock
        self._identifies = identify
        self._steady_s = steady_s
        self._link: Link | None = None
        self._heard_s = self._measured_s = 0.0
        self._asked_s: float | None = None
        self._next_question_s = 0.0
        self._nonsense_bytes = 0

    @classmethod
    def from_url(cls, url: DeviceUrl, clock: Clock) -> SerialRangefinder:
        """Options: protocol, the protocol's own, identify=0|1|must, and for serial://
        usb=vid:pid:serial."""
        protocol = protocol_of(url)
        protocol.start()  # a rate that the family can't do is refused now
        identify = url.choice("identify", ASK, QUESTIONS)
        connect, place = way_to(url, protocol.settings)
        url.finish()
        return cls(protocol, connect, place, clock, identify)

    @property
    def same_again(self) -> dict[str, object]:
        """Options with which the next opening looks for this very device: its adapter under any
        path; one that has told its serial number must tell it again."""
        told = "serial_number" in self.details
        options: dict[str, object] = {"identify": MUST_ANSWER if told else DONT_ASK}
        return {**options, "usb": self.usb} if self.usb else options

    def open(self) -> None:
        self.close()
        self._link, self.usb = self._connect()
        self.protocol.parser.reset()
        self._link.write(self.protocol.stop())
        self._identify(self._link)
        self._link.write(self.protocol.start())
        self._measured_s = self._next_question_s = self._steady_s()
        self._heard_s = float("-inf")
        self._asked_s = None
        self._nonsense_bytes = 0

    def read(self, timeout_s: float) -> RangeSample | None:
        link = self._opened()
        end_s = self._steady_s() + timeout_s
        while True:
            until_s = self._ask_when_due(link, end_s)
            data = link.read(until_s - self._steady_s())
            now_s = self._steady_s()
            if data:
                data += self._held_up(link, now_s)
                sample = self._newest(data)
                if sample is not None:
                    return sample
            if now_s >= end_s:
                return None

    def set_rate(self, rate_hz: float) -> float:
        """Measure so often from now on; gives the rate that the device confirms, in Hz.

        Raises ConfigurationError where the device can't, DeviceError when it doesn't confirm.
        """
        link = self._opened()
        if rate_hz <= 0:
            raise ConfigurationError(f"{self.hardware_id}: the rate must be positive")
        if self.protocol.mode != TRIGGER:
            link.write(self.protocol.set_rate(rate_hz))
            self.details.pop("rate", None)
            self._listen(link, lambda: "rate" in self.details)
            confirmed = self.details.get("rate")
            if confirmed is None:
                raise DeviceError(f"{self.hardware_id} doesn't confirm {rate_hz:g} Hz")
            rate_hz = float(confirmed)
        self.protocol.rate_hz = rate_hz
        return rate_hz

    def close(self) -> None:
        link, self._link = self._link, None
        if link is None:
            return
        try:
            link.write(self.protocol.stop())
        except DeviceError:
            pass  # it is gone already: nothing to stop
        finally:
            link.close()

    # Within

    def _opened(self) -> Link:
        if self._link is None:
            raise DeviceError(f"{self.hardware_id} isn't open; call open() first")
        return self._link

    def _identify(self, link: Link) -> None:
        """A device that answers nothing is asked again, and refused only where it must answer:
        some can't, some have no wire to hear by.

        Raises DeviceError when it must and doesn't.
        """
        self.details.clear()
        question = self.protocol.identify()
        for _attempt in range(QUESTIONS[self._identifies] if question else 0):
            link.write(question)
            self._listen(link, lambda: "serial_number" in self.details)
            if "serial_number" in self.details or (
                self.details and self._identifies != MUST_ANSWER
            ):
                break
        serial_number = self.details.get("serial_number")
        if serial_number:
            self.hardware_id = f"{self.protocol.name} {serial_number}"
        elif self.usb:
            self.hardware_id = f"{self.protocol.name} at USB {self.usb}"
        else:
            self.hardware_id = f"{self.protocol.name} at {self._place}"
        if self._identifies == MUST_ANSWER and not serial_number:
            raise DeviceError(
                f"{self._place}: the line is there, but no {self.protocol.name} answers"
            )

    def _listen(self, link: Link, heard: Callable[[], bool]) -> None:
        end_s = self._steady_s() + ANSWER_S
        while not heard() and (left_s := end_s - self._steady_s()) > 0:
            self._note(link.read(left_s))

    def _note(self, data: bytes) -> list[Measured]:
        """Let the parser have the bytes; keep what the device said of itself."""
        measured = []
        for event in self.protocol.parser.feed(data):
            if isinstance(event, Said):
                self.details[event.key] = event.text
            else:
                measured.append(event)
        self.counters.torn = self.protocol.parser.torn
        return measured

    def _ask_when_due(self, link: Link, end_s: float) -> float:
        """In trigger mode send the question when it is time to; until when to listen now."""
        if self.protocol.mode != TRIGGER:
            return end_s
        now_s = self._steady_s()
        if self._asked_s is not None and now_s - self._asked_s >= self.protocol.timeout_s:
            self._asked_s = None
            self.counters.dropped += 1
        if self._asked_s is None and now_s >= self._next_question_s:
            link.write(self.protocol.trigger())
            self._asked_s = now_s
            self._next_question_s = max(self._next_question_s + 1 / self.protocol.rate_hz, now_s)
        if self._asked_s is not None:
            return min(end_s, self._asked_s + self.protocol.timeout_s)
        return min(end_s, self._next_question_s)

    def _held_up(self, link: Link, now_s: float) -> bytes:
        """After a gap (a reader that was late, a network that stood still) old measurements come
        first: wait for what was held up, so that only the newest counts."""
        gap_s = now_s - self._heard_s
        waiting = gather(link, SETTLE_S) if gap_s > max(SHORTEST_GAP_S, 3 / self.rate_hz) else b""
        self._heard_s = self._steady_s()
        return waiting

    def _newest(self, data: bytes) -> RangeSample | None:
        measured, now_s = self._note(data), self._steady_s()
        if not measured:
            self._refuse_nonsense(len(data), now_s)
            return None
        self._measured_s, self._nonsense_bytes = now_s, 0
        stamp_s = self._clock.now_s()
        if self.protocol.mode == TRIGGER:
            if self._asked_s is None:  # the answer to a question that was given up: of when?
                self.counters.dropped += len(measured)
                return None
            stamp_s -= (now_s - self._asked_s) / 2
            self._asked_s = None
        self.counters.dropped += len(measured) - 1
        protocol, newest = self.protocol, measured[-1]
        return RangeSample(
            stamp_s,
            protocol.range_m(newest),
            protocol.min_range_m,
            protocol.max_range_m,
            protocol.field_of_view_rad,
            newest.problem,
        )

    def _refuse_nonsense(self, byte_count: int, now_s: float) -> None:
        self._nonsense_bytes += byte_count
        longest_s = max(LONGEST_NONSENSE_S, 2 / self.rate_hz)
        waited_s = now_s - self._measured_s
        if waited_s > longest_s and self._nonsense_bytes >= LEAST_NONSENSE_BYTES:
            raise DeviceError(
                f"{self._place}: {self._nonsense_bytes} bytes came in {waited_s:.1f} s and none "
                f"made a {self.protocol.name} measurement; another device, or set to other than "
                f"{self.protocol.settings}?"
            )
