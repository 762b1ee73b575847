"""Which GigE Vision cameras answer, and which of them is meant."""

from __future__ import annotations

from typing import Any

from thermoscout_core.cameras.genicam_features import GenicamFeatures
from thermoscout_core.errors import ConfigurationError, DeviceError

DISCOVERY_MS = 500


def import_genicam() -> Any:
    """viva-genicam. Raises ConfigurationError when it isn't installed."""
    try:
        import viva_genicam
    except ImportError as error:
        raise ConfigurationError(
            "gige:// needs viva-genicam: pip install 'thermoscout[gige]'"
        ) from error
    return viva_genicam


def discovered(interface: str | None = None) -> list[Any]:
    """What answers on every network card and on loopback: ip, mac, manufacturer, model of each.

    Raises ConfigurationError when viva-genicam isn't installed.
    """
    return list(import_genicam().discover(timeout_ms=DISCOVERY_MS, iface=interface, all=True))


def find_camera(place: str, wanted_id: str, interface: str | None) -> tuple[Any, str]:
    """The camera that is meant, and its identity: manufacturer, model and serial number.

    wanted_id: the only one to take, wherever it answers now; "" takes the one at place: an IP or
    MAC address or a serial number, or the first that answers when that is "" too. Raises
    DeviceError when it doesn't answer.
    """
    found = discovered(interface)
    named = [one for one in found if place in ("", one.ip, one.mac)]
    for info in named if named and not wanted_id else found:
        serial = serial_of(info, interface)
        hardware_id = f"{info.manufacturer} {info.model} {serial}"
        is_meant = hardware_id == wanted_id if wanted_id else bool(named) or serial == place
        if serial and is_meant:
            return info, hardware_id
    if place and named and not wanted_id:
        raise DeviceError(
            f"GigE camera {place} announces itself, but can't be asked for its serial number: "
            "it may be in another network, or held by a program that lets nobody read"
        )
    seen = ", ".join(f"{one.ip} ({one.model})" for one in found) or "none"
    raise DeviceError(f"no GigE camera {wanted_id or place or 'at all'} answers; found: {seen}")


def serial_of(info: Any, interface: str | None) -> str:
    """Read-only: asking for it must not take the camera from somebody. "" when it can't be
    reached, as one of another network that answers a broadcast."""
    genicam = import_genicam()
    try:
        with genicam.connect_gige(info, iface=interface, monitor=True) as camera:
            features = GenicamFeatures(camera, genicam.GenicamError)
            return features.get("DeviceSerialNumber") or features.get("DeviceID") or str(info.mac)
    except genicam.GenicamError:
        return ""
