"""The thermometer: a frame's detections -> their temperatures, corrected, or why not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from thermoscout_core.detections import Detection
from thermoscout_core.errors import FrameError
from thermoscout_core.frames import ObjectParameters, PlanckConstants, Radiometry, ThermalFrame
from thermoscout_core.readings import Correction, Reading, ReadingFlag
from thermoscout_core.thermometry.atmosphere import Floats, apparent_c
from thermoscout_core.thermometry.bp_network import BpNetwork
from thermoscout_core.thermometry.correction import SITE_DEFAULTS, Corrected, Corrector
from thermoscout_core.thermometry.count_table import CountTable, make_table
from thermoscout_core.thermometry.ranging import RangeFix
from thermoscout_core.thermometry.regions import (
    HOTTEST,
    HotSpotRule,
    Mask,
    RegionCounts,
    measure_regions,
)
from thermoscout_core.thermometry.spot_size import filled_share, filling_c
from thermoscout_core.thermometry.uncertainty import Budget, InputUncertainties, budget


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

    @property
    def values(self) -> dict[str, Floats]:
        """The network's inputs but for the measured temperature."""
        return {name: np.asarray(value) for name, value in vars(self.parameters).items()}


class Thermometer:
    """Reads temperatures in boxes and corrects them for distance, air, emissivity, reflection.

    network: the BP network, or None to correct by physics alone. It is used where the reading
    lies in its domain and the camera's curve is the one that it was calibrated for; elsewhere
    the physics corrects and the reading is flagged out_of_calibration. defaults: for object
    parameters that neither air (the site's own sensors) nor the frame states; see SITE_DEFAULTS.
    uncertainties: of the inputs. dead_pixels: (H, W) mask of pixels that are never measured with.
    hot_spot: what counts as one. instrument_c: the camera's standard uncertainty, K, where it
    doesn't state one; NaN leaves the readings' uncertainty unknown. Not thread-safe.
    """

    def __init__(
        self,
        network: BpNetwork | None,
        defaults: ObjectParameters = SITE_DEFAULTS,
        uncertainties: InputUncertainties | None = None,
        dead_pixels: Mask | None = None,
        hot_spot: HotSpotRule = HOTTEST,
        instrument_c: float = math.nan,
    ) -> None:
        self.network = network
        self.defaults = defaults
        self.uncertainties = uncertainties or InputUncertainties()
        self.dead_pixels = dead_pixels
        self.hot_spot = hot_spot
        self.instrument_c = instrument_c
        self._table: CountTable | None = None
        self._corrector = Corrector(network)

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
        Raises FrameError when the map of dead pixels has another size than the frame.
        """
        scale = frame.radiometry.scale
        if scale is None:
            return [_unreadable(d, ReadingFlag.NO_RADIOMETRY) for d in detections]
        conditions = self._conditions(frame.radiometry, fix, air)
        regions = measure_regions(
            frame.counts,
            [detection.outline or detection.box for detection in detections],
            scale.gain_c_per_count,
            self._invalid(frame),
            self.hot_spot,
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
        parameters = conditions.parameters if conditions.corrects else None
        if self._table is None or not self._table.holds_for(frame.radiometry, parameters):
            self._table = make_table(
                frame.radiometry,
                scale,
                parameters,
                lambda stated_c: self._correct(frame.radiometry, conditions, stated_c).surface_c,
            )
        corrected: NDArray[np.float32] = np.take(self._table.celsius, frame.counts)
        invalid = self._invalid(frame)
        if invalid is not None:
            corrected[invalid] = np.nan
        return corrected

    def _invalid(self, frame: ThermalFrame) -> Mask | None:
        """Pixels without a measurement: the frame's own and the camera's dead ones."""
        dead = self.dead_pixels
        if dead is None:
            return frame.invalid
        if dead.shape != frame.counts.shape:
            raise FrameError(
                f"the map of dead pixels is {dead.shape[1]}x{dead.shape[0]}, the frame "
                f"{frame.width_px}x{frame.height_px}; give the map of this camera"
            )
        return dead if frame.invalid is None else dead | frame.invalid

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
        if fix is not None and fix.stale:
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
        made = self._correct(radiometry, conditions, stated_c)
        by_network = made.by_network[:, 0].tolist()
        regions = [region for _, region in found]
        bias_k = self._small_target_k(radiometry, conditions, regions, stated_c, made)
        uncertainty_c = self._uncertainty_c(radiometry, conditions, stated_c, made, bias_k)
        parameters = conditions.parameters
        readings = []
        for index, (detection, region) in enumerate(found):
            hot, mean, low, ring = made.surface_c[index].tolist()
            correction = Correction.NONE
            if conditions.corrects:
                correction = Correction.NETWORK if by_network[index] else Correction.PHYSICS
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
                small_target_c=float(bias_k[index]),
                correction=correction,
                flags=self._flags(radiometry, conditions, region, correction),
            )
            readings.append(reading)
        return readings

    def _small_target_k(
        self,
        radiometry: Radiometry,
        conditions: _Conditions,
        regions: Sequence[RegionCounts],
        stated_c: Floats,
        made: Corrected,
    ) -> Floats:
        """(N,) K by which the hot spots are estimated to read low because they don't fill their
        pixels; 0 for those that are large enough."""
        bias_k = np.zeros(len(regions))
        small = [index for index, region in enumerate(regions) if region.too_small]
        if small:
            apparent = apparent_c(stated_c[small], radiometry.applied, radiometry.planck)
            fill = filled_share([regions[index].side_px for index in small])
            whole = filling_c(apparent[:, 0], apparent[:, 1], fill, radiometry.planck)
            if conditions.corrects:
                values = {**conditions.values, "measured_c": whole}
                whole = self._corrector_for(radiometry.planck).correct(values).surface_c
            bias_k[small] = whole - made.surface_c[small, 0]
        return bias_k

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

    def budget(
        self, radiometry: Radiometry, parameters: ObjectParameters, stated_c: Floats
    ) -> Budget:
        """The uncertainty budgets of corrected temperatures, from the °C (N,) that the camera
        states and complete parameters; for showing where a reading's uncertainty comes from."""
        conditions = _Conditions(parameters, frozenset(), assumed=False)
        made = self._correct(radiometry, conditions, stated_c)
        return self._budget(radiometry, conditions, stated_c, made.by_network, 0.0)

    def _budget(
        self,
        radiometry: Radiometry,
        conditions: _Conditions,
        stated_c: Floats,
        by_network: NDArray[np.bool_],
        spot_size_k: ArrayLike,
    ) -> Budget:
        apparent = apparent_c(stated_c, radiometry.applied, radiometry.planck)
        values = {**conditions.values, "measured_c": apparent}
        camera_c = self._camera_c(radiometry)
        inputs = self.uncertainties.at(conditions.parameters.distance_m, camera_c)
        corrector = self._corrector_for(radiometry.planck)
        return budget(corrector, values, by_network, inputs, spot_size_k)

    def _uncertainty_c(
        self,
        radiometry: Radiometry,
        conditions: _Conditions,
        stated_c: Floats,
        made: Corrected,
        bias_k: Floats,
    ) -> Floats:
        """(N,) standard uncertainty of the corrected hot spots; NaN where it can't be told."""
        if not conditions.corrects or math.isnan(self._camera_c(radiometry)):
            return np.full(len(stated_c), math.nan)
        by_network = made.by_network[:, 0]
        return self._budget(
            radiometry, conditions, stated_c[:, 0], by_network, np.abs(bias_k)
        ).standard_k

    def _camera_c(self, radiometry: Radiometry) -> float:
        known = not math.isnan(radiometry.accuracy_c)
        return radiometry.accuracy_c if known else self.instrument_c

    def _corrector_for(self, planck: PlanckConstants) -> Corrector:
        if self._corrector.planck != planck:
            self._corrector = Corrector(self.network, planck)
        return self._corrector

    def _correct(
        self, radiometry: Radiometry, conditions: _Conditions, stated_c: Floats
    ) -> Corrected:
        """The camera's °C (any shape) -> surface °C, the same where nothing may be corrected."""
        if not conditions.corrects:
            return Corrected(stated_c, np.zeros(stated_c.shape, np.bool_))
        apparent = apparent_c(stated_c, radiometry.applied, radiometry.planck)
        values = {**conditions.values, "measured_c": apparent}
        return self._corrector_for(radiometry.planck).correct(values)


def _unreadable(detection: Detection, flag: ReadingFlag) -> Reading:
    return Reading(detection, flags=frozenset({flag}))
