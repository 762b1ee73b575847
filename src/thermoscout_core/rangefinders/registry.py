"""From a URL to a rangefinder. A new family or protocol is one file beside this one and one line
here."""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

from thermoscout_core.clock import Clock, SystemClock
from thermoscout_core.device_urls import DeviceUrl
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.rangefinders.base import Rangefinder
from thermoscout_core.rangefinders.protocol import RangeProtocol

RANGEFINDERS = {
    "sim": "thermoscout_core.rangefinders.simulated:SimulatedRangefinder",
    "serial": "thermoscout_core.rangefinders.serial_line:SerialRangefinder",
    "socket": "thermoscout_core.rangefinders.serial_line:SerialRangefinder",
}
"""Scheme -> module:class, imported when asked for. The class has from_url(DeviceUrl, Clock)."""

PROTOCOLS = {
    "benewake": "thermoscout_core.rangefinders.benewake:Benewake",
    "jrt": "thermoscout_core.rangefinders.jrt:Jrt",
    "dimetix": "thermoscout_core.rangefinders.dimetix:Dimetix",
    "lightware": "thermoscout_core.rangefinders.lightware:LightWare",
}
"""Value of the option protocol -> module:class, a RangeProtocol that is made of a DeviceUrl."""


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
    family = _class_of(RANGEFINDERS[address.scheme])
    return cast(Rangefinder, family.from_url(address, clock or SystemClock()))


def protocol_of(url: DeviceUrl) -> RangeProtocol:
    """The protocol that the option protocol names, with its own options taken.

    Raises ConfigurationError for an unknown one.
    """
    chosen = url.text("protocol", "")
    if chosen not in PROTOCOLS:
        raise ConfigurationError(
            f"{url.url}: protocol must be one of {', '.join(PROTOCOLS)}, not {chosen!r}"
        )
    return cast(RangeProtocol, _class_of(PROTOCOLS[chosen])(url))


def _class_of(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)
