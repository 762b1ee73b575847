"""Backgrounds that several layouts share: sky and ground, masts, girders, trees, far wires."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from thermoscout_core.simulation.look import Look
from thermoscout_core.simulation.structures import Lattice, Post, Tree, Wall, Wire
from thermoscout_core.simulation.weather import Backdrop

if TYPE_CHECKING:
    from thermoscout_core.simulation.scene import Element


def sky_and_ground(
    rng: np.random.Generator, look: Look, *, ground_share: float = 0.5
) -> list[Element]:
    """The backdrop, with the ground in sight in that share of the scenes."""
    horizon = None
    if rng.random() < ground_share:
        left = rng.uniform(0.72, 1.02)
        horizon = (float(left), float(left + rng.normal(0, 0.02)))
    return [Backdrop(look.weather, int(rng.integers(2**31)), horizon)]


def far_away(rng: np.random.Generator, look: Look, aspect: float, *, busy: float) -> list[Element]:
    """Things behind the equipment; busy 0..1 says how many."""
    elements: list[Element] = []
    steel = look.steel_c - 0.5
    if rng.random() < 0.35 * busy:
        for _ in range(int(rng.integers(1, 5))):
            place = float(rng.uniform(0, aspect)), float(rng.uniform(0.75, 1.0))
            seed = int(rng.integers(2**31))
            size = float(rng.uniform(0.1, 0.35))
            elements.append(Tree(place, size, look.near(rng, look.weather.air_c - 1), seed))
    if rng.random() < 0.25 * busy:
        elements.append(_building(rng, look, aspect))
    for _ in range(rng.poisson(2.0 * busy)):
        x = rng.uniform(-0.1, aspect + 0.1)
        slope = rng.normal(0, 0.05)
        width = rng.uniform(0.05, 0.16)
        top = rng.uniform(-0.1, 0.4)
        elements.append(
            Lattice(
                (float(x), 1.1),
                (float(x + slope), float(top)),
                float(width),
                int(np.clip((1.1 - top) / width / rng.uniform(0.7, 1.1), 3, 18)),
                float(rng.uniform(0.08, 0.16) * width),
                look.near(rng, steel),
                depth=(float(rng.uniform(-0.5, 0.5) * width), float(rng.uniform(-0.2, 0) * width)),
                stop_width=float(rng.uniform(0.5, 1.0)),
            )
        )
    for _ in range(rng.poisson(1.2 * busy)):
        elements.append(girder(rng, look, aspect, float(rng.uniform(0.0, 0.5))))
    for _ in range(rng.poisson(3.0 * busy)):
        elements.append(far_wire(rng, look, aspect))
    if rng.random() < 0.3 * busy:
        x = float(rng.uniform(0, aspect))
        width = float(rng.uniform(0.02, 0.07))
        elements.append(
            Post(
                (x, 1.1),
                (x + float(rng.normal(0, 0.04)), float(rng.uniform(-0.2, 0.3))),
                width,
                look.near(rng, steel + 1),
                float(rng.uniform(0.6, 1)),
            )
        )
    return elements


def girder(rng: np.random.Generator, look: Look, aspect: float, y: float) -> Lattice:
    """A lattice girder across the frame at about that height."""
    width = rng.uniform(0.05, 0.18)
    slope = rng.normal(0, 0.12)
    return Lattice(
        (-0.2, float(y - slope)),
        (aspect + 0.2, float(y + slope)),
        float(width),
        int(np.clip((aspect + 0.4) / width / rng.uniform(0.8, 1.4), 4, 24)),
        float(rng.uniform(0.09, 0.2) * width),
        look.near(rng, look.steel_c),
        depth=(float(rng.uniform(-0.3, 0.3) * width), float(rng.uniform(-0.8, 0.2) * width)),
        stop_width=float(rng.uniform(0.6, 1.5)),
    )


def far_wire(rng: np.random.Generator, look: Look, aspect: float) -> Wire:
    """A thin conductor in the distance."""
    y = rng.uniform(0, 0.9, 2)
    temperature = look.weather.horizon_c + rng.uniform(0.2, 0.8) * (
        look.conductor_c - look.weather.horizon_c
    )
    return Wire(
        (-0.2, float(y[0])),
        (aspect + 0.2, float(y[1])),
        float(rng.uniform(0, 0.08)),
        float(rng.uniform(0.001, 0.006)),
        float(temperature),
    )


def _building(rng: np.random.Generator, look: Look, aspect: float) -> Wall:
    x = float(rng.uniform(-0.3, 0.6) * aspect)
    wide, top = float(rng.uniform(0.4, 1.2)), float(rng.uniform(0.3, 0.75))
    drop = float(rng.normal(0, 0.06))
    warm = look.weather.air_c + float(rng.uniform(-1, 8))
    panels = []
    for _ in range(int(rng.integers(0, 5))):
        px, py = x + rng.uniform(0.1, 0.9) * wide, rng.uniform(top + 0.1, 1.0)
        w, h = rng.uniform(0.03, 0.12, 2)
        panels.append(
            ((px, py), (px + w, py), (px + w, py + h), (px, py + h)),
        )
    corners = ((x, top), (x + wide, top + drop), (x + wide, 1.2), (x, 1.2))
    return Wall(corners, warm, tuple(panels), warm + float(rng.normal(0, 2)))
