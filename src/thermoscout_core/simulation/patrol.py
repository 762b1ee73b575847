"""A robot's patrol past nine stations of a substation, with the truth of every frame.

Everything is a pure function of the seed and of time, so a camera and a rangefinder in different
processes agree: the phase of the patrol is the stamp modulo period_s.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from thermoscout_core.detections import Box
from thermoscout_core.frames import (
    APPARENT,
    Counts,
    ObjectParameters,
    Radiometry,
    ThermalFrame,
)
from thermoscout_core.simulation.canvas import Drawn, Material
from thermoscout_core.simulation.faults import can_be_faulty, severity_of_surface, with_fault
from thermoscout_core.simulation.look import Look
from thermoscout_core.simulation.render import (
    EMISSIVITY,
    PLANCK,
    CameraModel,
    Rendering,
    fixed_pattern,
    is_inspectable,
    parameters_of,
    render,
)
from thermoscout_core.simulation.scene import Element, Scene
from thermoscout_core.simulation.stations import STATIONS, Site
from thermoscout_core.simulation.weather import Weather
from thermoscout_core.thermometry.atmosphere import celsius_of_signal
from thermoscout_core.verdicts import Severity

OVERCAST = Weather(
    air_c=20.0,
    relative_humidity=0.55,
    zenith_c=9.0,
    horizon_c=13.0,
    reflected_c=12.0,
    ground_c=19.0,
    cloud_c=1.5,
    cloudiness=0.5,
)
HEALTHY = Look(
    weather=OVERCAST,
    connector_c=31.0,
    conductor_c=26.0,
    blade_c=30.0,
    porcelain_c=21.5,
    head_c=22.0,
    bushing_c=27.0,
    steel_c=20.0,
    tank_c=26.0,
    cable_c=24.0,
    spread_c=0.12,
    contrast_c=0.3,
)
"""A loaded substation under an overcast sky: DL/T 664's measuring conditions."""

DEFAULT_FAULTS = (
    Severity.CRITICAL,
    Severity.SERIOUS,
    Severity.GENERAL,
    Severity.CRITICAL,
    Severity.SERIOUS,
    Severity.GENERAL,
    Severity.SERIOUS,
)
_HFOV_RAD = math.radians(25.0)
_NOISE_BORDER_PX = 96
_LEVELS = 65535


@dataclass(frozen=True)
class Truth:
    """What is true of one piece of equipment in a frame.

    box, hot_spot_px (x, y; whole pixels): as it shows, with the sway. hot_spot_c: the hottest
    visible surface, °C. severity: what that deserves; NORMAL for healthy equipment.
    """

    equipment_id: str
    class_name: str
    box: Box
    hot_spot_c: float
    hot_spot_px: tuple[int, int]
    severity: Severity


@dataclass(frozen=True)
class SimulatedFrame:
    """A frame and its truth. distance_m: to the equipment. waypoint: index of the stop."""

    frame: ThermalFrame
    truth: tuple[Truth, ...]
    distance_m: float
    waypoint: int


@dataclass(frozen=True)
class _Stop:
    """A rendered waypoint: the signal in 16-bit levels, and their meaning in counts."""

    levels: NDArray[np.uint16]
    counts_of_level: NDArray[np.float32]
    truth: tuple[Truth, ...]
    hot_spots: tuple[tuple[float, float], ...]


