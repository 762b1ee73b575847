"""RTSP video: rtsp://192.168.1.64:554/Streaming/Channels/201?transport=tcp.

A video is a picture: its levels are no temperatures, and its frames have no scale, unless the
camera is set to white hot (or black hot) over a fixed span and the address states that span:
low and high, °C. To measure, pair it: paired.py.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from urllib.parse import quote

import numpy as np

from thermoscout_core.cameras.addresses import first_that_answers, host_of
from thermoscout_core.cameras.credentials import Credentials, credentials_of
from thermoscout_core.cameras.isapi import IsapiCamera
from thermoscout_core.cameras.paired import PairedCamera
from thermoscout_core.cameras.stream_clock import StreamClock
from thermoscout_core.cameras.video import AvVideo, OpenCvVideo, Picture, Video
from thermoscout_core.clock import Clock
from thermoscout_core.device_attempts import DeviceCounters
from thermoscout_core.device_urls import DeviceUrl
from thermoscout_core.errors import ConfigurationError, DeviceError, LoginError
from thermoscout_core.frames import LinearScale, ObjectParameters, Radiometry, ThermalFrame

MOST_LAG_S = 0.5
"""A picture that is later than this behind the least delayed one is stale and is left out."""
LONGEST_LATE_S = 5.0
"""A stream whose pictures are all later for so long doesn't catch up: it is begun anew."""
DEFAULT_RATE_HZ = 25.0
FULL_RANGE, VIDEO_RANGE = (0, 255), (16, 235)
REFUSALS = ("Unauthorized", "Forbidden")
"""Words of FFmpeg for a login that was refused, or locked."""


