"""Benewake frames: the manual's examples, sentinels, and streams that are cut or shifted."""

from __future__ import annotations

import math
import struct

import pytest

from thermoscout_core.device_urls import DeviceUrl
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.rangefinders.benewake import Benewake, BenewakeParser, command
from thermoscout_core.rangefinders.protocol import Measured, Said


def frame(distance: int, strength: int = 500, temperature: int = 2200) -> bytes:
    body = b"\x59\x59" + struct.pack("<HHH", distance, strength, temperature)
    return body + bytes([sum(body) & 0xFF])


def of(query: str) -> Benewake:
    return Benewake(DeviceUrl(f"serial:///dev/x?{query}"))


def test_a_frame_is_its_distance_in_metres():
    assert BenewakeParser().feed(frame(1234)) == [Measured(12.34)]


def test_in_millimetres_the_same_counts_are_a_tenth_and_more_of_them_are_distances():
    parser = BenewakeParser(0.001)
    assert parser.feed(frame(1234)) == [Measured(1.234)]
    assert parser.feed(frame(40_000)) == [Measured(40.0)]


@pytest.mark.parametrize("cut", range(1, 9))
def test_a_frame_may_come_in_two_parts(cut):
    parser = BenewakeParser()
    assert parser.feed(frame(500)[:cut]) == []
    assert parser.feed(frame(500)[cut:]) == [Measured(5.0)]


def test_a_stray_header_byte_costs_no_frame():
    parser = BenewakeParser()
    stream = b"\x59" + frame(500) + b"\x59\x59" + frame(600) + frame(700)
    assert parser.feed(stream) == [Measured(5.0), Measured(6.0), Measured(7.0)]
    assert parser.torn > 0


def test_a_wrong_checksum_is_no_distance_and_is_counted():
    parser = BenewakeParser()
    bad = bytearray(frame(500))
    bad[2] ^= 0x40
    assert parser.feed(bytes(bad) + frame(600)) == [Measured(6.0)]
    assert parser.torn == 1


@pytest.mark.parametrize(
    ("distance", "strength", "told"),
    [
        (500, 99, "weak"),
        (500, 65535, "saturated"),
        (65535, 500, "65535"),
        (65532, 500, "too much light"),
        (32768, 500, "impossible"),
    ],
)
def test_what_the_device_marks_as_bad_is_no_distance(distance, strength, told):
    (event,) = BenewakeParser().feed(frame(distance, strength))
    assert isinstance(event, Measured)
    assert math.isnan(event.distance_m)
    assert told in event.problem


def test_the_commands_are_the_manual_s():
    assert command(0x01) == bytes.fromhex("5A04015F")
    assert command(0x02) == bytes.fromhex("5A040260")
    assert command(0x11) == bytes.fromhex("5A04116F")
    assert of("rate=250").start().startswith(bytes.fromhex("5A0603FA005D"))
    assert of("mode=trigger").trigger() == bytes.fromhex("5A040462")


def test_trigger_mode_is_the_rate_zero():
    assert of("mode=trigger").start().startswith(command(0x03, b"\x00\x00"))


def test_the_device_s_rate_is_left_alone_unless_one_is_asked_for():
    assert of("").start() == command(0x07, b"\x01")
    with pytest.raises(ConfigurationError, match="a whole number of Hz"):
        of("").set_rate(12.5)


def test_answers_between_measurements_are_understood():
    code = command(0x12, b"U0900018010001")
    answers = frame(500) + command(0x01, bytes([112, 50, 9])) + code + command(0x03, b"\x0a\x00")
    assert BenewakeParser().feed(answers + frame(600)) == [
        Measured(5.0),
        Said("firmware", "9.50.112"),
        Said("serial_number", "U0900018010001"),
        Said("rate", "10"),
        Measured(6.0),
    ]


def test_beyond_the_model_s_limits_there_is_infinity():
    protocol = of("model=tf-luna")
    assert protocol.range_m(Measured(0.1)) == -math.inf
    assert protocol.range_m(Measured(8.5)) == math.inf
    assert protocol.range_m(Measured(5.0)) == 5.0
    assert math.isnan(protocol.range_m(Measured(math.nan)))
    assert math.degrees(protocol.field_of_view_rad) == pytest.approx(2.0)


def test_limits_and_beam_can_be_told():
    protocol = of("min=1&max=20&fov=1.5")
    assert (protocol.min_range_m, protocol.max_range_m) == (1.0, 20.0)
    assert math.degrees(protocol.field_of_view_rad) == pytest.approx(1.5)
    with pytest.raises(ConfigurationError, match=r"min .* must be less than max"):
        of("min=20&max=2")
