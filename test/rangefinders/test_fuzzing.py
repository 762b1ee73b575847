"""Parsers under noise: never an exception, never a distance out of a wrong checksum, and always
back in step. benchmarks/rangefinder_fuzzing.py does the same a million times."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thermoscout_core.rangefinders.benewake import BenewakeParser
from thermoscout_core.rangefinders.dimetix import DimetixParser
from thermoscout_core.rangefinders.jrt import JrtParser
from thermoscout_core.rangefinders.lightware import BinaryParser, TextParser
from thermoscout_core.rangefinders.protocol import Measured, Parser

BENEWAKE = bytes.fromhex("5959F401F40198083C")  # 5.00 m
JRT = bytes.fromhex("AA0000220003000030390062F0")  # 12.345 m
DIMETIX = b"g0g+00123456\r\n"
LW20 = b"ldf,1:12.34\r\n"
ASCII = b"12.34\r\n"
BINARY = bytes([0x89, 0x52])

PARSERS: dict[str, tuple[Callable[[], Parser], bytes]] = {
    "benewake": (BenewakeParser, BENEWAKE),
    "jrt": (JrtParser, JRT),
    "dimetix": (DimetixParser, DIMETIX),
    "lw20": (lambda: TextParser(False), LW20),
    "ascii": (lambda: TextParser(True), ASCII),
    "binary": (BinaryParser, BINARY),
}
quickly = settings(deadline=None, max_examples=60)
every_parser = pytest.mark.parametrize("name", PARSERS)


def noisy(frame: bytes) -> st.SearchStrategy[bytes]:
    """Streams of frames, halves of frames, stray headers, flipped bits and noise."""
    flipped = st.builds(
        lambda at, bit: frame[:at] + bytes([frame[at] ^ 1 << bit]) + frame[at + 1 :],
        st.integers(0, len(frame) - 1),
        st.integers(0, 7),
    )
    half = st.integers(0, len(frame)).map(lambda end: frame[:end])
    parts = st.one_of(st.just(frame), half, flipped, st.just(frame[:1]), st.binary(max_size=12))
    return st.lists(parts, max_size=12).map(b"".join)


def measured(parser: Parser, *chunks: bytes) -> list[Measured]:
    events = [event for chunk in chunks for event in parser.feed(chunk)]
    return [event for event in events if isinstance(event, Measured)]


@every_parser
@quickly
@given(data=st.data())
def test_a_stream_means_the_same_wherever_it_is_cut(name: str, data: st.DataObject) -> None:
    make, frame = PARSERS[name]
    stream = data.draw(noisy(frame))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    whole, pieced = make(), make()
    assert repr(whole.feed(stream)) == repr([e for piece in pieces for e in pieced.feed(piece)])
    assert whole.torn == pieced.torn


@every_parser
@quickly
@given(data=st.data())
def test_after_any_noise_the_parser_is_soon_back_in_step(name: str, data: st.DataObject) -> None:
    make, frame = PARSERS[name]
    parser = make()
    parser.feed(data.draw(noisy(frame)))
    (expected,) = measured(make(), b"0\r\n" * (name == "ascii") + frame)
    parser.feed(frame * 6)  # a header out of the noise may swallow some of them
    assert measured(parser, frame)[-1:] == [expected]


def distances_of_right_checksums(name: str, stream: bytes) -> set[float]:
    """Every distance that any place of the stream gives, found without a parser."""
    if name == "benewake":
        begin, length, first, distance = b"\x59\x59", 9, 0, struct.Struct("<2xH")
    else:
        begin, length, first, distance = b"\xaa", 13, 1, struct.Struct(">6xI")
    found = set()
    for at in range(len(stream) - length + 1):
        frame = stream[at : at + length]
        if frame.startswith(begin) and sum(frame[first:-1]) % 256 == frame[-1]:
            found.add(distance.unpack_from(frame)[0] * (0.01 if name == "benewake" else 1e-3))
    return found


@pytest.mark.parametrize("name", ["benewake", "jrt"])
@quickly
@given(data=st.data())
def test_no_distance_comes_out_of_a_wrong_checksum(name: str, data: st.DataObject) -> None:
    make, frame = PARSERS[name]
    stream = data.draw(noisy(frame))
    distances = {m.distance_m for m in measured(make(), stream) if math.isfinite(m.distance_m)}
    assert distances <= distances_of_right_checksums(name, stream)


@pytest.mark.parametrize(
    ("name", "grammar"),
    [("dimetix", rb"g0[gh][+-]\d{8}"), ("lw20", rb" *ldf,\d: *-?\d{1,3}\.\d{1,3} *")],
)
@quickly
@given(data=st.data())
def test_no_distance_comes_out_of_a_line_of_another_form(
    name: str, grammar: bytes, data: st.DataObject
) -> None:
    make, frame = PARSERS[name]
    stream = data.draw(noisy(frame))
    distances = [m for m in measured(make(), stream) if not m.problem]
    whole = [line for line in re.split(rb"[\r\n]+", stream) if re.fullmatch(grammar, line)]
    assert len(distances) <= len(whole)


@every_parser
@quickly
@given(chunks=st.lists(st.binary(max_size=200), max_size=20))
def test_noise_alone_keeps_no_memory(name: str, chunks: list[bytes]) -> None:
    parser = PARSERS[name][0]()
    for chunk in chunks:
        parser.feed(chunk)
    scanner = getattr(parser, "_scanner", None)
    assert scanner is None or len(scanner._rest) <= 80
