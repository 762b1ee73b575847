"""A million streams of noise, halves and flipped bits into the rangefinders' parsers.

python benchmarks/rangefinder_fuzzing.py --inputs 1000000 --json fuzzing.json

Each input is a random or mutated stream of some dozen bytes, fed in pieces to a parser of each
family in turn. It counts exceptions, inputs that took more than a second of CPU, and distances
that no place of the input with a right checksum (Benewake, JRT) or whole line of the right form
(Dimetix, LW20, bare metres) explains. All three must be 0, else it ends with 1; the seed
makes it repeat.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from thermoscout_core.machine import describe, in_words
from thermoscout_core.rangefinders.benewake import BenewakeParser
from thermoscout_core.rangefinders.dimetix import DimetixParser
from thermoscout_core.rangefinders.jrt import JrtParser
from thermoscout_core.rangefinders.lightware import BinaryParser, TextParser
from thermoscout_core.rangefinders.protocol import Measured, Parser

SLOWEST_S = 1.0
"""An input that takes longer hangs, for all that a robot cares."""


def benewake_frame(dice: random.Random) -> bytes:
    body = b"\x59\x59" + struct.pack("<HHH", *(dice.randrange(65536) for _ in range(3)))
    return body + bytes([sum(body) % 256])


def jrt_frame(dice: random.Random) -> bytes:
    body = struct.pack(">BHHIH", 0, 0x22, 3, dice.randrange(200_000), dice.randrange(65536))
    return b"\xaa" + body + bytes([sum(body) % 256])


def dimetix_line(dice: random.Random) -> bytes:
    return dice.choice([b"g0g+%08d\r\n" % dice.randrange(10**8), b"g0@E255\r\n", b"g0?\r\n"])


def lw20_line(dice: random.Random) -> bytes:
    return b"ldf,1:%.2f\r\n" % (dice.randrange(-100, 25_000) / 100)


def metres_line(dice: random.Random) -> bytes:
    return b"%.2f\r\n" % (dice.randrange(-100, 25_000) / 100)


def legacy_pair(dice: random.Random) -> bytes:
    return bytes([dice.randrange(128, 256), dice.randrange(128)])


def checksummed(begin: bytes, length: int, skip: int, distance: struct.Struct, unit_m: float):
    """The distances of all places of a stream where a frame with a right checksum lies."""

    def explain(stream: bytes) -> set[float]:
        found, at = set(), stream.find(begin)
        while at >= 0:
            frame = stream[at : at + length]
            if len(frame) == length and sum(frame[skip:-1]) % 256 == frame[-1]:
                found.add(round(distance.unpack_from(frame)[0] * unit_m, 6))
            at = stream.find(begin, at + 1)
        return found

    return explain


def lines_of(pattern: bytes, unit_m: float = 1.0):
    """The distances of all whole lines of that form."""

    def explain(stream: bytes) -> set[float]:
        lines = (re.fullmatch(pattern, line.strip()) for line in re.split(rb"[\r\n]+", stream))
        return {round(float(found.group(1)) * unit_m, 6) for found in lines if found}

    return explain


def pairs(stream: bytes) -> set[float]:
    """The distances of all pairs of a first and a second byte: the dialect has no checksum."""
    return {((a & 0x7F) << 7 | b) / 100 for a, b in pairwise(stream) if a >= 128 > b}


@dataclass(frozen=True)
class Family:
    make: Callable[[], Parser]
    frame: Callable[[random.Random], bytes]
    explain: Callable[[bytes], set[float]]


BENEWAKE_DISTANCE, JRT_DISTANCE = struct.Struct("<2xH"), struct.Struct(">6xI")
FAMILIES = {
    "benewake": Family(
        BenewakeParser, benewake_frame, checksummed(b"\x59\x59", 9, 0, BENEWAKE_DISTANCE, 0.01)
    ),
    "jrt": Family(JrtParser, jrt_frame, checksummed(b"\xaa", 13, 1, JRT_DISTANCE, 1e-3)),
    "dimetix": Family(DimetixParser, dimetix_line, lines_of(rb"g0[gh]([+-]\d{8})", 1e-4)),
    "lightware lw20": Family(
        lambda: TextParser(False), lw20_line, lines_of(rb"ldf,\d:\s*(-?\d+\.\d+)")
    ),
    "lightware ascii": Family(lambda: TextParser(True), metres_line, lines_of(rb"(-?\d+\.\d+)")),
    "lightware binary": Family(BinaryParser, legacy_pair, pairs),
}


@dataclass
class Outcome:
    inputs: int = 0
    bytes: int = 0
    measured: int = 0
    torn: int = 0
    exceptions: int = 0
    slow: int = 0
    unexplained: int = 0
    slowest_ms: float = 0.0


def mutated(frame: Callable[[random.Random], bytes], dice: random.Random) -> bytes:
    """Frames, halves, stray headers, flipped and lost bytes, noise; now and then noise alone."""
    if dice.random() < 0.1:
        return dice.randbytes(dice.randrange(200))
    stream = bytearray()
    for _ in range(dice.randrange(1, 9)):
        whole = frame(dice)
        kind = dice.randrange(6)
        if kind == 0:
            stream += whole[: dice.randrange(len(whole))]
        elif kind == 1:
            stream += whole[:1] * dice.randrange(1, 4)
        elif kind == 2:
            stream += dice.randbytes(dice.randrange(1, 12))
        else:
            stream += whole
    for _ in range(dice.randrange(3)):
        at = dice.randrange(len(stream) + 1)
        if dice.random() < 0.5 and at < len(stream):
            stream[at] ^= 1 << dice.randrange(8)
        else:
            del stream[at : at + 1]
    return bytes(stream)


def try_one(family: Family, dice: random.Random, outcome: Outcome) -> None:
    stream = mutated(family.frame, dice)
    cut = dice.randrange(len(stream) + 1)
    outcome.inputs += 1
    outcome.bytes += len(stream)
    begun_s = time.thread_time()
    try:
        parser = family.make()
        events = parser.feed(stream[:cut]) + parser.feed(stream[cut:])
    except Exception as error:  # that none comes is what is measured
        outcome.exceptions += 1
        print(f"{type(error).__name__}: {error} from {stream.hex()}", file=sys.stderr)
        return
    took_s = time.thread_time() - begun_s
    outcome.slowest_ms = max(outcome.slowest_ms, 1e3 * took_s)
    outcome.slow += took_s > SLOWEST_S
    outcome.torn += parser.torn
    measured = [event.distance_m for event in events if isinstance(event, Measured)]
    distances = {round(distance_m, 6) for distance_m in measured if math.isfinite(distance_m)}
    outcome.measured += len(measured)
    if not distances <= family.explain(stream):
        outcome.unexplained += 1
        print(f"unexplained {distances} from {stream.hex()}", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=1_000_000, help="in all")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", type=Path, help="write the record there")
    arguments = parser.parse_args()
    outcomes = {}
    print(f"{in_words()}; seed {arguments.seed}")
    print("| parser | inputs | bytes | measurements | torn | exceptions | slow | unexplained |")
    print("|---|---|---|---|---|---|---|---|")
    for name, family in FAMILIES.items():
        dice, outcome = random.Random(f"{name} {arguments.seed}"), Outcome()
        for _ in range(-(-arguments.inputs // len(FAMILIES))):
            try_one(family, dice, outcome)
        outcomes[name] = outcome
        o = outcome
        print(
            f"| {name} | {o.inputs} | {o.bytes} | {o.measured} | {o.torn} | {o.exceptions} "
            f"| {o.slow} | {o.unexplained} |",
            flush=True,
        )
    if arguments.json:
        record = {
            "machine": describe(),
            "seed": arguments.seed,
            "parsers": {name: asdict(outcome) for name, outcome in outcomes.items()},
        }
        arguments.json.write_text(json.dumps(record, indent=2), encoding="utf-8")
    if any(o.exceptions or o.slow or o.unexplained for o in outcomes.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
