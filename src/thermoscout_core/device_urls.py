"""The address of a camera or a rangefinder: scheme://place?option=value&…

A driver takes its options one by one, each with its default and range; whatever is left over is
an error that names the known ones, so that a misspelt option can't be overlooked.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, unquote, urlsplit

from thermoscout_core.errors import ConfigurationError

PASSWORD_OPTION = re.compile(r"\b(password|passwd|pwd|pass)=", re.IGNORECASE)


def secret_in(url: str) -> str:
    """Why that address may not be used as it is, "" when it may: it holds user or password.

    The sentence doesn't repeat them, for addresses show in logs, parameter dumps and bags.
    """
    scheme, _, rest = url.partition("://")
    place, _, query = rest.partition("?")
    authority = place.partition("/")[0]
    if "@" not in authority and not PASSWORD_OPTION.search(unquote(query)):
        return ""
    return (
        f"{scheme}://{authority.rpartition('@')[2]}/…: no user and password in an address; put "
        "them into THERMOSCOUT_CAMERA_USER and THERMOSCOUT_CAMERA_PASSWORD of the environment, or "
        "into a file named by the option credentials (docs/cameras.md)"
    )


class DeviceUrl:
    """A parsed address. scheme: lower case; place: host and path, unquoted.

    options: override those of the query. Raises ConfigurationError when it is no such address, an
    option is given twice, or it holds a password.
    """

    def __init__(self, url: str, options: Mapping[str, object] | None = None) -> None:
        secret = secret_in(url)
        if secret:
            raise ConfigurationError(secret)
        self.url = url
        scheme, separator, _ = url.partition("://")
        if not separator or not scheme:
            raise ConfigurationError(
                f"{url!r} is no device address; it looks like sim://patrol?seed=7 "
                "or file:///folder?rate=2"
            )
        parts = urlsplit(url)
        self.scheme = parts.scheme.lower()
        self.place = unquote(parts.netloc + parts.path)
        self._left: dict[str, str] = {}
        for name, value in parse_qsl(parts.query, keep_blank_values=True):
            if name in self._left:
                raise ConfigurationError(f"{url}: the option {name!r} is given twice")
            self._left[name] = value
        self._left.update({name: str(value) for name, value in (options or {}).items()})
        self._known: list[str] = []

    def addresses(self) -> list[str]:
        """host:port/path for each host of a list: a,b:81/path -> a/path and b:81/path."""
        hosts, slash, path = self.place.partition("/")
        return [f"{host.strip()}{slash}{path}" for host in hosts.split(",")]

    def text(self, name: str, default: str) -> str:
        """An option as text."""
        self._known.append(name)
        return self._left.pop(name, default)

    def number(self, name: str, default: float, low: float, high: float) -> float:
        """An option as a finite number in low..high; ConfigurationError otherwise."""
        raw = self.text(name, repr(default))
        try:
            value = float(raw)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise ConfigurationError(
                f"{self.url}: {name} must be a number from {low:g} to {high:g}, not {raw!r}"
            )
        return value

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """An option as a whole number in low..high; ConfigurationError otherwise."""
        value = self.number(name, default, low, high)
        if value != int(value):
            raise ConfigurationError(f"{self.url}: {name} must be a whole number, not {value:g}")
        return int(value)

    def choice(self, name: str, default: str, values: Iterable[str]) -> str:
        """An option that is one of those values; ConfigurationError otherwise."""
        value, known = self.text(name, default), list(values)
        if value not in known:
            raise ConfigurationError(
                f"{self.url}: {name} must be one of {', '.join(known)}, not {value!r}"
            )
        return value

    def flag(self, name: str, default: bool) -> bool:
        """An option that is 0 or 1."""
        return self.choice(name, "1" if default else "0", ("0", "1")) == "1"

    def finish(self) -> None:
        """Call after the last option. Raises ConfigurationError for one that nobody took."""
        if self._left:
            raise ConfigurationError(
                f"{self.url}: unknown option {', '.join(map(repr, self._left))}; "
                f"{self.scheme}:// knows {', '.join(self._known)}"
            )
