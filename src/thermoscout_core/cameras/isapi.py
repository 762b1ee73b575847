"""Hikvision and HIKMICRO thermometry over HTTP: isapi://192.168.1.64?channel=2&rate=1.

Each frame is one request (ISAPI, "jpegPicWithAppendData"), answered with the °C of every pixel.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

from thermoscout_core.cameras.addresses import first_that_answers
from thermoscout_core.cameras.credentials import Credentials, credentials_of
from thermoscout_core.cameras.isapi_answer import boundary_of, read_thermometry, split_parts
from thermoscout_core.clock import Clock
from thermoscout_core.device_attempts import DeviceCounters
from thermoscout_core.device_urls import DeviceUrl
from thermoscout_core.errors import DeviceError, LoginError, ThermogramError, ThermoscoutError
from thermoscout_core.frames import ObjectParameters, Radiometry, ThermalFrame
from thermoscout_core.thermograms.celsius import encode_celsius

REQUEST_TIMEOUT_S = 2.0
MOST_TORN_IN_A_ROW = 3
MOST_ANSWER_BYTES = 64 * 2**20
OTHER_REASONS = {401: "", 403: "; or the user lacks the right, or the channel has no thermometry"}
"""By HTTP status: what else a refusal may mean."""
TWO_BYTE_DOUBT = "2-byte temperatures, formula unconfirmed"


class IsapiCamera:
    """Temperatures as the camera states them, polled at rate_hz.

    addresses: host:port of one camera, tried in turn.

    The camera has worked emissivity, reflected temperature and distance into them already, and
    doesn't tell which, so `applied` is unknown and nothing is corrected a second time. The
    two-byte coding, whose formula no manual gives, is refused unless two_byte=accept; then the
    frame's camera text says so. A frozen picture is flagged shutter_closed.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        channel: int,
        rate_hz: float,
        credentials: Credentials,
        clock: Clock,
        *,
        scheme: str = "http",
        verify: bool = True,
        accept_two_byte: bool = False,
        hfov_rad: float = math.nan,
    ) -> None:
        self.rate_hz = rate_hz
        self.hardware_id = f"isapi camera at {addresses[0]}"
        self.wanted_id = ""
        self.counters = DeviceCounters()
        self._bases = [f"{scheme}://{address}" for address in addresses]
        self._base = self._bases[0]
        self._path = (
            f"/ISAPI/Thermal/channels/{channel}/thermometry/jpegPicWithAppendData?format=json"
        )
        self._credentials = credentials
        self._verify = verify
        self._clock = clock
        self._accept_two_byte = accept_two_byte
        self._hfov_rad = hfov_rad
        self._session: Any = None
        self._next_s = -math.inf
        self._torn_in_a_row = 0

    @classmethod
    def from_url(cls, url: DeviceUrl, clock: Clock) -> IsapiCamera:
        """Options: channel, rate, credentials, https (0, 1, or unverified for a self-signed
        certificate), two_byte (refuse or accept), hfov (°)."""
        channel = url.whole("channel", 2, 1, 64)
        rate_hz = url.number("rate", 1.0, 0.05, 25.0)
        credentials = credentials_of(url)
        https = url.choice("https", "0", ("0", "1", "unverified"))
        accept = url.choice("two_byte", "refuse", ("refuse", "accept")) == "accept"
        hfov_deg = url.number("hfov", 0.0, 0.0, 179.0)
        url.finish()
        return cls(
            [address.rstrip("/") for address in url.addresses()],
            channel,
            rate_hz,
            credentials,
            clock,
            scheme="http" if https == "0" else "https",
            verify=https != "unverified",
            accept_two_byte=accept,
            hfov_rad=math.radians(hfov_deg) if hfov_deg else math.nan,
        )

    def open(self) -> None:
        import requests
        from requests.auth import HTTPDigestAuth

        self.close()
        self._session = requests.Session()
        # a camera is on the robot's own network, not behind a proxy
        self._session.trust_env = False
        if self._credentials.user:
            self._session.auth = HTTPDigestAuth(self._credentials.user, self._credentials.password)
        self._base, self.hardware_id = first_that_answers(self._bases, self._identify)
        self._next_s = time.monotonic()

    def read(self, timeout_s: float) -> ThermalFrame | None:
        if self._session is None:
            raise DeviceError(f"{self.hardware_id} isn't open; call open() first")
        wait_s = self._next_s - time.monotonic()  # which no set clock makes jump
        if wait_s > 0:
            self._clock.sleep(min(wait_s, timeout_s))
            if wait_s > timeout_s:
                return None
        self._next_s = max(self._next_s, time.monotonic()) + 1.0 / self.rate_hz
        content_type, body, stamp_s = self._get(self._base, self._path)
        try:
            answer = read_thermometry(split_parts(body, boundary_of(content_type)))
            coded = encode_celsius(answer.celsius, self.hardware_id)
        except (DeviceError, ThermogramError) as error:
            self._count_torn(error)
            return None
        self._torn_in_a_row = 0
        confirmed = answer.formula_is_confirmed
        if not confirmed and not self._accept_two_byte:
            raise DeviceError(
                f"{self.hardware_id}: {TWO_BYTE_DOUBT}; compare, then two_byte=accept"
            )
        radiometry = Radiometry(
            coded.scale,
            applied=ObjectParameters(),
            camera=self.hardware_id if confirmed else f"{self.hardware_id} ({TWO_BYTE_DOUBT})",
            hfov_rad=self._hfov_rad,
        )
        return ThermalFrame(
            coded.counts, radiometry, stamp_s, self.hardware_id, coded.invalid, answer.is_frozen
        )

    def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _count_torn(self, error: ThermoscoutError) -> None:
        """One bad answer is thrown away; a camera that gives no other is as good as gone."""
        self.counters.torn += 1
        self._torn_in_a_row += 1
        if self._torn_in_a_row >= MOST_TORN_IN_A_ROW:
            raise DeviceError(f"{self.hardware_id}: {error}") from error

    def _identify(self, base: str) -> tuple[str, str]:
        """The base and who answers there; of several only the one that is wanted."""
        _, body, _ = self._get(base, "/ISAPI/System/deviceInfo")
        hardware_id = identity_of(body)
        if len(self._bases) > 1 and self.wanted_id not in ("", hardware_id):
            raise DeviceError(f"{base}: another camera answers, {hardware_id}")
        return base, hardware_id

    def _get(self, base: str, path: str) -> tuple[str, bytes, float]:
        """Content type, body, and the clock when the camera began to answer."""
        import requests

        where = f"{base}{path.partition('?')[0]}"
        try:
            with self._session.get(
                base + path, timeout=REQUEST_TIMEOUT_S, stream=True, allow_redirects=False
            ) as answer:
                stamp_s = self._clock.now_s()
                if answer.status_code in OTHER_REASONS:
                    raise LoginError(
                        f"{where}: the camera refuses user and password (HTTP "
                        f"{answer.status_code}); set THERMOSCOUT_CAMERA_USER and "
                        f"THERMOSCOUT_CAMERA_PASSWORD{OTHER_REASONS[answer.status_code]}"
                    )
                if answer.status_code != 200:
                    raise DeviceError(f"{where}: the camera answers HTTP {answer.status_code}")
                body = self._body(answer, where)
                return answer.headers.get("Content-Type", ""), body, stamp_s
        except requests.RequestException as error:
            reason = self._credentials.scrub(str(error))
            raise DeviceError(f"{where}: {type(error).__name__}: {reason}") from None

    def _body(self, answer: Any, where: str) -> bytes:
        announced = answer.headers.get("Content-Length", "")
        body = bytearray()
        for chunk in answer.iter_content(65536):
            body += chunk
            if len(body) > MOST_ANSWER_BYTES:
                raise DeviceError(f"{where}: the answer doesn't end")
        if announced.isdigit() and len(body) != int(announced):
            self.counters.torn += 1
            raise DeviceError(f"{where}: torn answer, {len(body)} of {announced} bytes came")
        return bytes(body)


def identity_of(device_info: bytes) -> str:
    """Model and serial number of an answer to /ISAPI/System/deviceInfo (XML).

    Raises DeviceError when it has no serial number: without one no camera can be told from
    another.
    """
    try:
        root = ElementTree.fromstring(device_info)
    except ElementTree.ParseError as error:
        raise DeviceError(f"/ISAPI/System/deviceInfo isn't XML: {error}") from error
    model = (root.findtext("{*}model") or "").strip()
    serial = (root.findtext("{*}serialNumber") or "").strip()
    if not serial:
        raise DeviceError("/ISAPI/System/deviceInfo has no serialNumber")
    return f"{model or 'ISAPI camera'} {serial}"
