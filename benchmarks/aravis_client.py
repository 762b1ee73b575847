"""The client of Aravis by ctypes: what the ROS drivers camera_aravis and camera_aravis2 use."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes.util import find_library
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

BUFFERS = 16
SOCKET_BYTES = 2**23  # or as much of it as the system grants
NO_PACKET_SOCKET = 1  # ARV_GV_STREAM_OPTION_PACKET_SOCKET_DISABLED: those see nothing on loopback
COMPLETE = 0  # ARV_BUFFER_STATUS_SUCCESS


def load() -> ctypes.CDLL | None:
    """libaravis-0.8 of the system, or fetched by scripts/fetch_aravis; None without either."""
    fetched = sorted(Path(sys.prefix, "aravis").rglob("libaravis-0.8.so.0"))
    named = os.environ.get("THERMOSCOUT_ARAVIS") or find_library("aravis-0.8")
    path = named or (str(fetched[0]) if fetched else "")
    if not path:
        return None
    for needed in Path(path).parent.glob("libusb-1.0.so.0"):
        ctypes.CDLL(str(needed), ctypes.RTLD_GLOBAL)  # fetched beside it
    library = ctypes.CDLL(path)
    pointer, size = ctypes.c_void_p, ctypes.POINTER(ctypes.c_size_t)
    for name, result, arguments in (
        ("arv_camera_new", pointer, [ctypes.c_char_p, pointer]),
        ("arv_camera_gv_set_stream_options", None, [pointer, ctypes.c_int]),
        ("arv_camera_get_payload", ctypes.c_uint, [pointer, pointer]),
        ("arv_camera_create_stream", pointer, [pointer, pointer, pointer, pointer]),
        ("arv_camera_start_acquisition", None, [pointer, pointer]),
        ("arv_camera_stop_acquisition", None, [pointer, pointer]),
        ("arv_buffer_new_allocate", pointer, [ctypes.c_size_t]),
        ("arv_stream_push_buffer", None, [pointer, pointer]),
        ("arv_stream_timeout_pop_buffer", pointer, [pointer, ctypes.c_uint64]),
        ("arv_buffer_get_status", ctypes.c_int, [pointer]),
        ("arv_buffer_get_data", pointer, [pointer, size]),
        ("g_object_unref", None, [pointer]),
        ("g_object_set", None, [pointer, ctypes.c_char_p, ctypes.c_int, pointer]),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class AravisStream:
    """An acquisition under way."""

    def __init__(self, library: ctypes.CDLL, stream: int, width: int, height: int) -> None:
        self._library, self._stream = library, stream
        self._shape = height, width

    def read(self, timeout_s: float) -> NDArray[np.uint16] | None:
        """A copy of the next whole frame; None for an incomplete one. SystemExit on silence."""
        library = self._library
        buffer = library.arv_stream_timeout_pop_buffer(self._stream, round(timeout_s * 1e6))
        if not buffer:
            sys.exit(f"Aravis' client heard nothing for {timeout_s:g} s")
        counts = None
        if library.arv_buffer_get_status(buffer) == COMPLETE:
            size = ctypes.c_size_t()
            data = library.arv_buffer_get_data(buffer, ctypes.byref(size))
            counts = np.frombuffer(ctypes.string_at(data, size.value), np.uint16)
        library.arv_stream_push_buffer(self._stream, buffer)
        return None if counts is None else counts.reshape(self._shape)


@contextmanager
def streaming(
    library: ctypes.CDLL, address: str, width: int, height: int
) -> Iterator[AravisStream]:
    """The camera at that address, streaming."""
    camera = library.arv_camera_new(address.encode(), None)
    if not camera:
        sys.exit(f"Aravis' client finds no camera at {address}")
    library.arv_camera_gv_set_stream_options(camera, NO_PACKET_SOCKET)
    payload = library.arv_camera_get_payload(camera, None)
    stream = library.arv_camera_create_stream(camera, None, None, None)
    library.g_object_set(stream, b"socket-buffer-size", SOCKET_BYTES, None)
    for _ in range(BUFFERS):
        library.arv_stream_push_buffer(stream, library.arv_buffer_new_allocate(payload))
    library.arv_camera_start_acquisition(camera, None)
    try:
        yield AravisStream(library, stream, width, height)
    finally:
        library.arv_camera_stop_acquisition(camera, None)
        library.g_object_unref(stream)
        library.g_object_unref(camera)
