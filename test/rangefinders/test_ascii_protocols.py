"""Dimetix and LightWare: what their lines mean, and what is no line of theirs."""

from __future__ import annotations

import math

import pytest

from thermoscout_core.device_urls import DeviceUrl
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.rangefinders.dimetix import Dimetix, DimetixParser
from thermoscout_core.rangefinders.lightware import BinaryParser, LightWare, TextParser
from thermoscout_core.rangefinders.protocol import NO_TARGET, Measured, Said
from thermoscout_core.rangefinders.text_lines import LONGEST_LINE, LineScanner


def dimetix(query: str) -> Dimetix:
    return Dimetix(DeviceUrl(f"serial:///dev/x?{query}"))


def lightware(query: str) -> LightWare:
    return LightWare(DeviceUrl(f"serial:///dev/x?{query}"))


def test_lines_end_with_cr_lf_or_both_wherever_they_are_cut():
    scanner = LineScanner()
    heard = [line for byte in b"ab\r\ncd\ref\n\n" for line in scanner.feed(bytes([byte]))]
    assert heard == ["ab", "cd", "ef"]


def test_a_line_that_never_ends_keeps_no_memory_and_is_dropped():
    scanner = LineScanner()
    for _ in range(100):
        assert scanner.feed(b"x" * 50) == []
    assert len(scanner._rest) <= LONGEST_LINE
    assert scanner.feed(b"tail\r\nok\r\n") == ["ok"]
    assert scanner.torn == 1


def test_dimetix_measures_in_tenths_of_a_millimetre():
    assert DimetixParser().feed(b"g0g+00123456\r\n") == [Measured(pytest.approx(12.3456))]
    assert DimetixParser().feed(b"g0h+00020000\r\n") == [Measured(pytest.approx(2.0))]


@pytest.mark.parametrize(
    ("line", "told"),
    [("g0@E255", "too weak"), ("g0@E256", "too strong"), ("g0@E252", "hot"), ("g0@E999", "E999")],
)
def test_dimetix_errors_are_no_number_and_say_why(line, told):
    (event,) = DimetixParser().feed(f"{line}\r\n".encode())
    assert isinstance(event, Measured)
    assert math.isnan(event.distance_m)
    assert told in event.problem


@pytest.mark.parametrize(
    "line", ["g0g+0012345", "g0g 00123456", "0g+00123456", "g0g+001234567", "g0g+00 23456", "g0"]
)
def test_a_damaged_dimetix_line_is_no_measurement_and_is_counted(line):
    parser = DimetixParser()
    assert parser.feed(f"{line}\r\n".encode()) == []
    assert parser.torn == 1


def test_a_byte_that_failed_its_parity_spoils_its_line():
    parser = DimetixParser()
    assert parser.feed(b"g0g+0012\x003456\r\ng0g+00010000\r\n") == [Measured(pytest.approx(1.0))]
    assert parser.torn == 1


def test_another_sensor_of_the_line_is_not_heard():
    parser = DimetixParser(3)
    assert parser.feed(b"g0g+00123456\r\ng3g+00010000\r\n") == [Measured(pytest.approx(1.0))]


def test_dimetix_confirmations_and_answers_are_understood():
    parser = DimetixParser()
    assert parser.feed(b"g0?\r\ng0h?\r\ng0sn+12345601\r\n") == [Said("serial_number", "12345601")]
    assert parser.torn == 0


def test_dimetix_commands_are_the_manual_s():
    assert dimetix("mode=trigger&id=2").trigger() == b"s2g\r\n"
    assert dimetix("").start() == b"s0h\r\n"
    assert dimetix("").stop() == b"s0c\r\n"
    assert dimetix("rate=5").start() == b"s0h+200\r\n"
    assert dimetix("rate=5&model=dls-c").start() == b"s0h+20\r\n"
    assert str(dimetix("").settings) == "19200 7E1"


def test_bare_metres_are_measured_from_the_second_line_on():
    parser = TextParser(bare_numbers=True)
    assert parser.feed(b"4.56\r\n12.34\r\n7.00\r") == [Measured(12.34), Measured(7.0)]


@pytest.mark.parametrize("text", ["130.00", "160.00", "230.00", "250.00", "-1.00"])
def test_what_lightware_prints_for_a_lost_signal_is_infinity(text):
    assert TextParser(False).feed(f"ldf,1:{text}\r\n".encode()) == [NO_TARGET]


def test_the_lw20_answers_with_a_prefix():
    parser = TextParser(bare_numbers=False)
    assert parser.feed(b"p:LW20,1.0.0,11\r\nldf,1:0.45\r\n12.34\r\n") == [
        Said("firmware", "LW20,1.0.0,11"),
        Measured(0.45),
    ]
    assert parser.torn == 1


def test_legacy_bytes_are_centimetres():
    # 1234 cm = 9 * 128 + 82
    parser = BinaryParser()
    assert parser.feed(bytes([0x80 | 9, 82])) == [Measured(12.34)]
    assert parser.feed(bytes([82, 0x80 | 9, 0x80 | 9, 82])) == [Measured(12.34)]
    assert parser.torn == 2


def test_lightware_modes_follow_the_dialect():
    assert lightware("").mode == "trigger"
    assert lightware("").trigger() == b"?LDF,1\r\n"
    assert lightware("dialect=ascii").mode == "continuous"
    assert lightware("model=sf11").mode == "continuous"
    assert lightware("dialect=ascii&mode=trigger").trigger() == b"d"
    with pytest.raises(ConfigurationError, match="mode must be one of continuous"):
        lightware("dialect=binary&mode=trigger")
