"""The patrol's stations: what a robot sees from each of its stops, in three-phase order.

Other than the training layouts these are composed: every terminal that may be faulty is in full
sight and stands off from its neighbours, so that the truth of a frame isn't a matter of opinion.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from thermoscout_core.simulation.canvas import Pose
from thermoscout_core.simulation.clutter import girder
from thermoscout_core.simulation.fittings import Connector, Disconnector
from thermoscout_core.simulation.look import Look
from thermoscout_core.simulation.ribbed import (
    Bushing,
    CableTermination,
    Column,
    InsulatorString,
    Sheds,
)
from thermoscout_core.simulation.structures import Lattice, Post, Tree, Wire
from thermoscout_core.simulation.tank import Tank
from thermoscout_core.simulation.weather import Backdrop

if TYPE_CHECKING:
    from thermoscout_core.simulation.scene import Element

PHASES = "ABC"


@dataclass(frozen=True)
class Site:
    """What a station is built with. aspect: frame width over height."""

    rng: np.random.Generator
    look: Look
    aspect: float

    def near(self, temperature_c: float) -> float:
        return self.look.near(self.rng, temperature_c)

    def backdrop(self, horizon: float | None = None, masts: int = 1) -> list[Element]:
        """Overcast sky, perhaps the ground and trees, lattice masts and a girder far behind."""
        rng, look = self.rng, self.look
        line = None if horizon is None else (horizon, horizon + 0.01)
        elements: list[Element] = [Backdrop(look.weather, int(rng.integers(2**31)), line, 0.3)]
        if horizon is not None:
            for x in rng.uniform(0, self.aspect, 3):
                crown = (float(x), horizon - 0.02)
                size, seed = float(rng.uniform(0.08, 0.16)), int(rng.integers(2**31))
                elements.append(Tree(crown, size, look.weather.air_c - 2.0, seed))
        for x in rng.uniform(-0.05, self.aspect + 0.05, masts):
            foot, head = (float(x), 1.1), (float(x), float(rng.uniform(-0.2, 0.25)))
            steel = look.steel_c - 1.0
            elements.append(Lattice(foot, head, 0.09, 12, 0.011, steel, depth=(0.03, 0.0)))
        if masts > 0:
            elements.append(girder(rng, look, self.aspect, float(rng.uniform(0.02, 0.16))))
        return elements

    def terminal(self, name: str, top: Pose, size: float, style: str = "clamp") -> list[Element]:
        """A stud on that place, the outgoing conductor, the clamp that joins them."""
        stud = top.at([0, 0], [-0.01, 0.55 * size])
        foot = top.moved(0, 0.5 * size)
        start = foot.at(0, 0.8 * size)[0]
        stop = start + np.array([0.55, -0.35 - self.rng.uniform(0, 0.1)])
        return [
            Post(_place(stud[0]), _place(stud[1]), 0.3 * size, self.near(self.look.head_c)),
            Wire(_place(start), _place(stop), -0.12, 0.2 * size, self.near(self.look.conductor_c)),
            Connector(name, foot, size, self.near(self.look.connector_c), style, 0.34),
        ]

    def column(
        self, name: str, foot: Pose, length: float, radius: float, style: str, count: int
    ) -> list[Element]:
        """A column on its steel support."""
        look = self.look
        sheds = Sheds(count, 0.72, 0.13, 0.3, alternate=count > 12)
        porcelain, head = self.near(look.porcelain_c), self.near(look.head_c)
        leg = Post((foot.x, 1.3), (foot.x, foot.y), 0.9 * radius, self.near(look.steel_c))
        return [leg, Column(name, foot, length, radius, sheds, porcelain, head, style, 0.92)]


def _place(point: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[float, float]:
    return float(point[0]), float(point[1])


def _phases(
    site: Site, foot: float, spacing: float, shrink: float
) -> list[tuple[str, Pose, float]]:
    """Phase name, foot and scale of three like apparatus, from far to near."""
    jitter = float(site.rng.uniform(-0.02, 0.02))
    x, places = 0.14 * site.aspect + jitter, []
    for k, phase in enumerate(PHASES):
        scale = shrink**k
        places.append((phase, Pose(x, 0.45 + (foot - 0.45) * scale), scale))
        x += spacing * site.aspect * scale
    return places[::-1]


def _column_station(
    site: Site, kind: str, style: str, length: float, radius: float, count: int
) -> list[Element]:
    elements = site.backdrop(horizon=0.93, masts=2)
    for phase, foot, scale in _phases(site, 0.88, 0.34, 0.86):
        name = f"{kind}-{phase}"
        tall, wide = length * scale, radius * scale
        elements += site.column(f"{name}-column", foot, tall, wide, style, count)
        elements += site.terminal(f"{name}-clamp", foot.moved(0, tall), 0.085 * scale)
    return elements


def current_transformers(site: Site) -> list[Element]:
    return _column_station(site, "ct", "head", 0.55, 0.07, 11)


def circuit_breakers(site: Site) -> list[Element]:
    return _column_station(site, "breaker", "stages", 0.62, 0.05, 11)


def arresters(site: Site) -> list[Element]:
    return _column_station(site, "arrester", "post", 0.5, 0.045, 14)


def line_disconnectors(site: Site) -> list[Element]:
    """Two poles of a centre-break disconnector, one behind the other."""
    elements = site.backdrop(horizon=0.95)
    middle = 0.5 * site.aspect
    for phase, dx, foot, scale in (("B", 0.02, 0.5, 0.62), ("A", 0.0, 0.98, 1.0)):
        name = f"line-{phase}"
        span, length, radius = 0.52 * site.aspect * scale, 0.4 * scale, 0.06 * scale
        tops = []
        for side, letter in ((-1, "left"), (1, "right")):
            base = Pose(middle + dx + side * span / 2, foot)
            elements += site.column(f"{name}-{letter}-column", base, length, radius, "post", 10)
            tops.append(base.moved(0, length + 0.035 * scale))
        for side, top, letter in ((-1, tops[0], "left"), (1, tops[1], "right")):
            outer = top.moved(side * 0.03 * scale, 0.01, side * 0.9)
            elements += site.terminal(f"{name}-{letter}-clamp", outer, 0.075 * scale, "lug")
        elements.append(
            Disconnector(
                f"{name}-blade",
                (tops[0].x, tops[0].y),
                (tops[1].x, tops[1].y),
                0.036 * scale,
                site.near(site.look.blade_c),
            )
        )
    return elements


def _bushing_station(
    site: Site, kind: str, *, tank_top: float, length: float, radius: float, fins: int
) -> list[Element]:
    elements = site.backdrop(masts=1)
    look = site.look
    oil = site.near(look.tank_c)
    places = [0.2, 0.5, 0.8]
    turrets = tuple((x * site.aspect, 1.25 * radius, 0.05) for x in places)
    elements.append(
        Tank(
            f"{kind}-transformer",
            0.03 * site.aspect,
            tank_top,
            0.97 * site.aspect,
            1.15,
            oil,
            oil - 4.0,
            fins=fins,
            turrets=turrets,
            seed=int(site.rng.integers(2**31)),
        )
    )
    for phase, x in zip(PHASES, places, strict=True):
        base = Pose(x * site.aspect, tank_top - 0.05, float(0.25 * (x - 0.5)))
        warm = site.near(look.bushing_c)
        sheds = Sheds(9, 0.6, 0.14, 0.3)
        cap = site.near(look.bushing_c)
        name = f"{kind}-{phase}"
        elements.append(
            Bushing(f"{name}-bushing", base, length, radius, sheds, warm, warm - 0.6, cap, 0.7)
        )
        elements += site.terminal(f"{name}-terminal", base.moved(0, length), 0.08)
    return elements


def high_voltage_bushings(site: Site) -> list[Element]:
    return _bushing_station(site, "hv", tank_top=0.8, length=0.42, radius=0.065, fins=0)


def low_voltage_bushings(site: Site) -> list[Element]:
    return _bushing_station(site, "lv", tank_top=0.62, length=0.27, radius=0.055, fins=30)


def line_gantry(site: Site) -> list[Element]:
    """Tension strings on a girder, dead-end clamps and the taps of the droppers."""
    elements = site.backdrop(masts=0)
    look, y = site.look, 0.78
    elements.append(
        Lattice(
            (-0.3, y), (site.aspect + 0.3, y), 0.2, 9, 0.022, look.steel_c, depth=(0.05, -0.09)
        )
    )
    for phase, x in zip(PHASES, (0.09, 0.4, 0.71), strict=True):
        name = f"gantry-{phase}"
        foot = Pose(x * site.aspect, y - 0.11, 0.42)
        end = foot.moved(0, 0.3)
        clamp = end.moved(0, 0.015)
        out = clamp.at(0, 0.09)[0]
        tap = clamp.moved(0, 0.2)
        metal = site.near(look.conductor_c)
        down = (float(tap.x + 0.06), y + 0.25)
        elements += [
            Wire(_place(out), _place(clamp.at(0, 1.2)[0]), 0.0, 0.014, metal),
            Wire((tap.x, tap.y), down, 0.05, 0.014, metal, 0.05),
            InsulatorString(
                f"{name}-string",
                foot,
                0.24,
                0.05,
                6,
                0.3,
                site.near(look.porcelain_c),
                site.near(look.steel_c),
            ),
            Connector(f"{name}-dead-end", clamp, 0.09, site.near(look.connector_c), "clamp", 0.32),
            Connector(f"{name}-tap", tap, 0.065, site.near(look.connector_c), "sleeve", 0.4),
        ]
    return elements


def mast_disconnectors(site: Site) -> list[Element]:
    """Vertical blades between horizontal posts on a mast."""
    elements = site.backdrop(masts=0)
    look, x = site.look, 0.42 * site.aspect
    mast = Lattice(
        (x - 0.1, 1.3), (x - 0.1, -0.3), 0.26, 6, 0.026, look.steel_c, depth=(0.07, 0.04)
    )
    elements.append(mast)
    for k, phase in enumerate("AB"):
        name, top = f"mast-{phase}", 0.13 + 0.46 * k
        ends = []
        for n, y in enumerate((top, top + 0.28)):
            foot = Pose(x, y, 0.5 * np.pi - 0.05)
            sheds = Sheds(7, 0.7, 0.2, 0.3)
            warm, head = site.near(look.porcelain_c), site.near(look.head_c)
            elements.append(Column(f"{name}-post{n}", foot, 0.26, 0.045, sheds, warm, head))
            ends.append(foot.moved(0, 0.29))
        elements.append(
            Disconnector(
                f"{name}-blade",
                (ends[0].x, ends[0].y),
                (ends[1].x, ends[1].y),
                0.034,
                site.near(look.blade_c),
            )
        )
        for n, end in enumerate(ends):
            out = Pose(end.x + 0.03, end.y, 0.5 * np.pi)
            elements += site.terminal(f"{name}-clamp{n}", out, 0.07, "tee")
    return elements


def cable_ends(site: Site) -> list[Element]:
    """Three cable terminations with lugs, before the fence and trees."""
    elements = site.backdrop(horizon=0.9, masts=2)
    look = site.look
    beam = Post((-0.3, 0.83), (site.aspect + 0.3, 0.83), 0.05, look.steel_c)
    elements.append(beam)
    for phase, x in zip(PHASES, (0.22, 0.5, 0.78), strict=True):
        base = Pose(x * site.aspect, 0.8, 0.0)
        warm = site.near(look.cable_c)
        name = f"cable-{phase}"
        elements.append(
            CableTermination(f"{name}-end", base, 0.42, 0.03, 5, warm, warm - 0.4, 0.6)
        )
        elements += site.terminal(f"{name}-lug", base.moved(0, 0.43), 0.085, "lug")
    return elements


STATIONS: tuple[Callable[[Site], list[Element]], ...] = (
    current_transformers,
    line_disconnectors,
    high_voltage_bushings,
    circuit_breakers,
    line_gantry,
    arresters,
    mast_disconnectors,
    low_voltage_bushings,
    cable_ends,
)
