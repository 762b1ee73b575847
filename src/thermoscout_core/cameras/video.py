"""Decoded video: the luma of each whole picture, by PyAV (FFmpeg) or a GStreamer pipeline.

A picture whose data were damaged on the way, or that builds on one that was, is never given: after
any damage everything up to the next key frame is thrown away.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.errors import ConfigurationError, DeviceError

PLANAR_LUMA = frozenset({"gray", "nv12", "yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p"})
JPEG_RANGE = 2
TIME_TO_GIVE_UP_S = 5.0


@dataclass(frozen=True)
class Picture:
    """luma: (H, W) uint8. is_full_range: black and white are 0 and 255, else 16 and 235.
    time_s: the stream's own time, None when it has none."""

    luma: NDArray[np.uint8]
    is_full_range: bool
    time_s: float | None


class Video(Protocol):
    """An open stream. title: what it calls itself. rate_hz: 0 when it doesn't say.
    torn, dropped: pictures thrown away for damage, and for building on such."""

    title: str
    rate_hz: float
    torn: int
    dropped: int

    def read(self) -> Picture | None:
        """The next whole picture; None: data came, but no whole picture. Raises DeviceError."""
        ...

    def close(self) -> None: ...


class AvVideo:
    """By PyAV. transport: tcp or udp. Raises DeviceError when it can't be opened in open_s.

    read() raises DeviceError when nothing comes for silence_s, when the stream ends, and when
    only damaged pictures come for 5 s.
    """

    def __init__(self, url: str, transport: str, open_s: float, silence_s: float) -> None:
        av = _import_av()
        options = {
            "rtsp_transport": transport,
            "fflags": "nobuffer+discardcorrupt",
            "flags": "low_delay",
            "analyzeduration": "500000",
            "fpsprobesize": "0",
        }
        self._errors: type[Exception] = av.error.FFmpegError
        self._silence_s = silence_s
        self.torn = self.dropped = 0
        try:
            self._container = av.open(url, options=options, timeout=(open_s, silence_s))
            streams = self._container.streams.video
            if not streams:
                raise DeviceError("the stream has no video")
        except self._errors as error:
            raise DeviceError(_reason(error)) from None
        self._stream: Any = streams[0]
        self._decoder: Any = self._stream.codec_context
        self._decoder.thread_count = 1
        self._decoder.options = {"err_detect": "explode"}
        self.title = self._container.metadata.get("title", "").strip()
        self.rate_hz = float(self._stream.guessed_rate or self._stream.average_rate or 0)
        self._damaged_since_s: float | None = time.monotonic()  # no key frame yet
        self._last_pts: int | None = None
        self._steps: deque[int] = deque(maxlen=15)
        self._packets: Iterator[Any] = self._container.demux(self._stream)
        self._ready: list[Picture] = []

    def read(self) -> Picture | None:
        if not self._ready:
            self._decode_packet()
        if self._ready:
            return self._ready.pop(0)
        since_s = self._damaged_since_s
        if since_s is not None and time.monotonic() - since_s > TIME_TO_GIVE_UP_S:
            raise DeviceError(
                f"no whole picture for {TIME_TO_GIVE_UP_S:g} s: too many are damaged"
            )
        return None

    def close(self) -> None:
        self._container.close()

    def _decode_packet(self) -> None:
        begun_s = time.monotonic()
        try:
            packet = next(self._packets)
        except StopIteration:
            raise DeviceError("the stream has ended") from None
        except self._errors as error:
            raise DeviceError(_reason(error)) from None
        if packet.size == 0:  # the flush at the end
            raise DeviceError("the stream has ended")
        if time.monotonic() - begun_s >= self._silence_s:  # what FFmpeg had kept until it gave up
            raise DeviceError(f"nothing came for {self._silence_s:g} s")
        if packet.is_corrupt:
            self._note_damage()
        try:
            frames = self._decoder.decode(packet)
        except self._errors:
            self.torn += 1
            self._note_damage()
            return
        self._ready += [self._picture(frame) for frame in frames if self._is_whole(frame)]

    def _follows_a_gap(self, pts: int | None) -> bool:
        """Whether a picture before it is missing: its time is more than the usual step later."""
        last, self._last_pts = self._last_pts, pts
        if pts is None or last is None or pts <= last:
            return False
        usual = median(self._steps) if self._steps else pts - last
        self._steps.append(pts - last)
        return 2 * (pts - last) > 3 * usual

    def _note_damage(self) -> None:
        if self._damaged_since_s is None:
            self._damaged_since_s = time.monotonic()

    def _is_whole(self, frame: Any) -> bool:
        if self._follows_a_gap(frame.pts):
            self._note_damage()
        if frame.is_corrupt:
            self.torn += 1
            self._note_damage()
            return False
        if frame.key_frame:
            self._damaged_since_s = None
        elif self._damaged_since_s is not None:
            self.dropped += 1
            return False
        return True

    def _picture(self, frame: Any) -> Picture:
        name = frame.format.name
        if name in PLANAR_LUMA:
            plane = frame.planes[0]
            rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
            luma = rows[: frame.height, : frame.width].copy()
        else:
            luma = frame.to_ndarray(format="gray")
        full = frame.color_range == JPEG_RANGE or name.startswith("yuvj") or name == "gray"
        time_s = None if frame.pts is None else float(frame.pts * frame.time_base)
        return Picture(luma, full, time_s)


