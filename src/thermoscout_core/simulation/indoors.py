"""Cells and racks: cable heads in a row, busbars with lugs before a wall."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from thermoscout_core.simulation.bays import PHASES, random_connector
from thermoscout_core.simulation.canvas import Pose
from thermoscout_core.simulation.clutter import sky_and_ground
from thermoscout_core.simulation.fittings import Disconnector
from thermoscout_core.simulation.look import Look
from thermoscout_core.simulation.ribbed import CableTermination, Column
from thermoscout_core.simulation.structures import Post, Wall, Wire

if TYPE_CHECKING:
    from thermoscout_core.simulation.scene import Element


def _wall(rng: np.random.Generator, look: Look, aspect: float) -> list[Element]:
    base = look.weather.air_c - float(rng.uniform(0.5, 6))
    panels = []
    for _ in range(int(rng.integers(1, 7))):
        x, y = rng.uniform(-0.1, 1.2 * aspect), rng.uniform(-0.2, 0.9)
        w, h = rng.uniform(0.05, 0.5, 2)
        panels.append(((x, y), (x + w, y), (x + w, y + h), (x, y + h)))
    corners = ((-1.0, -1.0), (aspect + 1, -1.0), (aspect + 1, 2.0), (-1.0, 2.0))
    return [Wall(corners, base, tuple(panels), base + float(rng.normal(0, 1)))]


def cable_heads(rng: np.random.Generator, look: Look, aspect: float) -> list[Element]:
    """Three cable terminations under a support, lugs at their tops, leads upwards."""
    elements = sky_and_ground(rng, look, ground_share=0.5)
    if rng.random() < 0.6:
        elements = elements + _wall(rng, look, aspect)
    count = int(rng.choice([3, 3, 2, 6]))
    length = float(rng.uniform(0.2, 0.5))
    radius = length * float(rng.uniform(0.06, 0.12))
    base = float(rng.uniform(0.6, 0.95))
    x0, gap = (
        float(rng.uniform(0.12, 0.3) * aspect),
        float(rng.uniform(0.6, 0.95) * aspect / count),
    )
    if rng.random() < 0.6:
        y = base + float(rng.uniform(-0.3, 0.05)) * length
        steel = look.near(rng, look.steel_c)
        elements.append(Post((-0.3, y), (aspect + 0.3, y + 0.02), 0.05, steel))
    sheds, fan = int(rng.choice([0, 0, 3, 5, 7])), float(rng.normal(0, 0.3))
    for k in range(count):
        name = f"cable-{PHASES[k % 3]}{k // 3 or ''}"
        pose = Pose(x0 + k * gap, base, fan * (k - (count - 1) / 2) / count)
        end = pose.moved(0, length, float(rng.normal(0, 0.05)))
        size = float(max(0.05, 2.0 * radius * rng.uniform(1.0, 1.6)))
        tip = end.at(0, size)[0]
        stop = (float(tip[0] + rng.normal(0, 0.15)), -0.2)
        warm = look.near(rng, look.cable_c)
        elements.append(
            Wire(
                (float(tip[0]), float(tip[1])),
                stop,
                0.0,
                0.8 * radius,
                look.near(rng, look.conductor_c),
                float(rng.normal(0, 0.05)),
            )
        )
        elements.append(
            CableTermination(f"{name}-end", pose, length, radius, sheds, warm, warm - 0.7, 0.8)
        )
        elements.append(random_connector(rng, look, f"{name}-lug", end, size))
    return elements


def busbar_cell(rng: np.random.Generator, look: Look, aspect: float) -> list[Element]:
    """Switchgear seen from the front: post insulators end-on, bars, blades and bolted lugs."""
    elements = sky_and_ground(rng, look, ground_share=0.0) + _wall(rng, look, aspect)
    count = int(rng.choice([2, 3, 3]))
    scale = float(rng.uniform(0.7, 1.2))
    gap = aspect / count
    bar = 0.05 * scale
    top, low = float(rng.uniform(0.1, 0.3)), float(rng.uniform(0.65, 0.9))
    has_blades = rng.random() < 0.75
    for k in range(count):
        x = gap * (k + 0.5) + float(rng.normal(0, 0.01))
        warm = look.near(rng, look.conductor_c)
        elements.append(Wire((x, -0.2), (x, 1.2), 0.0, bar, warm))
        for n, y in enumerate((top, low)):
            foot = Pose(x, y + 0.09 * scale, 0.0)
            sheds = look.sheds(rng, 0.18 * scale, 0.12 * scale, 0.5)
            elements.append(
                Column(
                    f"cell-{PHASES[k]}-post{n}",
                    foot,
                    0.18 * scale,
                    0.12 * scale,
                    sheds,
                    look.near(rng, look.porcelain_c),
                    look.near(rng, look.head_c),
                )
            )
        if has_blades:
            blade = look.near(rng, look.blade_c)
            elements.append(
                Disconnector(
                    f"cell-{PHASES[k]}-blade",
                    (x, top),
                    (x, low),
                    bar * 1.5,
                    blade,
                    "blades",
                    look.hot_spot_c(rng, blade),
                    float(rng.choice([0.05, 0.95])),
                )
            )
        for n, y in enumerate((top - 0.1 * scale, low + 0.2 * scale)):
            pose = Pose(x, y, 0.0)
            size = float(rng.uniform(0.1, 0.16)) * scale
            elements.append(random_connector(rng, look, f"cell-{PHASES[k]}-lug{n}", pose, size))
    return elements
