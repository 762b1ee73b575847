"""The thermometer: a frame's detections -> their temperatures, corrected, or why not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.detections import Detection
from thermoscout_core.errors import FrameError
from thermoscout_core.frames import (
    COUNT_MAX,
    LinearScale,
    ObjectParameters,
    Radiometry,
    ThermalFrame,
)
from thermoscout_core.readings import Correction, Reading, ReadingFlag
from thermoscout_core.thermometry.atmosphere import Floats, apparent_c, object_c
from thermoscout_core.thermometry.bp_network import BpNetwork
from thermoscout_core.thermometry.ranging import RangeFix
from thermoscout_core.thermometry.regions import RegionCounts, measure_boxes
from thermoscout_core.thermometry.uncertainty import InputUncertainties, budget, combined

SITE_DEFAULTS = ObjectParameters(
    emissivity=0.90, reflected_c=math.nan, air_c=20.0, relative_humidity=0.5, distance_m=math.nan
)
"""Used for what neither the frame nor the site states: oxidised metal joints (DL/T 664 practice),
20 °C and 50 %; such a reading is flagged assumed_conditions. A reflected temperature that nobody
states is taken to be the air's. The distance has no default: without one nothing is corrected."""

KNOT_COUNTS = 8
"""The count table is evaluated at every 8th count and linear between: at 0.1 K a count that is
worth less than 2 mK from −40 °C up."""
TABLE_DISTANCE_M, TABLE_DISTANCE_SHARE = 0.05, 0.005
TABLE_AIR_C = 0.1
TABLE_HUMIDITY = 0.01
"""The table is kept until the distance moves by more than 5 cm or 0.5 %, the air or the reflected
temperature by 0.1 K or the humidity by 0.01: together less than 0.06 K at 80 °C up to 50 m."""


@dataclass(frozen=True)
class _Conditions:
    """What holds for one frame: parameters, what forbids to use them, and whether the emissivity,
    the air or the humidity among them is a default."""

    parameters: ObjectParameters
    flags: frozenset[ReadingFlag]
    assumed: bool

    @property
    def corrects(self) -> bool:
        return not self.flags


@dataclass(frozen=True)
class _Table:
    """A 65,536-entry count -> corrected °C table and what it was made for."""

    radiometry: Radiometry
    conditions: _Conditions
    celsius: NDArray[np.float32]

    def holds_for(self, radiometry: Radiometry, conditions: _Conditions) -> bool:
        if conditions.flags != self.conditions.flags or not _same(radiometry, self.radiometry):
            return False
        if not conditions.corrects:
            return True
        new, old = conditions.parameters, self.conditions.parameters
        return (
            abs(new.distance_m - old.distance_m)
            <= max(TABLE_DISTANCE_M, TABLE_DISTANCE_SHARE * old.distance_m)
            and abs(new.air_c - old.air_c) <= TABLE_AIR_C
            and abs(new.relative_humidity - old.relative_humidity) <= TABLE_HUMIDITY
            and new.emissivity == old.emissivity
            and abs(new.reflected_c - old.reflected_c) <= TABLE_AIR_C
        )


def _same(one: Radiometry, other: Radiometry) -> bool:
    """Equal in what a count means; NaN fields make dataclasses unequal to themselves."""
    return (
        one.scale == other.scale
        and one.planck == other.planck
        and repr(one.applied) == repr(other.applied)
    )


