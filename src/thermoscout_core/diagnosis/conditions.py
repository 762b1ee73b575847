"""The conditions under which it was measured, held against what the standard asks for."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from pydantic import BaseModel, ConfigDict, Field


def _is_stated(value: float | bool | None) -> bool:
    return value is not None and not math.isnan(value)


@dataclass(frozen=True)
class MeasuringConditions:
    """What is known of a measurement. NaN and None: not stated.

    load_share: current over rated current, 0..1 and above. precipitation: rain, snow or fog.
    """

    air_c: float = math.nan
    relative_humidity: float = math.nan
    wind_m_s: float = math.nan
    load_share: float = math.nan
    distance_m: float = math.nan
    direct_sun: bool | None = None
    precipitation: bool | None = None

    def or_else(self, other: MeasuringConditions) -> MeasuringConditions:
        """These, and the other's where these say nothing."""
        mine = {name: value for name, value in vars(self).items() if _is_stated(value)}
        return replace(other, **mine)


class ConditionLimits(BaseModel):
    """What a rule set asks of the conditions; a limit that is left out isn't checked."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    min_air_c: float | None = None
    max_air_c: float | None = None
    max_relative_humidity: float | None = Field(default=None, gt=0, le=1)
    max_wind_m_s: float | None = Field(default=None, gt=0)
    min_load_share: float | None = Field(default=None, gt=0, le=1)
    max_distance_m: float | None = Field(default=None, gt=0)
    no_direct_sun: bool = False
    no_precipitation: bool = False

    def cautions(self, known: MeasuringConditions) -> tuple[str, ...]:
        """What speaks against the measurement, each in words; last, what wasn't stated."""
        said: list[str] = []
        unknown: list[str] = []

        def check(name: str, value: float, limit: float | None, sign: int, unit: str) -> None:
            if limit is None:
                return
            if math.isnan(value):
                if name not in unknown:
                    unknown.append(name)
            elif sign * (value - limit) > 0:
                how = "above" if sign > 0 else "below"
                said.append(f"{name} {value:g}{unit} is {how} {limit:g}{unit}")

        check("air", known.air_c, self.min_air_c, -1, " °C")
        check("air", known.air_c, self.max_air_c, 1, " °C")
        check("relative humidity", known.relative_humidity, self.max_relative_humidity, 1, "")
        check("wind", known.wind_m_s, self.max_wind_m_s, 1, " m/s")
        check("load share", known.load_share, self.min_load_share, -1, "")
        check("distance", known.distance_m, self.max_distance_m, 1, " m")
        for name, is_so, unwanted in (
            ("direct sun", known.direct_sun, self.no_direct_sun),
            ("rain, snow or fog", known.precipitation, self.no_precipitation),
        ):
            if unwanted and is_so is None:
                unknown.append(name)
            elif unwanted and is_so:
                said.append(f"measured in {name}")
        if unknown:
            said.append(f"not stated: {', '.join(unknown)}")
        return tuple(said)

    def are_broken(self, known: MeasuringConditions) -> bool:
        """Whether something stated is outside of the limits."""
        return any(not caution.startswith("not stated") for caution in self.cautions(known))
