"""A scene: what stands where, how warm, under which weather; nothing is drawn yet."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from thermoscout_core.simulation import bays, gantries, indoors, transformers
from thermoscout_core.simulation.canvas import Canvas
from thermoscout_core.simulation.look import Look, random_look
from thermoscout_core.simulation.stations import STATIONS, Site
from thermoscout_core.simulation.weather import Weather


class Element(Protocol):
    """Anything that can be painted: equipment, structure, backdrop."""

    def draw(self, canvas: Canvas) -> None: ...


@dataclass(frozen=True)
class Scene:
    """elements: from far to near. distance_m: to the equipment. roll_rad: the camera's roll.

    seed: of the surfaces' fine texture; texture_c: its standard deviation.
    """

    elements: tuple[Element, ...]
    weather: Weather
    distance_m: float
    roll_rad: float = 0.0
    seed: int = 0
    texture_c: float = 0.15


Layout = Callable[[np.random.Generator, Look, float], "list[Element]"]


def patrol_station(rng: np.random.Generator, look: Look, aspect: float) -> list[Element]:
    """One of the patrol's stations, in another weather."""
    station = STATIONS[int(rng.integers(len(STATIONS)))]
    return station(Site(rng, look, aspect))


LAYOUTS: dict[str, Layout] = {
    "column_row": bays.column_row,
    "disconnector_bay": bays.disconnector_bay,
    "gantry_strings": gantries.gantry_strings,
    "gantry_disconnectors": gantries.gantry_disconnectors,
    "distribution_pole": gantries.distribution_pole,
    "transformer_top": transformers.transformer_top,
    "transformer_front": transformers.transformer_front,
    "cable_heads": indoors.cable_heads,
    "busbar_cell": indoors.busbar_cell,
    "patrol_station": patrol_station,
}
_SHARES = np.array([0.2, 0.13, 0.14, 0.11, 0.05, 0.15, 0.05, 0.05, 0.03, 0.09])
_INDOORS = ("cable_heads", "busbar_cell")
_MAX_ROLL_DEG = {"gantry_strings": 38.0, "gantry_disconnectors": 38.0, "distribution_pole": 8.0}


def random_scene(rng: np.random.Generator, aspect: float = 4 / 3) -> Scene:
    """A scene of any kind the substation offers, for training a detector.

    aspect: frame width over height.
    """
    kind = list(LAYOUTS)[int(rng.choice(len(LAYOUTS), p=_SHARES))]
    look = random_look(rng)
    elements = LAYOUTS[kind](rng, look, aspect)
    most_texture_c = 0.06 if kind in _INDOORS else 0.2
    roll = math.radians(_MAX_ROLL_DEG.get(kind, 5.0)) * rng.uniform(-1, 1)
    return Scene(
        elements=tuple(elements),
        weather=look.weather,
        distance_m=float(rng.uniform(3, 25)),
        roll_rad=float(roll),
        seed=int(rng.integers(2**31)),
        texture_c=float(rng.uniform(0.02, most_texture_c)),
    )
