"""GigE Vision cameras: gige://192.168.1.20?format=TemperatureLinear10mK, by viva-genicam.

The client asks for lost packets again and gives complete frames only; others are counted.
"""

from __future__ import annotations

import math
import time
from contextlib import suppress
from typing import Any

import numpy as np

from thermoscout_core.cameras import genicam_radiometry as radiometric
from thermoscout_core.cameras.genicam_features import GenicamFeatures, wanted_features
from thermoscout_core.cameras.gige_discovery import find_camera, import_genicam
from thermoscout_core.cameras.stream_clock import StreamClock
from thermoscout_core.clock import Clock
from thermoscout_core.device_attempts import DeviceCounters
from thermoscout_core.device_urls import DeviceUrl
from thermoscout_core.errors import ConfigurationError, DeviceError
from thermoscout_core.frames import ObjectParameters, Radiometry, ThermalFrame
from thermoscout_core.thermograms.celsius import encode_celsius

TICKS_PER_SECOND_REGISTER = 0x093C
"""GigE Vision bootstrap registers: timestamp tick frequency, 64 bit."""
MOST_LAG_S = 0.5
LONGEST_PAUSE_S = 0.5
"""After so long, and two periods, without a frame a camera may be gone."""
DEFAULT_RATE_HZ = 30.0
NUC_COMMANDS = ("NUCAction", "NUCTrigger")
SHORTEST_NUC_S, LONGEST_NUC_S = 0.5, 5.0
AUTOMATIC = "auto"
FORMATS = (AUTOMATIC, "as_is", radiometric.RADIOMETRIC, *radiometric.IR_FORMATS_K)


