"""A GenICam camera's features by name: set, and read back to see that they were taken."""

from __future__ import annotations

import math
from typing import Any

from thermoscout_core.errors import ConfigurationError, DeviceError

CLOSE = 1e-3
"""A number read back may differ by so much of itself: registers are single precision or steps."""


def wanted_features(text: str) -> dict[str, str]:
    """Name:value,Name:value -> name and value. Raises ConfigurationError."""
    pairs = [item.partition(":") for item in text.split(",") if item.strip()]
    for name, colon, value in pairs:
        if not (name.strip() and colon and value.strip()):
            raise ConfigurationError(f"features are Name:value,Name:value, not {text!r}")
    return {name.strip(): value.strip() for name, _, value in pairs}


class GenicamFeatures:
    """error: what the client raises for a feature that is missing, refused or out of range."""

    def __init__(self, camera: Any, error: type[Exception]) -> None:
        self._camera = camera
        self._error = error

    def has(self, name: str) -> bool:
        try:
            state = self._camera.feature_state(name)
        except self._error:
            return False
        return bool(state.is_implemented and state.is_available)

    def get(self, name: str) -> str:
        """Its value as text, "" when the camera has no such feature."""
        try:
            return str(self._camera.get(name))
        except self._error:
            return ""

    def number(self, name: str) -> float:
        """Its value, NaN when the camera has no such number."""
        try:
            return float(self.get(name) or math.nan)
        except ValueError:
            return math.nan

    def highest(self, name: str) -> float:
        """The upper end of its range, NaN when it has none."""
        try:
            limits = self._camera.feature_state(name).range
        except self._error:
            return math.nan
        return math.nan if limits is None or limits.max is None else float(limits.max)

    def set(self, name: str, value: str) -> str:
        """Set it, read it back and return that. Raises DeviceError when it isn't taken."""
        try:
            self._camera.set(name, value)
            self._camera.invalidate(name)
            taken = str(self._camera.get(name))
        except self._error as error:
            raise DeviceError(f"the camera refuses {name} = {value}: {error}") from error
        if not _same(value, taken):
            raise DeviceError(f"the camera took {name} = {taken} in the place of {value}")
        return taken

    def execute(self, name: str) -> None:
        """Start a command without waiting for its end."""
        try:
            self._camera.execute(name, wait=False)
        except self._error as error:
            raise DeviceError(f"the camera refuses {name}: {error}") from error

    def is_done(self, name: str) -> bool:
        """Whether a started command has ended; True when the camera doesn't tell."""
        try:
            return bool(self._camera.is_done(name))
        except self._error:
            return True


def _same(wanted: str, taken: str) -> bool:
    try:
        return math.isclose(float(wanted), float(taken), rel_tol=CLOSE, abs_tol=1e-6)
    except ValueError:
        return wanted.lower() == taken.lower()