class Thermometer:
    """Reads temperatures in boxes and corrects them for distance, air, emissivity, reflection.

    network: the BP network, or None to correct by physics alone. It is used where the reading
    lies in its domain and the camera's curve is the one that it was calibrated for; elsewhere
    the physics corrects and the reading is flagged out_of_calibration. defaults: for object
    parameters that neither air (the site's own sensors) nor the frame states; see SITE_DEFAULTS.
    uncertainties: of the inputs. Not thread-safe.
    """

    def __init__(
        self,
        network: BpNetwork | None,
        defaults: ObjectParameters = SITE_DEFAULTS,
        uncertainties: InputUncertainties | None = None,
    ) -> None:
        self.network = network
        self.defaults = defaults
        self.uncertainties = uncertainties or InputUncertainties()
        self._table: _Table | None = None

    def read(
        self,
        frame: ThermalFrame,
        detections: Sequence[Detection],
        fix: RangeFix | None,
        air: ObjectParameters | None = None,
    ) -> list[Reading]:
        """One reading a detection, in their order; flags say what is wrong with it.

        fix: the distance at the frame's stamp; None takes the one that the frame states, if any.
        air: what the site's own sensors say, before what the frame says.
        """
        scale = frame.radiometry.scale
        if scale is None:
            return [_unreadable(d, ReadingFlag.NO_RADIOMETRY) for d in detections]
        conditions = self._conditions(frame.radiometry, fix, air)
        regions = measure_boxes(
            frame.counts, [d.box for d in detections], scale.gain_c_per_count, frame.invalid
        )
        pairs = list(zip(detections, regions, strict=True))
        found = [(detection, region) for detection, region in pairs if region is not None]
        levels = np.array([[r.hot, r.mean, r.low, r.ring] for _, r in found]).reshape(-1, 4)
        stated_c = levels * scale.gain_c_per_count + scale.offset_c
        readings = iter(self._readings(frame.radiometry, conditions, found, stated_c))
        return [
            next(readings) if region is not None else _unreadable(d, ReadingFlag.NO_VALID_PIXEL)
            for d, region in pairs
        ]

    def celsius(
        self, frame: ThermalFrame, fix: RangeFix | None, air: ObjectParameters | None = None
    ) -> NDArray[np.float32]:
        """The frame's corrected °C, (H, W) float32, NaN where invalid or not physical.

        What may not be corrected (see the flags of read) comes as the camera states it. Through
        a table of all counts, kept until its conditions move (TABLE_DISTANCE_M and its kin).
        Raises FrameError when the frame carries no scale.
        """
        scale = frame.radiometry.scale
        if scale is None:
            raise FrameError(
                f"{frame.source or 'frame'}: a picture without a temperature scale; "
                "give the camera's gain and offset, or use a radiometric source"
            )
        conditions = self._conditions(frame.radiometry, fix, air)
        if self._table is None or not self._table.holds_for(frame.radiometry, conditions):
            self._table = self._make_table(frame.radiometry, scale, conditions)
        corrected: NDArray[np.float32] = np.take(self._table.celsius, frame.counts)
        if frame.invalid is not None:
            corrected[frame.invalid] = np.nan
        return corrected

    def _conditions(
        self, radiometry: Radiometry, fix: RangeFix | None, air: ObjectParameters | None
    ) -> _Conditions:
        stated = (air or ObjectParameters()).or_else(radiometry.scene)
        needed = (stated.emissivity, stated.air_c, stated.relative_humidity)
        known = stated.or_else(self.defaults)
        if math.isnan(known.reflected_c):
            known = replace(known, reflected_c=known.air_c)
        distance_m = radiometry.scene.distance_m if fix is None else fix.distance_m
        parameters = replace(known, distance_m=distance_m)
        flags = set()
        if not radiometry.applied.is_complete:
            flags.add(ReadingFlag.UNKNOWN_SETTINGS)
        if not (math.isfinite(distance_m) and distance_m >= 0):
            flags.add(ReadingFlag.NO_RANGE)
        elif fix is not None and fix.stale:
            flags.add(ReadingFlag.STALE_RANGE)
        return _Conditions(parameters, frozenset(flags), any(map(math.isnan, needed)))

    def _readings(
        self,
        radiometry: Radiometry,
        conditions: _Conditions,
        found: Sequence[tuple[Detection, RegionCounts]],
        stated_c: Floats,
    ) -> list[Reading]:
        """The readings of N boxes; stated_c (N, 4): hot spot, mean, minimum, ring."""
        corrected_c, by_network = self._correct(radiometry, conditions, stated_c)
        uncertainty_c = self._uncertainty_c(
            radiometry, conditions, stated_c[:, 0], by_network[:, 0]
        )
        parameters = conditions.parameters
        readings = []
        for index, (detection, region) in enumerate(found):
            hot, mean, low, ring = (float(value) for value in corrected_c[index])
            correction = Correction.NONE
            if conditions.corrects:
                correction = Correction.NETWORK if by_network[index, 0] else Correction.PHYSICS
            reading = Reading(
                detection,
                measured_c=float(stated_c[index, 0]),
                corrected_c=hot,
                uncertainty_c=float(uncertainty_c[index]),
                mean_c=mean,
                min_c=low,
                background_c=ring,
                hot_spot_px=region.hot_spot_px,
                distance_m=parameters.distance_m if conditions.corrects else math.nan,
                emissivity=parameters.emissivity if conditions.corrects else math.nan,
                correction=correction,
                flags=self._flags(radiometry, conditions, region, correction),
            )
            readings.append(reading)
        return readings

    def _flags(
        self,
        radiometry: Radiometry,
        conditions: _Conditions,
        region: RegionCounts,
        correction: Correction,
    ) -> frozenset[ReadingFlag]:
        flags = set(conditions.flags)
        if conditions.corrects and conditions.assumed:
            flags.add(ReadingFlag.ASSUMED_CONDITIONS)
        if self.network is not None and correction is Correction.PHYSICS:
            flags.add(ReadingFlag.OUT_OF_CALIBRATION)
        if region.too_small:
            flags.add(ReadingFlag.TOO_SMALL)
        if region.hot >= radiometry.saturation_count:
            flags.add(ReadingFlag.SATURATED)
        return frozenset(flags)

    def _uncertainty_c(
        self,
        radiometry: Radiometry,
        conditions: _Conditions,
        stated_c: Floats,
        by_network: NDArray[np.bool_],
    ) -> Floats:
        """(N,) standard uncertainty of the corrected hot spots; NaN where it can't be told."""
        if not conditions.corrects:
            return np.full(len(stated_c), math.nan)
        apparent = apparent_c(stated_c, radiometry.applied, radiometry.planck)
        shares = budget(
            apparent,
            conditions.parameters,
            radiometry.accuracy_c,
            self.uncertainties,
            radiometry.planck,
        )
        own = self.network.residual_std_c if self.network is not None else 0.0
        physics = combined(shares)
        return np.asarray(np.where(by_network, np.hypot(physics, own), physics))

    def _correct(
        self, radiometry: Radiometry, conditions: _Conditions, stated_c: Floats
    ) -> tuple[Floats, NDArray[np.bool_]]:
        """The camera's °C (any shape) -> (surface °C, where the network made it)."""
        nowhere = np.zeros(stated_c.shape, np.bool_)
        if not conditions.corrects:
            return stated_c, nowhere
        parameters, planck = conditions.parameters, radiometry.planck
        apparent = apparent_c(stated_c, radiometry.applied, planck)
        surface = object_c(apparent, parameters, planck)
        if self.network is None or self.network.planck != planck:
            return surface, nowhere
        rows = self.network.rows_of({**vars(parameters), "measured_c": apparent})
        inside = self.network.in_domain(rows).reshape(stated_c.shape)
        answer = self.network.predict(rows).reshape(stated_c.shape)
        return np.where(inside, answer, surface), inside

    def _make_table(
        self, radiometry: Radiometry, scale: LinearScale, conditions: _Conditions
    ) -> _Table:
        counts = np.arange(COUNT_MAX + 1)
        knots = np.arange(0, COUNT_MAX + 1 + KNOT_COUNTS, KNOT_COUNTS, dtype=np.float64)
        stated_c = knots * scale.gain_c_per_count + scale.offset_c
        corrected, _ = self._correct(radiometry, conditions, stated_c)
        table = np.interp(counts, knots, corrected).astype(np.float32)
        return _Table(radiometry, conditions, table)


def _unreadable(detection: Detection, flag: ReadingFlag) -> Reading:
    return Reading(detection, flags=frozenset({flag}))
