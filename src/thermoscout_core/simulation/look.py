"""How warm things are in a scene: the draws that every layout makes its elements with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thermoscout_core.simulation.ribbed import Sheds
from thermoscout_core.simulation.weather import Weather


@dataclass(frozen=True)
class Look:
    """Temperatures of healthy equipment, °C, and how they scatter.

    connector_c, conductor_c, blade_c: current-carrying metal. porcelain_c, head_c, bushing_c,
    steel_c, tank_c, cable_c: the rest. spread_c: standard deviation between like items;
    contrast_c: between a shed's rim and its middle. hot_share: share of joints that get a
    random hot spot.
    """

    weather: Weather
    connector_c: float
    conductor_c: float
    blade_c: float
    porcelain_c: float
    head_c: float
    bushing_c: float
    steel_c: float
    tank_c: float
    cable_c: float
    spread_c: float = 0.3
    contrast_c: float = 0.4
    hot_share: float = 0.0
    hot_rise_c: tuple[float, float] = (8.0, 120.0)

    def near(self, rng: np.random.Generator, temperature_c: float) -> float:
        """That temperature, with the scatter between like items."""
        return float(temperature_c + rng.normal(0, self.spread_c))

    def hot_spot_c(self, rng: np.random.Generator, temperature_c: float) -> float | None:
        """A random fault's temperature for a few of the joints, None for the others."""
        if rng.random() >= self.hot_share:
            return None
        low, high = self.hot_rise_c
        return float(temperature_c + np.exp(rng.uniform(np.log(low), np.log(high))))

    def sheds(
        self,
        rng: np.random.Generator,
        length: float,
        radius: float,
        tilt: float,
        *,
        core: tuple[float, float] = (0.6, 0.85),
    ) -> Sheds:
        """Sheds whose pitch suits that length and radius."""
        pitch = radius * rng.uniform(0.28, 0.75)
        count = int(np.clip(round(length / pitch), 4, 26))
        return Sheds(
            count=count,
            core=float(rng.uniform(*core)),
            tilt=tilt,
            contrast_c=self.contrast_c,
            alternate=bool(rng.random() < 0.3),
        )


def random_look(rng: np.random.Generator) -> Look:
    """Any weather from a frosty clear night to a hot overcast day."""
    air = float(rng.uniform(-8, 32))
    clear = rng.random() < 0.75
    zenith = air - (rng.uniform(12, 35) if clear else rng.uniform(5, 12))
    horizon = zenith + rng.uniform(0, 10 if clear else 4)
    horizon = min(horizon, air - rng.choice([4.0, 0.5], p=[0.9, 0.1]))
    weather = Weather(
        air_c=air,
        relative_humidity=float(rng.uniform(0.25, 0.9)),
        zenith_c=float(zenith),
        horizon_c=float(horizon),
        reflected_c=float(air - rng.uniform(0, 25)),
        ground_c=float(air + rng.normal(0, 3)),
        cloud_c=float(rng.uniform(0.1, 0.5) * (air - zenith)),
        cloudiness=float(rng.choice([0.0, rng.uniform(0.1, 0.9)])),
    )
    load = float(rng.uniform(0, 6) if rng.random() < 0.75 else rng.uniform(4, 16))
    return Look(
        weather=weather,
        connector_c=air + load * rng.uniform(0.3, 1.0),
        conductor_c=air + load * rng.uniform(0.0, 0.8) - rng.uniform(0, 3),
        blade_c=air + load * rng.uniform(0.2, 1.0) - rng.uniform(0, 1.5),
        porcelain_c=air + rng.normal(0.5, 1.0),
        head_c=air + rng.normal(0.5, 1.2),
        bushing_c=air + rng.uniform(0, 6),
        steel_c=air + rng.normal(-0.5, 1.5),
        tank_c=air + rng.uniform(2, 25),
        cable_c=air + rng.uniform(0, 6),
        spread_c=float(rng.uniform(0.1, 0.7)),
        contrast_c=float(rng.choice([-1, 1]) * rng.uniform(0.1, 1.0)),
        hot_share=float(rng.choice([0.0, 0.0, 0.15])),
    )
