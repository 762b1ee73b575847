"""Bays in the yard: rows of upright columns, and disconnectors between columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from thermoscout_core.simulation.canvas import Pose
from thermoscout_core.simulation.clutter import far_away, girder, sky_and_ground
from thermoscout_core.simulation.fittings import Connector, Disconnector
from thermoscout_core.simulation.look import Look
from thermoscout_core.simulation.ribbed import Column, Sheds
from thermoscout_core.simulation.structures import Post, Wire

if TYPE_CHECKING:
    from thermoscout_core.simulation.scene import Element

PHASES = "ABC"
CONNECTOR_STYLES = ("clamp", "clamp", "lug", "tee", "sleeve")


def random_connector(
    rng: np.random.Generator, look: Look, name: str, pose: Pose, size: float
) -> Connector:
    """A connector of any style; some have a hot spot when the look has faults."""
    warm = look.near(rng, look.connector_c)
    return Connector(
        name,
        pose,
        size,
        warm,
        style=str(rng.choice(CONNECTOR_STYLES)),
        width=float(rng.uniform(0.25, 0.5)),
        hot_spot_c=look.hot_spot_c(rng, warm),
    )


def column_row(rng: np.random.Generator, look: Look, aspect: float) -> list[Element]:
    """Three phases (or one to six columns) of one apparatus, receding, each with its clamp."""
    elements = sky_and_ground(rng, look, ground_share=0.2)
    elements += far_away(rng, look, aspect, busy=float(rng.uniform(0.3, 1.2)))
    rows = int(rng.choice([1, 2], p=[0.65, 0.35]))
    for row in range(rows):
        near = row == rows - 1
        scale = rng.uniform(0.65, 1.5) if near else rng.uniform(0.3, 0.6)
        elements += _row(rng, look, aspect, float(scale), f"row{row + 1}")
    return elements


def _row(
    rng: np.random.Generator, look: Look, aspect: float, scale: float, bay: str
) -> list[Element]:
    count = int(rng.choice([1, 2, 3, 3, 3, 4]))
    style = str(rng.choice(["post", "head", "stages"]))
    length = scale * rng.uniform(0.35, 0.8)
    radius = length * rng.uniform(0.07, 0.2)
    tilt = float(rng.uniform(0.04, 0.3))
    foot = 0.45 + 0.7 * length + rng.uniform(-0.05, 0.35)
    shrink = rng.uniform(0.62, 1.0)
    x0 = rng.uniform(0.05, 0.5) * aspect / max(count - 1, 1)
    gap = max(rng.uniform(0.6, 1.2) * aspect / max(count, 2), 2.6 * radius)
    taper = float(rng.uniform(0.75, 1.0))
    sheds = look.sheds(rng, length * 0.8, radius, tilt)
    mirrored = rng.random() < 0.5
    sag = float(rng.uniform(-0.2, 0.2))
    clamp_size = max(0.055, 0.9 * radius * rng.uniform(0.7, 1.9))
    lean = rng.uniform(-0.9, 0.9)
    elements: list[Element] = []
    for k in range(count - 1, -1, -1):
        s = shrink**k
        x = x0 + gap * sum(shrink**j for j in range(k))
        x = aspect - x if mirrored else x
        y = 0.45 + (foot - 0.45) * s
        pose = Pose(float(x), float(y), float(rng.normal(0, 0.015)))
        if rng.random() < 0.8:
            elements.append(
                Post((x, 1.3), (x, y), 1.1 * radius * s, look.near(rng, look.steel_c), 0.9)
            )
        name = f"{bay}-{PHASES[k % 3]}{k // 3 or ''}"
        column = Column(
            f"{name}-column",
            pose,
            float(length * s),
            float(radius * s),
            sheds,
            look.near(rng, look.porcelain_c),
            look.near(rng, look.head_c),
            style,
            taper,
        )
        top = pose.moved(0, length * s)
        turn = float(lean + rng.normal(0, 0.1))
        elements += lead(rng, look, top.moved(0, 0, turn), float(clamp_size * s), sag, aspect)
        elements.append(column)
        clamp = top.moved(0, -0.02 * length * s, turn)
        elements.append(random_connector(rng, look, f"{name}-clamp", clamp, float(clamp_size * s)))
    return elements


def lead(
    rng: np.random.Generator, look: Look, pose: Pose, reach: float, sag: float, aspect: float
) -> list[Element]:
    """The conductor that leaves a clamp: up and out of the frame, or in an arc."""
    start = pose.at(0, 0.8 * reach)[0]
    side = 1 if pose.angle_rad >= 0 else -1
    width = float(np.clip(reach * rng.uniform(0.12, 0.35), 0.004, 0.04))
    stop = (
        float(start[0] + side * rng.uniform(0.1, 1.0) * aspect),
        float(start[1] - rng.uniform(-0.1, 0.7)),
    )
    warm = look.near(rng, look.conductor_c)
    first = float(start[0]), float(start[1])
    return [Wire(first, stop, -abs(sag) * 0.6, width, warm)]


def disconnector_bay(rng: np.random.Generator, look: Look, aspect: float) -> list[Element]:
    """Poles of a centre-break or knee disconnector: two columns and the tube between them."""
    elements = sky_and_ground(rng, look, ground_share=0.2)
    elements += far_away(rng, look, aspect, busy=float(rng.uniform(0.2, 1.0)))
    if rng.random() < 0.5:
        elements.append(girder(rng, look, aspect, float(rng.uniform(0.8, 1.0))))
    count = int(rng.choice([1, 2, 3, 3]))
    scale = rng.uniform(0.6, 1.4)
    shrink = rng.uniform(0.6, 0.9)
    span = rng.uniform(0.45, 1.0) * scale * aspect * 0.75
    length = scale * rng.uniform(0.25, 0.65)
    radius = length * rng.uniform(0.09, 0.2)
    tube = radius * rng.uniform(0.25, 0.6)
    foot = 0.45 + 0.75 * length + rng.uniform(0.0, 0.3)
    middle = rng.uniform(0.35, 0.65) * aspect
    drift = rng.normal(0, 0.25)
    sheds = look.sheds(rng, 0.9 * length, radius, float(rng.uniform(0.03, 0.25)))
    style = str(rng.choice(["tube", "tube", "blades"]))
    for k in range(count - 1, -1, -1):
        s = float(shrink**k)
        here = Pose(float(middle + drift * (1 - s) * 2.0), float(0.45 + (foot - 0.45) * s), 0.0)
        elements += disconnector_pole(
            rng,
            look,
            here,
            f"bay-{PHASES[k]}",
            span=float(span * s),
            length=float(length * s),
            radius=float(radius * s),
            tube=float(tube * s),
            sheds=sheds,
            style=style,
        )
    return elements


def disconnector_pole(
    rng: np.random.Generator,
    look: Look,
    middle: Pose,
    name: str,
    *,
    span: float,
    length: float,
    radius: float,
    tube: float,
    sheds: Sheds,
    style: str,
) -> list[Element]:
    """One pole: base beam, two columns, the current path, a clamp at each outer end."""
    elements: list[Element] = []
    beam = middle.at([-0.62 * span, 0.62 * span], [-0.03, -0.03])
    ends = ((beam[0, 0], beam[0, 1]), (beam[1, 0], beam[1, 1]))
    elements.append(Post(*ends, 0.06 * max(span, 0.3), look.near(rng, look.steel_c)))
    tops = []
    for side, letter in ((-1, "l"), (1, "r")):
        pose = middle.moved(side * span / 2, 0)
        leg = Post((pose.x, 1.3), (pose.x, pose.y), 0.9 * radius, look.near(rng, look.steel_c))
        top = pose.moved(0, length)
        outward = top.moved(side * 0.3 * radius, 0.02 * length, side * rng.uniform(0.9, 1.6))
        size = max(0.05, 1.6 * radius)
        elements.append(leg)
        elements += lead(rng, look, outward, size, 0.1, 1.3)
        elements.append(
            Column(
                f"{name}-{letter}-column",
                pose,
                length,
                radius,
                sheds,
                look.near(rng, look.porcelain_c),
                look.near(rng, look.head_c),
                taper=0.85,
            )
        )
        clamp = random_connector(rng, look, f"{name}-{letter}-clamp", outward, size)
        tops.append((top, clamp))
    reach = 0.85 * tube
    start, stop = (tuple(top.at(0, reach)[0].tolist()) for top, _ in tops)
    warm = look.near(rng, look.blade_c)
    elements.append(
        Disconnector(
            f"{name}-blade",
            (start[0], start[1]),
            (stop[0], stop[1]),
            tube,
            warm,
            style,
            look.hot_spot_c(rng, warm),
            float(rng.choice([0.03, 0.5, 0.97])),
        )
    )
    elements += [clamp for _, clamp in tops]
    return elements