class Patrol:
    """The patrol of one seed, seen by a camera of one size.

    seed: which faults sit where, distances, details. hold_s: time at each waypoint. sway_px:
    amplitude of the slow sway while it stands. faults: severities, dealt to as many different
    waypoints; at most one a waypoint. camera: its optics, noise and scale.
    """

    def __init__(
        self,
        seed: int = 7,
        width_px: int = 640,
        height_px: int = 512,
        *,
        hold_s: float = 4.0,
        sway_px: float = 0.8,
        faults: Sequence[Severity] = DEFAULT_FAULTS,
        camera: CameraModel | None = None,
    ) -> None:
        if width_px < 64 or height_px < 64:
            raise ValueError(
                f"a patrol frame has at least 64x64 pixels, not {width_px}x{height_px}"
            )
        if hold_s <= 0 or sway_px < 0:
            raise ValueError(f"hold_s must be > 0 and sway_px >= 0, not {hold_s} and {sway_px}")
        if len(faults) > len(STATIONS) or not all(fault.is_fault for fault in faults):
            raise ValueError(
                f"faults are at most {len(STATIONS)} of general, serious, critical, not {faults}"
            )
        self.seed = seed
        self.width_px = width_px
        self.height_px = height_px
        self.hold_s = hold_s
        self.sway_px = sway_px
        self.camera = camera or CameraModel()
        self.waypoints = len(STATIONS)
        self.period_s = hold_s * self.waypoints
        rng = np.random.default_rng([seed, 1])
        self._distances_m = np.exp(rng.uniform(np.log(3.0), np.log(20.0), self.waypoints))
        stops = rng.permutation(self.waypoints)[: len(faults)]
        self._faults = {int(w): fault for w, fault in zip(stops, faults, strict=True)}
        self._sway_phases = rng.uniform(0, 2 * np.pi, 5)
        self._margin_px = math.ceil(1.5 * sway_px) + 3
        self._stops: dict[int, _Stop] = {}
        scale = self.camera.scale
        camera_rng = np.random.default_rng([seed, 2])
        tall, wide = height_px + _NOISE_BORDER_PX, width_px + _NOISE_BORDER_PX
        noise = camera_rng.standard_normal((tall, wide), dtype=np.float32)
        per_count = 1.0 / scale.gain_c_per_count
        self._noise = noise * np.float32(self.camera.noise_c * per_count)
        pattern = fixed_pattern(camera_rng, width_px, height_px, self.camera)
        self._pattern = pattern * np.float32(per_count)
        emissivity = EMISSIVITY[Material.FITTING]
        self.radiometry = Radiometry(
            scale=scale,
            applied=APPARENT,
            scene=parameters_of(OVERCAST, emissivity, math.nan),
            planck=PLANCK,
            camera=f"simulated patrol, seed {seed}",
            hfov_rad=_HFOV_RAD,
            accuracy_c=2 * self.camera.noise_c,
        )

    def waypoint_at(self, time_s: float) -> int:
        """The waypoint, 0-based, at which the robot stands."""
        return int(self._phase_s(time_s) // self.hold_s) % self.waypoints

    def distance_at(self, time_s: float) -> float:
        """True distance to the equipment, metres; it breathes by 4 mm with the sway."""
        nominal = float(self._distances_m[self.waypoint_at(time_s)])
        angle = 2 * math.pi * 0.3 * self._phase_s(time_s) + self._sway_phases[4]
        return nominal + 0.004 * math.sin(angle)

    def parameters_at(self, time_s: float) -> ObjectParameters:
        """The true object parameters of a fitting at that time, distance included."""
        emissivity = EMISSIVITY[Material.FITTING]
        return parameters_of(OVERCAST, emissivity, self.distance_at(time_s))

    def frame_at(self, time_s: float) -> SimulatedFrame:
        """The frame taken at that time (its stamp), and what is true of it."""
        waypoint = self.waypoint_at(time_s)
        stop = self._stop(waypoint)
        dx, dy = self._sway(self._phase_s(time_s))
        frame = ThermalFrame(
            counts=self._counts(stop, dx, dy, time_s),
            radiometry=self.radiometry,
            stamp_s=time_s,
            source=f"sim://patrol?seed={self.seed}",
        )
        truth = self._moved(stop, dx, dy)
        return SimulatedFrame(frame, truth, self.distance_at(time_s), waypoint)

    def truth_at(self, time_s: float) -> tuple[Truth, ...]:
        """The truth of the frame taken at that time, without making the frame."""
        return self._moved(
            self._stop(self.waypoint_at(time_s)), *self._sway(self._phase_s(time_s))
        )

    def _phase_s(self, time_s: float) -> float:
        return float(time_s % self.period_s)

    def _sway(self, phase_s: float) -> tuple[float, float]:
        a, b, c, d, _ = self._sway_phases
        turn = 2 * math.pi * phase_s
        dx = 0.75 * math.sin(0.31 * turn + a) + 0.25 * math.sin(0.83 * turn + b)
        dy = 0.75 * math.sin(0.23 * turn + c) + 0.25 * math.sin(0.71 * turn + d)
        return self.sway_px * dx, self.sway_px * dy

    def _counts(self, stop: _Stop, dx: float, dy: float, time_s: float) -> Counts:
        margin, size = self._margin_px, (self.width_px, self.height_px)
        move = np.array([[1.0, 0.0, dx - margin], [0.0, 1.0, dy - margin]])
        levels = cv2.warpAffine(stop.levels, move, size, flags=cv2.INTER_CUBIC)
        counts = stop.counts_of_level[levels]
        micros = round(time_s * 1e6) % 2**63
        rng = np.random.default_rng([self.seed, 3, micros])
        x, y = (int(value) for value in rng.integers(0, _NOISE_BORDER_PX, 2))
        noise = self._noise[y : y + self.height_px, x : x + self.width_px]
        counts += noise[:: int(rng.choice([-1, 1])), :: int(rng.choice([-1, 1]))]
        counts += self._pattern
        np.rint(counts, out=counts)
        np.clip(counts, 0, _LEVELS, out=counts)
        whole: Counts = counts.astype(np.uint16)
        return whole

    def _moved(self, stop: _Stop, dx: float, dy: float) -> tuple[Truth, ...]:
        wide, tall = float(self.width_px), float(self.height_px)
        moved = []
        for truth, (x, y) in zip(stop.truth, stop.hot_spots, strict=True):
            box = truth.box
            moved.append(
                Truth(
                    truth.equipment_id,
                    truth.class_name,
                    Box(
                        min(max(box.x1 + dx, 0.0), wide),
                        min(max(box.y1 + dy, 0.0), tall),
                        min(max(box.x2 + dx, 0.0), wide),
                        min(max(box.y2 + dy, 0.0), tall),
                    ),
                    truth.hot_spot_c,
                    (
                        int(min(max(x + dx, 0.0), wide - 1)),
                        int(min(max(y + dy, 0.0), tall - 1)),
                    ),
                    truth.severity,
                )
            )
        return tuple(moved)

    def _stop(self, waypoint: int) -> _Stop:
        if waypoint not in self._stops:
            self._stops[waypoint] = self._rendered(waypoint)
        return self._stops[waypoint]

    def _rendered(self, waypoint: int) -> _Stop:
        rng = np.random.default_rng([self.seed, 4, waypoint])
        site = Site(rng, HEALTHY, self.width_px / self.height_px)
        elements: list[Element] = STATIONS[waypoint](site)
        faulty = ""
        if waypoint in self._faults:
            faulty = str(rng.choice(can_be_faulty(elements)))
            elements = with_fault(elements, faulty, self._faults[waypoint])
        scene = Scene(
            tuple(elements),
            OVERCAST,
            float(self._distances_m[waypoint]),
            roll_rad=math.radians(float(rng.uniform(-1.5, 1.5))),
            seed=int(rng.integers(2**31)),
            texture_c=0.05,
        )
        rendering = render(
            scene,
            self.width_px,
            self.height_px,
            blur_px=self.camera.blur_px,
            margin_px=self._margin_px,
        )
        return self._as_stop(rendering, waypoint, faulty)

    def _as_stop(self, rendering: Rendering, waypoint: int, faulty: str) -> _Stop:
        signal = rendering.signal
        low, high = float(signal.min()), float(signal.max())
        room = 0.02 * (high - low)  # the cubic interpolation overshoots a little
        low, high = low - room, high + room
        levels = np.rint((signal - low) * (_LEVELS / (high - low))).astype(np.uint16)
        celsius = celsius_of_signal(np.linspace(low, high, _LEVELS + 1), PLANCK)
        scale = self.camera.scale
        counts = ((celsius - scale.offset_c) / scale.gain_c_per_count).astype(np.float32)
        truth, hot_spots = [], []
        for drawn in rendering.drawn:
            if not is_inspectable(drawn, self.width_px, self.height_px):
                continue
            place = rendering.hottest_px(drawn)
            hot_spots.append(place)
            truth.append(self._truth(drawn, place, waypoint, drawn.item.name == faulty))
        return _Stop(levels, counts, tuple(truth), tuple(hot_spots))

    def _truth(
        self, drawn: Drawn, place: tuple[float, float], waypoint: int, faulty: bool
    ) -> Truth:
        like = {
            "connector": HEALTHY.connector_c,
            "disconnector": HEALTHY.blade_c,
            "bushing": HEALTHY.bushing_c,
        }
        kind, severity = drawn.item.class_name, Severity.NORMAL
        if faulty:
            severity = severity_of_surface(kind, drawn.surface_c, like[kind], OVERCAST.air_c)
        return Truth(
            f"wp{waypoint + 1}/{drawn.item.name}",
            kind,
            drawn.box,
            drawn.surface_c,
            (int(place[0]), int(place[1])),
            severity,
        )
