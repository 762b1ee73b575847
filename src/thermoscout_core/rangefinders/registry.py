"""From a URL to a rangefinder. A new family is one file beside this one and one line here."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from thermoscout_core.clock import Clock, SystemClock
from thermoscout_core.device_urls import DeviceUrl
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.rangefinders.base import Rangefinder

RANGEFINDERS = {
    "sim": "thermoscout_core.rangefinders.simulated:SimulatedRangefinder",
    "serial": "thermoscout_core.rangefinders.serial_line:SerialRangefinder",
    "socket": "thermoscout_core.rangefinders.serial_line:SerialRangefinder",
}
"""Scheme -> module:class, imported when asked for. The class has from_url(DeviceUrl, Clock)."""


def open_rangefinder(url: str, clock: Clock | None = None, **options: object) -> Rangefinder:
    """The rangefinder at that address, made but not connected yet: call its open().

    options: like the query's, and stronger. clock: for those that pace themselves.
    Raises ConfigurationError for an unknown scheme or option, or a value out of range.
    """
    address = DeviceUrl(url, options)
    if address.scheme not in RANGEFINDERS:
        raise ConfigurationError(
            f"{url}: no rangefinder is called {address.scheme}://; known are "
            + ", ".join(f"{scheme}://" for scheme in RANGEFINDERS)
        )
    module, _, name = RANGEFINDERS[address.scheme].partition(":")
    family = getattr(import_module(module), name)
    return cast(Rangefinder, family.from_url(address, clock or SystemClock()))
