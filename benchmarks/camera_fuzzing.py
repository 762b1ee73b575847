"""A million random and mutated inputs into the parsers of the cameras.

python benchmarks/camera_fuzzing.py --inputs 1000000 --json fuzzing.json

Each input goes to one parser: ISAPI's multipart and thermometry, its device information, content
types, UVC buffers, object parameters. Counted are exceptions other than the ones that the parser
promises, inputs that took more than a second of CPU, and pictures of another size than was
announced. All three must be 0, else it ends with 1; the seed makes it repeat.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from thermoscout_core.cameras.isapi import identity_of
from thermoscout_core.cameras.isapi_answer import boundary_of, read_thermometry, split_parts
from thermoscout_core.cameras.object_parameters import parse_object_parameters
from thermoscout_core.cameras.y16 import UvcModel, decode_y16
from thermoscout_core.errors import ThermoscoutError
from thermoscout_core.machine import describe, in_words

SLOWEST_S = 1.0
WIDTH, HEIGHT = 16, 12
SMALL = UvcModel("Y16 ", WIDTH, HEIGHT, HEIGHT + 2, 0, 0.01, 9.0)


def isapi_body() -> bytes:
    """A right answer, to be mutated."""
    text = json.dumps(
        {
            "JpegPictureWithAppendData": {
                "jpegPicWidth": WIDTH,
                "jpegPicHeight": HEIGHT,
                "temperatureDataLength": 4,
                "isFreezedata": False,
                "scale": 1,
                "offset": 0,
            }
        }
    ).encode()
    parts = [
        (b"application/json", text),
        (b"image/jpeg", b"\xff\xd8--boundary\xff\xd9"),
        (b"application/octet-stream", np.full(WIDTH * HEIGHT, 20.0, "<f4").tobytes()),
    ]
    body = b"".join(
        b"--boundary\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s\r\n"
        % (kind, len(part), part)
        for kind, part in parts
    )
    return body + b"--boundary--\r\n"


DEVICE_INFO = (
    b'<DeviceInfo xmlns="http://www.hikvision.com/ver20/XMLSchema"><model>DS-2TD</model>'
    b"<serialNumber>A1</serialNumber></DeviceInfo>"
)


def read_answer(data: bytes) -> bool:
    celsius = read_thermometry(split_parts(data, b"boundary")).celsius
    return celsius.dtype == np.float32 and celsius.size * 2 <= len(data)


def read_device_info(data: bytes) -> bool:
    return bool(identity_of(data))


def read_content_type(data: bytes) -> bool:
    boundary_of(data.decode("latin-1"))
    return True


def read_uvc(data: bytes) -> bool:
    return decode_y16(data, SMALL).shape == (HEIGHT, WIDTH)


def read_parameters(data: bytes) -> bool:
    parse_object_parameters(data.decode("latin-1"))
    return True


PARSERS: dict[str, tuple[bytes, Callable[[bytes], bool]]] = {
    "isapi answer": (isapi_body(), read_answer),
    "isapi device info": (DEVICE_INFO, read_device_info),
    "content type": (b'multipart/form-data; boundary="boundary"', read_content_type),
    "uvc buffer": (bytes(WIDTH * (HEIGHT + 2) * 2), read_uvc),
    "object parameters": (b"emissivity=0.95 reflected_c=20 air_c=15", read_parameters),
}


def mutated(dice: random.Random, good: bytes) -> bytes:
    """Noise, or the right input with bytes changed, cut, doubled or put elsewhere."""
    kind = dice.randrange(6)
    if kind == 0:
        return dice.randbytes(dice.randrange(200))
    data = bytearray(good)
    for _ in range(dice.randrange(1, 5)):
        at = dice.randrange(len(data) + 1)
        if kind == 1:
            data[at : at + 1] = dice.randbytes(1)
        elif kind == 2:
            del data[at : at + dice.randrange(1, 40)]
        elif kind == 3:
            data[at:at] = data[at : at + dice.randrange(1, 40)]
        elif kind == 4:
            data[at : at + 1] = dice.choice([b"9", b"-", b"\r\n", b"--boundary", b"\x00", b"e9"])
        else:
            data = data[:at] or data
    return bytes(data)


def fuzz(inputs: int, seed: int) -> dict[str, Any]:
    dice = random.Random(seed)
    names = list(PARSERS)
    counts: Counter[str] = Counter()
    slowest_s, examples = 0.0, []
    for number in range(inputs):
        name = names[number % len(names)]
        good, parse = PARSERS[name]
        data = mutated(dice, good)
        begun_s = time.thread_time()
        try:
            counts["accepted"] += 1
            if not parse(data):
                counts["wrong"] += 1
                examples.append((name, data.hex()))
        except ThermoscoutError:
            counts["accepted"] -= 1
            counts["refused"] += 1
        except Exception as error:
            counts["crashed"] += 1
            examples.append((name, f"{type(error).__name__}: {error}", data.hex()))
        slowest_s = max(slowest_s, time.thread_time() - begun_s)
    return {
        "inputs": inputs,
        "seed": seed,
        **{key: counts[key] for key in ("accepted", "refused", "wrong", "crashed")},
        "slowest_s": slowest_s,
        "examples": examples[:10],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    begun_s = time.perf_counter()
    record = fuzz(options.inputs, options.seed)
    record = {"machine": describe(), **record, "seconds": time.perf_counter() - begun_s}
    print(in_words())
    for key in ("inputs", "accepted", "refused", "wrong", "crashed", "slowest_s", "seconds"):
        print(f"{key:>10}  {round(record[key], 4):,}")
    if options.json:
        options.json.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    if record["wrong"] or record["crashed"] or record["slowest_s"] > SLOWEST_S:
        print(*record["examples"], sep="\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