class RtspCamera:
    """Luma of a video stream as counts, 0..255, without a scale unless span_c states one.

    addresses: host:port/path of one camera, tried in turn; open_s is for all together. span_c: °C
    at black and at white. black_hot: white is low_c then. silence_s: the stream is gone
    when nothing comes for so long. pipeline: GStreamer's, in the place of PyAV; {url} in it is the
    address with user and password.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        credentials: Credentials,
        clock: Clock,
        *,
        transport: str = "tcp",
        span_c: tuple[float, float] | None = None,
        black_hot: bool = False,
        hfov_rad: float = math.nan,
        pipeline: str = "",
        decoder: str = "pyav",
        open_s: float = 5.0,
        silence_s: float = 0.8,
    ) -> None:
        self.rate_hz = DEFAULT_RATE_HZ
        self.hardware_id = f"rtsp://{addresses[0]}"
        self.counters = DeviceCounters()
        self.is_alive = False
        self._addresses = addresses
        self._credentials = credentials
        self._clock = clock
        self._transport = transport
        self._span_c = span_c
        self._black_hot = black_hot
        self._hfov_rad = hfov_rad
        self._pipeline = pipeline
        self._decoder = decoder
        self._open_s = open_s
        self._silence_s = silence_s
        self._video: Video | None = None
        self._stream_clock = StreamClock()
        self._late = 0
        self._late_since_s: float | None = None

    @classmethod
    def from_url(cls, url: DeviceUrl, clock: Clock) -> RtspCamera | PairedCamera:
        """Options: transport (tcp, udp), low and high (°C), polarity (white_hot, black_hot), hfov
        (°), credentials, pipeline, decoder (pyav, opencv), open_timeout and silence (s); query:
        what the camera's own address has as one, quoted. With radiometry=isapi a PairedCamera,
        with channel and rate as isapi:// has them, and port (of HTTP)."""
        transport = url.choice("transport", "tcp", ("tcp", "udp"))
        low_c = url.number("low", math.inf, -273.15, math.inf)
        high_c = url.number("high", math.inf, -273.15, math.inf)
        black_hot = url.choice("polarity", "white_hot", ("white_hot", "black_hot")) != "white_hot"
        hfov_deg = url.number("hfov", 0.0, 0.0, 179.0)
        credentials = credentials_of(url)
        pipeline = url.text("pipeline", "")
        decoder = url.choice("decoder", "pyav", ("pyav", "opencv"))
        if transport == "udp" and (pipeline or decoder == "opencv"):
            raise ConfigurationError(
                f"{url.url}: transport=udp is for PyAV; a pipeline states its own, OpenCV has TCP"
            )
        open_s = url.number("open_timeout", 5.0, 0.1, 60.0)
        silence_s = url.number("silence", 0.8, 0.1, 60.0)
        query = url.text("query", "")
        measuring = _measuring_side(url, clock, credentials)
        url.finish()
        camera = cls(
            [f"{address}?{query}" if query else address for address in url.addresses()],
            credentials,
            clock,
            transport=transport,
            span_c=_span(url, low_c, high_c),
            black_hot=black_hot,
            hfov_rad=math.radians(hfov_deg) if hfov_deg else math.nan,
            pipeline=pipeline,
            decoder=decoder,
            open_s=open_s,
            silence_s=silence_s,
        )
        return camera if measuring is None else PairedCamera(camera, measuring)

    def open(self) -> None:
        self.close()
        self._stream_clock, self._late_since_s = StreamClock(), None
        self._video = first_that_answers(self._addresses, self._video_at)
        self.rate_hz = self._video.rate_hz or DEFAULT_RATE_HZ
        hosts = ", ".join(sorted({host_of(address) for address in self._addresses}))
        self.hardware_id = f"{self._video.title or 'rtsp camera'} at {hosts}"

    def read(self, timeout_s: float) -> ThermalFrame | None:
        """As base.py; but waits up to silence_s, for the stream can't be asked in between."""
        if self._video is None:
            raise DeviceError(f"{self.hardware_id} isn't open; call open() first")
        try:
            picture = self._video.read()
        except DeviceError as error:
            raise DeviceError(f"{self.hardware_id}: {error}") from None
        self.is_alive = picture is None
        lag_s = self._lag_s(picture)
        self.counters.torn = self._video.torn
        self.counters.dropped = self._video.dropped + self._late
        if picture is None or lag_s is None:
            return None
        return self._frame(picture, self._clock.now_s() - lag_s)

    def close(self) -> None:
        video, self._video = self._video, None
        if video is not None:
            video.close()

    def _video_at(self, address: str) -> Video:
        try:
            return self._connect(f"rtsp://{self._login()}{address}")
        except DeviceError as error:
            problem = f"rtsp://{address}: {error}"
            if any(refusal in str(error) for refusal in REFUSALS):
                raise LoginError(f"{problem}; the camera refuses user and password") from None
            raise DeviceError(problem) from None

    def _connect(self, url: str) -> Video:
        open_s = self._open_s / len(self._addresses)
        if self._pipeline:
            pipeline = self._pipeline.replace("{url}", url)
            return OpenCvVideo(pipeline, open_s, self._silence_s, gstreamer=True)
        if self._decoder == "opencv":
            return OpenCvVideo(url, open_s, self._silence_s, gstreamer=False)
        return AvVideo(url, self._transport, open_s, self._silence_s)

    def _login(self) -> str:
        user, password = self._credentials.user, self._credentials.password
        return f"{quote(user, safe='')}:{quote(password, safe='')}@" if user else ""

    def _lag_s(self, picture: Picture | None) -> float | None:
        """How late the picture is; None when it is stale, or came with a backlog.

        Raises DeviceError when nothing else comes any more.
        """
        if picture is None or picture.time_s is None:
            return 0.0
        now_s = time.monotonic()
        lag_s = self._stream_clock.lag_s(picture.time_s, now_s)
        if lag_s <= MOST_LAG_S and self._stream_clock.is_settled:
            self._late_since_s = None
            return lag_s
        self._late += 1
        self.is_alive = True
        if self._late_since_s is None:
            self._late_since_s = now_s
        if now_s - self._late_since_s > LONGEST_LATE_S:
            raise DeviceError(f"{self.hardware_id}: its pictures come {lag_s:.1f} s late")
        return None

    def _frame(self, picture: Picture, stamp_s: float) -> ThermalFrame:
        black, white = FULL_RANGE if picture.is_full_range else VIDEO_RANGE
        counts = picture.luma.astype(np.uint16)
        scale, accuracy_c = None, math.nan
        if self._span_c is not None:
            if self._black_hot:
                counts = np.uint16(black + white) - np.clip(counts, black, white)
            low_c, high_c = self._span_c
            gain = (high_c - low_c) / (white - black)
            scale, accuracy_c = LinearScale(gain, low_c - black * gain), gain
        radiometry = Radiometry(
            scale,
            applied=ObjectParameters(),
            camera=self.hardware_id,
            saturation_count=white,
            hfov_rad=self._hfov_rad,
            accuracy_c=accuracy_c,
        )
        return ThermalFrame(counts, radiometry, stamp_s, self.hardware_id)


def _measuring_side(url: DeviceUrl, clock: Clock, credentials: Credentials) -> IsapiCamera | None:
    if url.choice("radiometry", "none", ("none", "isapi")) == "none":
        return None
    port = url.whole("port", 80, 1, 65535)
    addresses = [f"{host_of(address)}:{port}" for address in url.addresses()]
    channel = url.whole("channel", 2, 1, 64)
    rate_hz = url.number("rate", 1.0, 0.05, 25.0)
    return IsapiCamera(addresses, channel, rate_hz, credentials, clock)


def _span(url: DeviceUrl, low_c: float, high_c: float) -> tuple[float, float] | None:
    if math.isinf(low_c) and math.isinf(high_c):
        return None
    if math.isinf(low_c) or math.isinf(high_c) or low_c >= high_c:
        raise ConfigurationError(
            f"{url.url}: low and high state the °C of black and white together, low below high"
        )
    return low_c, high_c
