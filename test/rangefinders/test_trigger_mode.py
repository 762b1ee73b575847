"""Questions and answers on a scripted line and a clock moved by hand."""

from __future__ import annotations

from collections import deque

import pytest

from thermoscout_core.device_urls import DeviceUrl
from thermoscout_core.rangefinders.jrt import Jrt
from thermoscout_core.rangefinders.serial_line import DONT_ASK, SerialRangefinder

QUESTION = bytes.fromhex("AA0000200001000021")
ANSWER = bytes.fromhex("AA0000220003000030390062F0")  # 12.345 m
NOON_S = 1_800_000_000.0


class Line:
    """A line and both clocks: what comes when, what was written when."""

    def __init__(self) -> None:
        self.time_s = 0.0
        self.coming: deque[tuple[float, bytes]] = deque()
        self.written: list[tuple[float, bytes]] = []

    def now_s(self) -> float:
        return NOON_S + self.time_s

    def sleep(self, seconds: float) -> None:
        self.time_s += seconds

    def steady_s(self) -> float:
        return self.time_s

    def read(self, timeout_s: float) -> bytes:
        end_s = self.time_s + max(0.0, timeout_s)
        if self.coming and self.coming[0][0] <= end_s:
            at_s, data = self.coming.popleft()
            self.time_s = max(self.time_s, at_s)
            return data
        self.time_s = end_s
        return b""

    def write(self, data: bytes) -> None:
        self.written.append((self.time_s, data))

    def close(self) -> None:
        pass

    def questions_s(self) -> list[float]:
        return [at_s for at_s, data in self.written if data == QUESTION]


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def device(line: Line, monkeypatch: pytest.MonkeyPatch) -> SerialRangefinder:
    # the settling time after a gap is real time, which this line doesn't have
    monkeypatch.setattr("thermoscout_core.rangefinders.serial_line.gather", lambda *_: b"")
    url = DeviceUrl("serial:///dev/x?mode=trigger&rate=2&timeout=1")
    made = SerialRangefinder(Jrt(url), lambda: (line, ""), "/dev/x", line, DONT_ASK, line.steady_s)
    made.open()
    return made


def test_the_stamp_is_the_middle_between_question_and_answer(
    line: Line, device: SerialRangefinder
) -> None:
    line.coming.append((0.4, ANSWER))
    sample = device.read(1.0)
    assert sample is not None
    assert sample.range_m == pytest.approx(12.345)
    assert sample.stamp_s == pytest.approx(NOON_S + 0.2)


def test_it_asks_at_its_rate_and_not_before_the_answer(
    line: Line, device: SerialRangefinder
) -> None:
    line.coming.extend([(0.1, ANSWER), (0.9, ANSWER), (1.1, ANSWER)])
    assert all(device.read(2.0) is not None for _ in range(3))
    assert line.questions_s() == [pytest.approx(at_s) for at_s in (0.0, 0.5, 1.0)]


def test_a_question_without_an_answer_is_given_up_and_asked_again(
    line: Line, device: SerialRangefinder
) -> None:
    assert device.read(1.2) is None
    assert len(line.questions_s()) == 2
    assert device.counters.dropped == 1


def test_an_answer_that_nobody_waits_for_any_more_is_dropped(
    line: Line, device: SerialRangefinder
) -> None:
    line.coming.extend([(0.1, ANSWER), (0.3, ANSWER)])
    assert device.read(0.2) is not None
    assert device.read(0.2) is None
    assert device.counters.dropped == 1
