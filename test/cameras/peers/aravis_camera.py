"""Aravis' fake GigE Vision camera as a process, serving radiometric frames of ours.

aravis_camera.py 3956 WIDTH HEIGHT FPS SERIAL [still] [at=ADDRESS]; still: one picture again and
again; at: an address of this machine, 127.0.0.1 when it isn't given. The library is the
distribution's libaravis-0.8-0, or the file that THERMOSCOUT_ARAVIS names; without either it says
so and ends.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
import tempfile
import threading
from ctypes.util import find_library
from functools import lru_cache
from pathlib import Path

import genicam_xml
import numpy as np
from control import scene_c, serve_commands

WIDTH, HEIGHT, FRAME_PERIOD = 0x100, 0x104, 0x138
state = {"number": 0, "still": False}
may_send = threading.Event()


def planck_counts(celsius: np.ndarray) -> np.ndarray:
    """What a radiometric camera's counts are: J1·R/(exp(B/T) - F) + J0."""
    p = genicam_xml.PLANCK
    kelvin = celsius + 273.15
    return p["J1"] * p["R"] / (np.exp(p["B"] / kelvin) - p["F"]) + p["J0"]


class AravisCamera:
    """The library's fake camera, with our description and our frames."""

    def __init__(
        self, library: str, address: str, size: tuple[int, int], fps: float, serial: str
    ) -> None:
        self._lib = lib = ctypes.CDLL(library)
        lib.arv_gv_fake_camera_new_full.restype = ctypes.c_void_p
        lib.arv_gv_fake_camera_get_fake_camera.restype = ctypes.c_void_p
        lib.arv_gv_fake_camera_get_fake_camera.argtypes = [ctypes.c_void_p]
        lib.arv_gv_fake_camera_is_running.argtypes = [ctypes.c_void_p]
        lib.arv_fake_camera_write_register.argtypes = [ctypes.c_void_p] + [ctypes.c_uint32] * 2
        lib.arv_fake_camera_write_memory.argtypes = [
            *(ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_char_p),
        ]
        lib.arv_fake_camera_read_register.argtypes = [
            *(ctypes.c_void_p, ctypes.c_uint32, ctypes.POINTER(ctypes.c_uint32)),
        ]
        lib.arv_buffer_get_data.restype = ctypes.c_void_p
        lib.arv_buffer_get_data.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.c_size_t)]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "camera.xml"
            path.write_text(genicam_xml.genicam_xml())
            self.gv = lib.arv_gv_fake_camera_new_full(
                address.encode(), serial.encode(), str(path).encode()
            )
        if not lib.arv_gv_fake_camera_is_running(self.gv):
            sys.exit("the fake camera can't listen on port 3956")
        self._camera = lib.arv_gv_fake_camera_get_fake_camera(self.gv)
        self.write(WIDTH, size[0])
        self.write(HEIGHT, size[1])
        self.write(0x128, genicam_xml.MONO16)
        self.write(FRAME_PERIOD, round(1e6 / fps))
        for name, (value, _, _) in genicam_xml.FLOATS.items():
            address = genicam_xml.FLOAT_ADDRESS[name]
            lib.arv_fake_camera_write_memory(self._camera, address, 8, struct.pack(">d", value))
        callback = ctypes.CFUNCTYPE(
            None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32,
            ctypes.c_uint32,
        )  # fmt: skip
        self._fill = callback(self.fill)  # kept, or it is collected
        lib.arv_fake_camera_set_fill_pattern.argtypes = [
            *(ctypes.c_void_p, callback, ctypes.c_void_p),
        ]
        lib.arv_fake_camera_set_fill_pattern(self._camera, self._fill, None)

    def write(self, address: int, value: int) -> None:
        self._lib.arv_fake_camera_write_register(self._camera, address, value)

    def read(self, address: int) -> int:
        value = ctypes.c_uint32()
        self._lib.arv_fake_camera_read_register(self._camera, address, ctypes.byref(value))
        return value.value

    def fill(self, buffer: int, *_: object) -> None:
        may_send.wait()
        data = self._lib.arv_buffer_get_data(buffer, None)
        width, height = self.read(WIDTH), self.read(HEIGHT)
        state["number"] += 1
        if state["number"] % 15 == 0:
            self.write(genicam_xml.NUC_ADDRESS, 0)  # the correction is done
        number = 0 if state["still"] else state["number"]
        coding = self.read(genicam_xml.IR_FORMAT_ADDRESS)
        ctypes.memmove(data, picture(number, width, height, coding), width * height * 2)


@lru_cache(maxsize=1)
def picture(number: int, width: int, height: int, coding: int) -> bytes:
    """Frame `number` in the coding of that IRFormat, little-endian."""
    celsius = scene_c(number, width, height)
    step = {1: 0.1, 2: 0.01}.get(coding)
    counts = (celsius + 273.15) / step if step else planck_counts(celsius)
    return np.rint(counts).astype("<u2").tobytes()


def lose(share: float) -> None:
    """Send only 1 - share of the packets from now on."""
    gobject = ctypes.CDLL(find_library("gobject-2.0"))
    gobject.g_object_set.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    gobject.g_object_set(camera.gv, b"gvsp-lost-ratio", ctypes.c_double(share), None)


def library() -> str:
    named = os.environ.get("THERMOSCOUT_ARAVIS") or find_library("aravis-0.8")
    if not named:
        sys.exit("libaravis isn't here: apt install libaravis-0.8-0, or scripts/fetch_aravis")
    for needed in Path(named).parent.glob("libusb-1.0.so.0"):
        ctypes.CDLL(str(needed), ctypes.RTLD_GLOBAL)  # fetched beside it
    return named


def obey(words: list[str]) -> None:
    if words[0] == "fault":
        (may_send.clear if words[1:] == ["stall"] else may_send.set)()
    elif words[0] == "loss":
        lose(float(words[1]))
    elif words[0] == "size":
        camera.write(WIDTH, int(words[1]))
        camera.write(HEIGHT, int(words[2]))


if __name__ == "__main__":
    state["still"] = "still" in sys.argv[6:]
    where = [word.removeprefix("at=") for word in sys.argv[6:] if word.startswith("at=")]
    may_send.set()
    camera = AravisCamera(
        library(),
        where[0] if where else "127.0.0.1",
        (int(sys.argv[2]), int(sys.argv[3])),
        float(sys.argv[4]),
        sys.argv[5],
    )
    serve_commands(int(sys.argv[1]), obey)
    threading.Event().wait()