class GigeCamera:
    """Counts of a GigE Vision camera with the scale that its features state.

    place: IP or MAC address, or serial number; "" takes the first camera found. ir_format: auto
    (10 mK where the camera has it), as_is, or one of FORMATS. features: set by name before the
    acquisition starts, and read back. interface: the network card's name or address.

    Radiometric counts are turned into 10 mK steps by the camera's own Planck constants.
    """

    def __init__(
        self,
        place: str,
        clock: Clock,
        *,
        ir_format: str = AUTOMATIC,
        features: dict[str, str] | None = None,
        interface: str = "",
        hfov_rad: float = math.nan,
    ) -> None:
        self.rate_hz = DEFAULT_RATE_HZ
        self.hardware_id = f"GigE camera {place}".strip()
        self.wanted_id = ""
        self.counters = DeviceCounters()
        self._place = place
        self._clock = clock
        self._ir_format = ir_format
        self._wanted = features or {}
        self._interface = interface or None
        self._hfov_rad = hfov_rad
        self._camera: Any = None
        self._stream: Any = None
        self._genicam_error: type[Exception] = Exception

    @classmethod
    def from_url(cls, url: DeviceUrl, clock: Clock) -> GigeCamera:
        """Options: format, features (Name:value,Name:value), interface, hfov (°)."""
        ir_format = url.choice("format", AUTOMATIC, FORMATS)
        features = wanted_features(url.text("features", ""))
        interface = url.text("interface", "")
        hfov_deg = url.number("hfov", 0.0, 0.0, 179.0)
        url.finish()
        return cls(
            url.place.strip("/"),
            clock,
            ir_format=ir_format,
            features=features,
            interface=interface,
            hfov_rad=math.radians(hfov_deg) if hfov_deg else math.nan,
        )

    def open(self) -> None:
        genicam = import_genicam()
        self._genicam_error = genicam.GenicamError
        self.close()
        try:
            info, self.hardware_id = find_camera(self._place, self.wanted_id, self._interface)
            self._camera = genicam.connect_gige(info, iface=self._interface)
            self.features = GenicamFeatures(self._camera, self._genicam_error)
            self._set_format()
            for name, value in self._wanted.items():
                self.features.set(name, value)
            self._learn_radiometry()
            self._ticks_per_s = self._read_ticks_per_s()
            rate_hz = self.features.number("AcquisitionFrameRate")
            self.rate_hz = rate_hz if rate_hz > 0 else DEFAULT_RATE_HZ
            self._stream_clock = StreamClock()
            self._nuc_begun_s = -math.inf
            self._late = 0
            stream = self._camera.stream(iface=self._interface)
            stream.__enter__()
            self._stream, self._heard_s = stream, time.monotonic()
        except self._genicam_error as error:
            raise DeviceError(f"{self.hardware_id}: {error}") from error

    def read(self, timeout_s: float) -> ThermalFrame | None:
        if self._stream is None:
            raise DeviceError(f"{self.hardware_id} isn't open; call open() first")
        try:
            frame = self._stream.next_frame(max(1, round(timeout_s * 1000)))
        except self._genicam_error as error:
            if "timeout waiting for frame" not in str(error):
                raise DeviceError(f"{self.hardware_id}: {error}") from error
            frame = None
        stats = self._stream.stats()
        self.counters.torn = stats.frames_incomplete
        self.counters.dropped = stats.frames_lost - stats.frames_incomplete + self._late
        self._check_control()
        if frame is None:
            return None
        self._heard_s = time.monotonic()
        lag_s = self._lag_s(frame)
        if lag_s > MOST_LAG_S:
            self._late += 1
            return None
        return self._thermal(frame, self._clock.now_s() - lag_s)

    def close(self) -> None:
        stream, self._stream = self._stream, None
        camera, self._camera = self._camera, None
        with suppress(self._genicam_error):
            if stream is not None:
                self._end(stream)
        with suppress(self._genicam_error):
            if camera is not None:
                camera.close()

    def _end(self, stream: Any) -> None:
        """A silent camera isn't told to stop: the client would ask it for seconds."""
        if time.monotonic() - self._heard_s < max(LONGEST_PAUSE_S, 2 / self.rate_hz):
            stream.__exit__(None, None, None)
        else:
            stream.close()

    def adjust(self, wanted: ObjectParameters) -> ObjectParameters:
        """See base.Adjustable."""
        for name, value in radiometric.features_of(wanted, self.features).items():
            self.features.set(name, repr(value))
        self._learn_radiometry()
        return self._applied

    def correct_non_uniformity(self) -> None:
        """See base.HasShutter; the flag is up while the command runs, for 0.5 to 5 s."""
        for name in NUC_COMMANDS:
            if self.features.has(name):
                self.features.execute(name)
                self._nuc_command = name
                self._nuc_begun_s = time.monotonic()
                return
        raise DeviceError(f"{self.hardware_id} has no {' or '.join(NUC_COMMANDS)}")

    def _check_control(self) -> None:
        """A camera that heard no heartbeat, because this computer stood still for its timeout (3 s
        as delivered), doesn't stream to us ever again; one that was given to somebody else may,
        but with that one's settings."""
        if self._camera.control_state.name == "LOST":
            raise DeviceError(
                f"{self.hardware_id} is no longer ours: it heard nothing from this computer for "
                "too long, or another program took it"
            )

    def _set_format(self) -> None:
        features, wanted = self.features, self._ir_format
        if wanted == "as_is":
            return
        if features.has("IRFormat"):
            choice = "TemperatureLinear10mK" if wanted == AUTOMATIC else wanted
            features.set("IRFormat", choice)
        elif features.has("TemperatureLinearMode") and wanted == AUTOMATIC:
            features.set("TemperatureLinearMode", "On")
            features.set("TemperatureLinearResolution", "High")
        elif wanted != AUTOMATIC:
            raise ConfigurationError(f"{self.hardware_id} has no IRFormat; use format=as_is")

    def _learn_radiometry(self) -> None:
        self._coding = radiometric.coding_of(self.features)
        self._applied = radiometric.object_parameters_of(self.features, self._coding)
        self._radiometry = Radiometry(
            self._coding.scale,
            applied=self._applied if self._coding.scale else ObjectParameters(),
            planck=radiometric.planck_or_default(self.features),
            camera=self.hardware_id,
            hfov_rad=self._hfov_rad,
        )

    def _read_ticks_per_s(self) -> int:
        return int.from_bytes(self._camera.read_register(TICKS_PER_SECOND_REGISTER, 8), "big")

    def _lag_s(self, frame: Any) -> float:
        if not self._ticks_per_s or not frame.ts_dev:
            return 0.0
        return self._stream_clock.lag_s(frame.ts_dev / self._ticks_per_s, time.monotonic())

    def _thermal(self, frame: Any, stamp_s: float) -> ThermalFrame:
        counts = frame.to_numpy()
        if counts.ndim != 2:
            raise DeviceError(f"{self.hardware_id}: {frame.pixel_format} isn't one number a pixel")
        counts = np.ascontiguousarray(counts, np.uint16)
        radiometry, invalid = self._radiometry, None
        if self._coding.planck is not None:
            celsius = radiometric.celsius_of_counts(self._coding.planck)[counts]
            coded = encode_celsius(celsius, self.hardware_id)
            counts, invalid = coded.counts, coded.invalid
            if coded.scale != radiometry.scale:
                radiometry = Radiometry(**{**vars(radiometry), "scale": coded.scale})
        return ThermalFrame(
            counts, radiometry, stamp_s, self.hardware_id, invalid, self._shutter_is_closed()
        )

    def _shutter_is_closed(self) -> bool:
        since_s = time.monotonic() - self._nuc_begun_s
        if since_s > LONGEST_NUC_S:
            return False
        if since_s < SHORTEST_NUC_S or not self.features.is_done(self._nuc_command):
            return True
        self._nuc_begun_s = -math.inf
        return False
