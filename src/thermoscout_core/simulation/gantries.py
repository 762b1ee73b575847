"""Lattice gantries with strings, posts and vertical disconnectors; and the pole in the street."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from thermoscout_core.simulation.bays import PHASES, random_connector
from thermoscout_core.simulation.canvas import Pose
from thermoscout_core.simulation.clutter import far_away, far_wire, girder, sky_and_ground
from thermoscout_core.simulation.fittings import Disconnector
from thermoscout_core.simulation.look import Look
from thermoscout_core.simulation.ribbed import CableTermination, Column, InsulatorString
from thermoscout_core.simulation.structures import Lattice, Post, Wire
from thermoscout_core.simulation.tank import Tank

if TYPE_CHECKING:
    from thermoscout_core.simulation.scene import Element


def _beam(rng: np.random.Generator, look: Look, aspect: float, y: float) -> Lattice:
    width = float(rng.uniform(0.12, 0.34))
    return Lattice(
        (-0.5, y),
        (aspect + 0.5, y),
        width,
        int((aspect + 1.0) / width / rng.uniform(0.8, 1.6)),
        float(rng.uniform(0.1, 0.2) * width),
        look.near(rng, look.steel_c),
        depth=(float(rng.normal(0, 0.3) * width), float(rng.uniform(-0.7, 0.5) * width)),
        crossed=bool(rng.random() < 0.5),
    )


def gantry_strings(rng: np.random.Generator, look: Look, aspect: float) -> list[Element]:
    """Tension strings on a girder, line clamps, jumpers, arresters beside them."""
    elements = sky_and_ground(rng, look, ground_share=0.1)
    if rng.random() < 0.5:
        elements.append(girder(rng, look, aspect, float(rng.uniform(0.6, 1.1))))
    elements += [far_wire(rng, look, aspect) for _ in range(rng.poisson(1.0))]
    beam_y = float(rng.uniform(0.5, 0.85))
    elements.append(_beam(rng, look, aspect, beam_y))
    if rng.random() < 0.6:
        elements.append(_beam(rng, look, aspect, float(beam_y + rng.uniform(0.15, 0.4))))
    count = int(rng.choice([2, 3, 3, 4]))
    scale = float(rng.uniform(0.55, 1.25))
    discs = int(rng.integers(3, 9))
    radius = 0.048 * scale * float(rng.uniform(0.8, 1.3))
    length = discs * radius * float(rng.uniform(0.5, 0.95))
    tilt = float(rng.uniform(0.15, 0.6))
    direction = float(rng.normal(0, 0.6))
    has_post = rng.random() < 0.6
    x0, gap = rng.uniform(0.05, 0.3) * aspect, rng.uniform(0.75, 1.1) * aspect / count
    shape = rng.uniform(0.25, 0.6) * scale, rng.normal(0, 0.25), rng.uniform(0.15, 0.5)
    for k in range(count):
        name = f"gantry-{PHASES[k % 3]}{k // 3 or ''}"
        pose = Pose(
            float(x0 + k * gap + rng.normal(0, 0.01)),
            float(beam_y - 0.05),
            float(direction + rng.normal(0, 0.04)),
        )
        elements += _tension_set(rng, look, pose, name, (radius, length, discs, tilt), shape)
        if has_post:
            elements += _post_beside(rng, look, pose, name, scale)
    return elements


def _tension_set(
    rng: np.random.Generator,
    look: Look,
    pose: Pose,
    name: str,
    string: tuple[float, float, int, float],
    shape: tuple[float, float, float],
) -> list[Element]:
    radius, length, discs, tilt = string
    drop, lean, far = shape
    foot = pose.moved(0, 0.3 * length)
    end = foot.moved(0, 1.15 * length)
    size = float(radius * rng.uniform(1.3, 2.4))
    width = float(radius * rng.uniform(0.12, 0.22))
    warm = look.near(rng, look.conductor_c)
    line_end = end.at(0, 2.5)[0]
    clamp_pose = end.moved(0, 0.1 * radius)
    out = clamp_pose.at(0, size)[0]
    second = clamp_pose.moved(0, size + far)
    joint = second.at(0, 0)[0]
    down = (float(pose.x + lean), float(pose.y + drop))
    elements: list[Element] = [
        Wire(_xy(out), _xy(line_end), 0.02, width, warm),
        Wire(_xy(joint), down, float(drop * rng.uniform(-0.4, 0.5)), width, warm, float(lean)),
        InsulatorString(
            f"{name}-string",
            foot,
            length,
            radius,
            discs,
            tilt,
            look.near(rng, look.porcelain_c),
            look.near(rng, look.steel_c),
        ),
        random_connector(rng, look, f"{name}-dead-end", clamp_pose, size),
    ]
    small = float(max(0.045, 0.75 * size))
    elements.append(random_connector(rng, look, f"{name}-tap", second, small))
    if rng.random() < 0.6:
        down_pose = Pose(*down, float(np.pi + rng.normal(0, 0.4)))
        elements.append(random_connector(rng, look, f"{name}-jumper", down_pose, small))
    return elements


def _post_beside(
    rng: np.random.Generator, look: Look, pose: Pose, name: str, scale: float
) -> list[Element]:
    length = float(rng.uniform(0.1, 0.2) * scale)
    radius = float(length * rng.uniform(0.13, 0.25))
    foot = Pose(pose.x + 0.09 * scale, pose.y, float(rng.normal(0, 0.12)))
    sheds = look.sheds(rng, length, radius, float(rng.uniform(0.1, 0.3)))
    top = foot.at(0, length)[0]
    jumper = Wire(
        _xy(top),
        (pose.x + 0.2 * scale, pose.y - 0.3 * scale),
        -0.04,
        0.12 * radius + 0.004,
        look.near(rng, look.conductor_c),
    )
    warm, head = look.near(rng, look.porcelain_c), look.near(rng, look.head_c)
    return [jumper, Column(f"{name}-post", foot, length, radius, sheds, warm, head)]


def gantry_disconnectors(rng: np.random.Generator, look: Look, aspect: float) -> list[Element]:
    """Disconnectors on a mast: horizontal posts, a blade between their ends, clamps."""
    elements = sky_and_ground(rng, look, ground_share=0.1)
    for _ in range(int(rng.integers(1, 4))):
        x = float(rng.uniform(0, 0.8) * aspect)
        width = float(rng.uniform(0.15, 0.45))
        elements.append(
            Lattice(
                (x, 1.4),
                (x + float(rng.normal(0, 0.1)), -0.4),
                width,
                int(1.8 / width / rng.uniform(0.6, 1.1)),
                float(rng.uniform(0.1, 0.2) * width),
                look.near(rng, look.steel_c),
                depth=(float(rng.normal(0, 0.6) * width), float(rng.normal(0, 0.3) * width)),
                crossed=bool(rng.random() < 0.5),
            )
        )
    if rng.random() < 0.5:
        elements.append(girder(rng, look, aspect, float(rng.uniform(0.2, 0.9))))
    side = int(rng.choice([-1, 1]))
    count = int(rng.choice([2, 3, 3]))
    scale = float(rng.uniform(0.6, 1.15))
    for k in range(count):
        name = f"mast-{PHASES[k]}"
        x = aspect / 2 + side * float(rng.normal(0.02, 0.02) + (k - 1) * rng.uniform(0.08, 0.22))
        y = float(0.08 + (k + 0.3) * 0.9 / count * rng.uniform(0.9, 1.1))
        elements += _mast_pole(rng, look, (x, y), side, scale / count * 2.4, name, aspect)
    return elements


def _mast_pole(
    rng: np.random.Generator,
    look: Look,
    place: tuple[float, float],
    side: int,
    scale: float,
    name: str,
    aspect: float,
) -> list[Element]:
    length = float(rng.uniform(0.12, 0.2) * scale)
    radius = float(length * rng.uniform(0.13, 0.24))
    blade = float(rng.uniform(0.14, 0.24) * scale)
    sheds = look.sheds(rng, length, radius, float(rng.uniform(0.1, 0.35)))
    angle = side * float(np.pi / 2 + rng.normal(-0.12, 0.1))
    elements: list[Element] = []
    ends = []
    for down in (0.0, blade):
        foot = Pose(place[0], place[1] + down, angle)
        warm, head = look.near(rng, look.porcelain_c), look.near(rng, look.head_c)
        elements.append(
            Column(f"{name}-post{int(down > 0)}", foot, length, radius, sheds, warm, head)
        )
        ends.append(_xy(foot.at(0, 1.05 * length)[0]))
    warm = look.near(rng, look.blade_c)
    width = float(max(0.012, radius * rng.uniform(0.4, 0.8)))
    style = str(rng.choice(["tube", "blades"]))
    hot_at = float(rng.choice([0.05, 0.95]))
    elements.append(
        Disconnector(
            f"{name}-blade",
            ends[0],
            ends[1],
            width,
            warm,
            style,
            look.hot_spot_c(rng, warm),
            hot_at,
        )
    )
    for end, sign in zip(ends, (-1, 1), strict=True):
        stop = (
            end[0] + side * float(rng.uniform(0.1, aspect)),
            end[1] + float(rng.normal(0, 0.3)),
        )
        sag = float(rng.uniform(-0.1, 0.2))
        elements.append(
            Wire(end, stop, sag, 0.3 * width + 0.003, look.near(rng, look.conductor_c))
        )
        clamp = Pose(end[0], end[1] + sign * 0.4 * width, side * float(rng.uniform(0.6, 2.2)))
        size = float(max(0.05, 1.8 * radius))
        elements.append(random_connector(rng, look, f"{name}-clamp{int(sign > 0)}", clamp, size))
    return elements


def distribution_pole(rng: np.random.Generator, look: Look, aspect: float) -> list[Element]:
    """A pole with crossarm: line posts, fuse cutouts, cable ends, perhaps a small transformer."""
    elements = sky_and_ground(rng, look, ground_share=0.2)
    elements += far_away(rng, look, aspect, busy=float(rng.uniform(0, 0.4)))
    x = float(rng.uniform(0.35, 0.65) * aspect)
    top = float(rng.uniform(0.08, 0.25))
    scale = float(rng.uniform(0.8, 1.4))
    steel = look.near(rng, look.steel_c + 1)
    elements.append(Post((x, 1.3), (x, top), 0.09 * scale, steel, 0.7))
    arm = 0.34 * scale
    for y, kind in ((top + 0.06, "post"), (top + 0.27 * scale, "cutout")):
        elements.append(Post((x - arm, y), (x + arm, y), 0.035 * scale, steel))
        for k, share in enumerate((-0.92, 0.3, 0.92)):
            place = Pose(x + share * arm, y, float(rng.normal(0, 0.06)))
            elements += _on_arm(rng, look, place, kind, PHASES[k], scale, aspect)
    if rng.random() < 0.6:
        elements.append(_pole_transformer(rng, look, x, top, scale))
    return elements


def _on_arm(
    rng: np.random.Generator,
    look: Look,
    place: Pose,
    kind: str,
    phase: str,
    scale: float,
    aspect: float,
) -> list[Element]:
    warm = look.near(rng, look.porcelain_c)
    wire_c = look.near(rng, look.conductor_c)
    if kind == "post":
        length = 0.075 * scale
        sheds = look.sheds(rng, length, 0.36 * length, 0.2)
        end = _xy(place.at(0, length)[0])
        stop = (float(rng.choice([-0.3, aspect + 0.3])), float(rng.uniform(-0.1, 0.3)))
        return [
            Wire(end, stop, 0.02, 0.006, wire_c),
            Column(f"pole-{phase}-pin", place, length, 0.36 * length, sheds, warm, warm + 0.2),
        ]
    low = float(rng.choice([0.0, 1.0], p=[0.6, 0.4]))
    tail = _xy(place.at(0.02, -0.08 * scale)[0])
    drop = (tail[0] + float(rng.normal(0, 0.08)), tail[1] + 0.3 * scale)
    if low:
        return [
            CableTermination(
                f"pole-{phase}-cable",
                place.moved(0, -0.09 * scale),
                0.19 * scale,
                0.014 * scale,
                int(rng.integers(2, 6)),
                look.near(rng, look.cable_c),
                look.near(rng, look.cable_c),
                0.35 * scale,
            )
        ]
    turn = place.moved(0, 0, float(rng.uniform(0.1, 0.4)))
    start, stop = _xy(turn.at(0, 0.09 * scale)[0]), _xy(turn.at(0, -0.09 * scale)[0])
    fuse_c = look.near(rng, look.blade_c)
    return [
        Wire(stop, drop, 0.08, 0.006, wire_c, 0.05),
        Disconnector(f"pole-{phase}-cutout", start, stop, 0.026 * scale, fuse_c, "cutout"),
    ]


def _pole_transformer(
    rng: np.random.Generator, look: Look, x: float, top: float, scale: float
) -> Tank:
    left, high = x + 0.06 * scale, top + float(rng.uniform(0.48, 0.6)) * scale
    warm = look.near(rng, look.tank_c)
    return Tank(
        "pole-transformer",
        left,
        high,
        left + float(rng.uniform(0.3, 0.5)) * scale,
        high + float(rng.uniform(0.22, 0.32)) * scale,
        warm,
        warm - 3.0,
        fins=int(rng.integers(0, 16)),
        seed=int(rng.integers(2**31)),
    )


def _xy(point: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[float, float]:
    return float(point[0]), float(point[1])
