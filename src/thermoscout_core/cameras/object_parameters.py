"""Object parameters as text: "emissivity=0.95 reflected_c=20 air_c=15 distance_m=3"."""

from __future__ import annotations

from thermoscout_core.errors import ConfigurationError
from thermoscout_core.frames import ObjectParameters

RANGES = {
    "emissivity": (0.01, 1.0),
    "reflected_c": (-80.0, 1000.0),
    "air_c": (-80.0, 100.0),
    "relative_humidity": (0.0, 1.0),
    "distance_m": (0.0, 10000.0),
}


def parse_object_parameters(text: str) -> ObjectParameters:
    """What isn't named stays NaN: the camera keeps its own. Raises ConfigurationError."""
    values: dict[str, float] = {}
    for word in text.split():
        name, equals, number = word.partition("=")
        if name not in RANGES or not equals or name in values:
            raise ConfigurationError(
                f"{word!r} isn't one of {', '.join(f'{known}=…' for known in RANGES)}, each once"
            )
        try:
            values[name] = float(number)
        except ValueError:
            raise ConfigurationError(f"{name} must be a number, not {number!r}") from None
        low, high = RANGES[name]
        if not low <= values[name] <= high:
            raise ConfigurationError(f"{name} must lie in {low:g} … {high:g}, got {number}")
    return ObjectParameters(**values)


def object_parameters_problem(text: str) -> str:
    """Why that text can't be taken, "" when it can."""
    try:
        parse_object_parameters(text)
    except ConfigurationError as error:
        return str(error)
    return ""