class OpenCvVideo:
    """By OpenCV: a GStreamer pipeline that ends in appsink, or an address for its own FFmpeg.

    For a Jetson's hardware decoder. OpenCV tells neither damage nor the stream's name.
    """

    def __init__(self, source: str, open_s: float, silence_s: float, gstreamer: bool) -> None:
        import cv2

        if gstreamer and not _opencv_has_gstreamer(cv2.getBuildInformation()):
            raise ConfigurationError(
                "a pipeline needs an OpenCV built with GStreamer, such as JetPack's or the "
                "distribution's python3-opencv; the wheel from PyPI has none"
            )
        backend = cv2.CAP_GSTREAMER if gstreamer else cv2.CAP_FFMPEG
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, round(open_s * 1000)]
        limits += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, round(silence_s * 1000)]
        self._capture: Any = cv2.VideoCapture(source, backend, limits if not gstreamer else [])
        self.torn = self.dropped = 0
        self.title = ""
        if not self._capture.isOpened():
            raise DeviceError("OpenCV can't open it; GST_DEBUG=3 tells more of a pipeline")
        self.rate_hz = max(0.0, self._capture.get(cv2.CAP_PROP_FPS))
        self._cv2: Any = cv2

    def read(self) -> Picture | None:
        got, image = self._capture.read()
        if not got:
            raise DeviceError("the stream has ended, or nothing came in time")
        time_s = self._capture.get(self._cv2.CAP_PROP_POS_MSEC) / 1000
        luma = image if image.ndim == 2 else self._cv2.cvtColor(image, self._cv2.COLOR_BGR2GRAY)
        return Picture(luma, True, time_s if time_s > 0 else None)

    def close(self) -> None:
        self._capture.release()


def _import_av() -> Any:
    try:
        import av
    except ImportError as error:
        raise ConfigurationError("rtsp:// needs PyAV: pip install 'thermoscout[rtsp]'") from error
    return av


def _reason(error: Exception) -> str:
    """FFmpeg's reason without the address, which may hold the password."""
    return f"{type(error).__name__}: {getattr(error, 'strerror', None) or 'no reason given'}"


def _opencv_has_gstreamer(build: str) -> bool:
    lines = (line.split(":") for line in build.splitlines() if "GStreamer" in line)
    return any(len(words) > 1 and words[1].strip().startswith("YES") for words in lines)
