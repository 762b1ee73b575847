"""Power transformers: the top with its bushings against the sky, and the front with radiators."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from thermoscout_core.simulation.bays import PHASES, lead, random_connector
from thermoscout_core.simulation.canvas import Pose
from thermoscout_core.simulation.clutter import far_away, sky_and_ground
from thermoscout_core.simulation.look import Look
from thermoscout_core.simulation.ribbed import Bushing, Column, Sheds
from thermoscout_core.simulation.tank import Tank

if TYPE_CHECKING:
    from thermoscout_core.simulation.scene import Element


def transformer_top(rng: np.random.Generator, look: Look, aspect: float) -> list[Element]:
    """Bushings on the tank's cover, each with its terminal and conductor."""
    elements = sky_and_ground(rng, look, ground_share=0.1)
    elements += far_away(rng, look, aspect, busy=float(rng.uniform(0.2, 1.0)))
    top = float(rng.uniform(0.62, 0.9))
    left = float(rng.uniform(-0.3, 0.25))
    right = float(aspect + rng.uniform(-0.25, 0.3))
    return elements + with_bushings(rng, look, aspect, (left, top, right, top + 0.6))


def transformer_front(rng: np.random.Generator, look: Look, aspect: float) -> list[Element]:
    """The whole tank with radiators; bushings at the top edge."""
    elements = sky_and_ground(rng, look, ground_share=0.7)
    elements += far_away(rng, look, aspect, busy=float(rng.uniform(0.2, 0.8)))
    left = float(rng.uniform(-0.1, 0.35))
    right = float(aspect - rng.uniform(-0.1, 0.35))
    top = float(rng.uniform(0.3, 0.55))
    return elements + with_bushings(
        rng, look, aspect, (left, top, right, top + rng.uniform(0.4, 0.7))
    )


def with_bushings(
    rng: np.random.Generator,
    look: Look,
    aspect: float,
    tank: tuple[float, float, float, float],
) -> list[Element]:
    """A tank (left, top, right, bottom) with a high- and perhaps a low-voltage row of bushings."""
    left, top, right, bottom = tank
    oil = look.near(rng, look.tank_c)
    high = float(rng.uniform(0.25, 0.5))
    rows: list[Element] = []
    turrets: list[tuple[float, float, float]] = []
    inside = max(left, 0.05), min(right, aspect - 0.05)
    if rng.random() < 0.55:
        span = inside[0], inside[0] + 0.6 * (inside[1] - inside[0])
        small = high * float(rng.uniform(0.35, 0.6))
        rows += bushing_row(rng, look, aspect, span, top, small, "lv", turrets, turret=False)
    rows += bushing_row(rng, look, aspect, inside, top, high, "hv", turrets, turret=True)
    conservator = None
    if rng.random() < 0.4:
        radius = float(rng.uniform(0.05, 0.12))
        x = float(rng.uniform(left, right))
        conservator = (x, float(top - rng.uniform(0.1, 0.3)), float(rng.uniform(0.1, 0.4)), radius)
    body = Tank(
        "transformer",
        left,
        top,
        right,
        float(bottom),
        oil,
        oil - float(rng.uniform(0, 8)),
        fins=int(rng.integers(2)) * int(rng.integers(12, 50)),
        fin_top=float(rng.uniform(0.1, 0.4)),
        turrets=tuple(turrets),
        conservator=conservator,
        seed=int(rng.integers(2**31)),
    )
    return [body, *rows]


def bushing_row(
    rng: np.random.Generator,
    look: Look,
    aspect: float,
    span: tuple[float, float],
    top: float,
    length: float,
    row: str,
    turrets: list[tuple[float, float, float]],
    *,
    turret: bool,
) -> list[Element]:
    """Three (or four) bushings in a row, in slight perspective; fills the list of turrets."""
    count = int(rng.choice([3, 3, 3, 4, 2]))
    radius = length * float(rng.uniform(0.09, 0.2))
    sheds = look.sheds(rng, 0.75 * length, radius, float(rng.uniform(0.03, 0.25)))
    taper = float(rng.uniform(0.45, 0.9))
    fan = float(rng.choice([0.0, rng.uniform(0.05, 0.3)]))
    shrink = float(rng.uniform(0.72, 1.0))
    tall = float(rng.uniform(0.02, 0.12)) if turret and rng.random() < 0.6 else 0.0
    lean = float(rng.uniform(-0.9, 0.9))
    size = float(max(0.055, radius * rng.uniform(1.0, 2.2)))
    reversed_ = rng.random() < 0.5
    beside = rng.random() < 0.3
    elements: list[Element] = []
    for k in range(count - 1, -1, -1):
        s = shrink ** (count - 1 - k if reversed_ else k)
        share = (k + 0.5) / count
        x = span[0] + share * (span[1] - span[0])
        if tall:
            turrets.append((x, 1.15 * radius * s, tall * s))
        pose = Pose(x, top - tall * s + 0.005, fan * (share - 0.5) * 2)
        name = f"{row}-{PHASES[k % 3]}{k // 3 or ''}"
        elements += _bushing_set(
            rng, look, aspect, pose, name, (length * s, radius * s, size * s), sheds, taper, lean
        )
        if beside and k < 2:
            arrester = Pose(x + 2.6 * radius, top, 0.0)
            elements += _arrester(rng, look, arrester, f"{name}-arrester", 0.7 * length * s)
    return elements


def _bushing_set(
    rng: np.random.Generator,
    look: Look,
    aspect: float,
    pose: Pose,
    name: str,
    dimensions: tuple[float, float, float],
    sheds: Sheds,
    taper: float,
    lean: float,
) -> list[Element]:
    length, radius, size = dimensions
    warm = look.near(rng, look.bushing_c)
    cap = look.near(rng, look.connector_c)
    terminal = pose.moved(0, 0.99 * length, lean + float(rng.normal(0, 0.08)))
    return [
        *lead(rng, look, terminal, size, float(rng.uniform(0.05, 0.3)), aspect),
        Bushing(
            f"{name}-bushing",
            pose,
            length,
            radius,
            sheds,
            warm,
            warm - float(rng.uniform(0, 2)),
            cap,
            taper,
            look.hot_spot_c(rng, cap) if rng.random() < 0.4 else None,
        ),
        random_connector(rng, look, f"{name}-terminal", terminal, size),
    ]


def _arrester(
    rng: np.random.Generator, look: Look, pose: Pose, name: str, length: float
) -> list[Element]:
    radius = length * float(rng.uniform(0.09, 0.14))
    sheds = look.sheds(rng, length, radius, float(rng.uniform(0.05, 0.2)))
    warm, head = look.near(rng, look.porcelain_c), look.near(rng, look.head_c)
    return [Column(name, pose, length, radius, sheds, warm, head)]
