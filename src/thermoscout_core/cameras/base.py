"""What every camera is, whatever its make."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from thermoscout_core.errors import ThermoscoutError
from thermoscout_core.frames import ObjectParameters, ThermalFrame


class EndOfStream(ThermoscoutError):
    """The source is finished: it has no more frames or samples, and none is lost."""


class Camera(Protocol):
    """A source of thermal frames.

    hardware_id: make, model and serial, or what else tells this device from another. rate_hz:
    nominal frame rate. A fresh camera isn't connected. One thread at a time.

    It may also have: counters (device_attempts.DeviceCounters); silence_is_loss = False when it
    follows a clock that may stand still; is_alive and wanted_id (see DeviceReader); and be
    Adjustable or HasShutter.
    """

    hardware_id: str
    rate_hz: float

    def open(self) -> None:
        """Connect and start streaming. Raises DeviceError when the device can't be had."""
        ...

    def read(self, timeout_s: float) -> ThermalFrame | None:
        """The next frame, stamped at acquisition, never the same twice; None: none yet.

        Waits at most timeout_s. Raises EndOfStream when there will be no more, DeviceError when
        the device is gone or not open: close() and open a fresh one.
        """
        ...

    def close(self) -> None:
        """Stop and release the device; harmless when it isn't open."""
        ...


@runtime_checkable
class Adjustable(Protocol):
    """A camera that applies object parameters of its own."""

    def adjust(self, wanted: ObjectParameters) -> ObjectParameters:
        """Set what isn't NaN and read everything back: what the camera applies from now on.

        Between two read(). Raises DeviceError when it refuses a value or has no such feature.
        """
        ...


@runtime_checkable
class HasShutter(Protocol):
    """A camera whose non-uniformity correction (NUC) can be asked for."""

    def correct_non_uniformity(self) -> None:
        """Start a NUC; frames say shutter_closed while it lasts. Raises DeviceError."""
        ...
