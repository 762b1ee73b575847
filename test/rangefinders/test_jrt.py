"""JRT and Meskernel frames: the manual's examples, errors, and streams that are cut or shifted."""

from __future__ import annotations

import math

import pytest

from thermoscout_core.device_urls import DeviceUrl
from thermoscout_core.rangefinders.jrt import Jrt, JrtParser, read, write
from thermoscout_core.rangefinders.protocol import NO_TARGET, Measured, Said

EXAMPLE = bytes.fromhex("AA000022000300003039 0062F0")  # 12345 mm, quality 98


def error(code: int) -> bytes:
    body = bytes([0, 0, 0, 0, 1, 0, code])
    return b"\xee" + body + bytes([sum(body) & 0xFF])


def of(query: str) -> Jrt:
    return Jrt(DeviceUrl(f"serial:///dev/x?{query}"))


def test_the_manual_s_example_is_its_distance():
    assert JrtParser().feed(EXAMPLE) == [Measured(pytest.approx(12.345))]


@pytest.mark.parametrize("cut", range(1, len(EXAMPLE)))
def test_a_frame_may_come_in_two_parts(cut):
    parser = JrtParser()
    assert parser.feed(EXAMPLE[:cut]) == []
    assert len(parser.feed(EXAMPLE[cut:])) == 1


def test_stray_headers_and_half_frames_cost_no_frame():
    stream = b"\xaa" + EXAMPLE + EXAMPLE[:7] + EXAMPLE + b"\xee\xaa" + EXAMPLE + b"\x00" * 20
    assert len(JrtParser().feed(stream)) == 3


def test_a_wrong_checksum_is_no_distance_and_is_counted():
    parser = JrtParser()
    bad = EXAMPLE[:-1] + bytes([EXAMPLE[-1] ^ 1])
    assert parser.feed(bad) == []
    assert parser.torn == 1


def test_a_target_out_of_range_is_infinity_and_other_errors_are_no_number():
    assert JrtParser().feed(error(0x05)) == [NO_TARGET]
    (weak,) = JrtParser().feed(error(0x08))
    assert isinstance(weak, Measured)
    assert math.isnan(weak.distance_m)
    assert weak.problem == "signal too weak"
    (strange,) = JrtParser().feed(error(0x42))
    assert isinstance(strange, Measured)
    assert "0x42" in strange.problem


def test_the_commands_are_the_manual_s():
    assert of("mode=trigger").trigger() == bytes.fromhex("AA0000200001000021")
    assert of("mode=trigger").start() == b""
    assert of("speed=fast").start() == write(0x20, 6) == bytes.fromhex("AA0000200001000627")
    assert read(0x0E) == bytes.fromhex("AA80000E8E")
    assert of("").stop() == b"X"


def test_the_module_says_who_it_is():
    body = bytes([0x80, 0x00, 0x0E, 0, 2, 0x12, 0x34, 0x56, 0x78])
    answer = b"\xaa" + body + bytes([sum(body) & 0xFF])
    assert JrtParser().feed(answer) == [Said("serial_number", "12345678")]


def test_our_own_command_sent_back_by_an_adapter_is_no_measurement():
    assert JrtParser().feed(write(0x20, 4) + read(0x0E) + EXAMPLE)[-1] == Measured(
        pytest.approx(12.345)
    )
