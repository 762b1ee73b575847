"""From a URL to a camera. A new family is one file beside this one and one line here."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from thermoscout_core.cameras.base import Camera
from thermoscout_core.clock import Clock, SystemClock
from thermoscout_core.device_urls import DeviceUrl
from thermoscout_core.errors import ConfigurationError

CAMERAS = {
    "sim": "thermoscout_core.cameras.simulated:SimulatedCamera",
    "file": "thermoscout_core.cameras.files:FilesCamera",
    "rtsp": "thermoscout_core.cameras.rtsp:RtspCamera",
    "gige": "thermoscout_core.cameras.gige:GigeCamera",
    "uvc": "thermoscout_core.cameras.uvc:UvcCamera",
    "bag": "thermoscout_core.cameras.bag:BagCamera",
    "isapi": "thermoscout_core.cameras.isapi:IsapiCamera",
}
"""Scheme -> module:class. Imported when asked for, so that no family needs another's library.
The class has from_url(DeviceUrl, Clock)."""


def open_camera(url: str, clock: Clock | None = None, **options: object) -> Camera:
    """The camera at that address, made but not connected yet: call its open().

    options: like the query's, and stronger. clock: for cameras that pace themselves.
    Raises ConfigurationError for an unknown scheme or option, or a value out of range.
    """
    address = DeviceUrl(url, options)
    if address.scheme not in CAMERAS:
        raise ConfigurationError(
            f"{url}: no camera is called {address.scheme}://; known are "
            + ", ".join(f"{scheme}://" for scheme in CAMERAS)
        )
    module, _, name = CAMERAS[address.scheme].partition(":")
    family = getattr(import_module(module), name)
    return cast(Camera, family.from_url(address, clock or SystemClock()))
