"""The survey: what the detections read, and what is hot where nothing was detected.

It stands between the thermometer and the judge: a reading learns how much its hot spot stands out
in the frame, and a hot region that no reading accounts for becomes a reading of its own, so that a
missed detection never hides a fault. Where heat stands out is seen in the frame alone, so it can
be searched while the detections are still awaited.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from thermoscout_core.detections import Detection
from thermoscout_core.diagnosis.hot_regions import WORK_WIDTH_PX, HotRegion, find_hot_regions
from thermoscout_core.diagnosis.scorecard import Scorecard, lies_in
from thermoscout_core.frames import LinearScale, ObjectParameters, ThermalFrame
from thermoscout_core.inspection import ReadingStep
from thermoscout_core.readings import Reading
from thermoscout_core.thermometry.ranging import RangeFix

HOT_REGION = "hot_region"
"""Class of a reading for which no equipment was detected."""
SAME_SPOT_PX = 6
"""In a picture of 384 pixels' width: a reading's hot spot this near to a region's is its own, and
so is one in the region's box: a flat top's hottest pixel may lie anywhere in it."""
WORTH_READING = 0.25
"""A region outside of the detections that stands out less isn't worth a reading of its own."""
MIN_SIDE_PX = 16


class Survey:
    """A thermometer that also looks where nothing was detected. Not thread-safe.

    thermometer: reads boxes. scorecard: None is the shipped one.
    """

    def __init__(self, thermometer: ReadingStep, scorecard: Scorecard | None = None) -> None:
        self.thermometer = thermometer
        self.scorecard = scorecard or Scorecard.load()

    def read(
        self,
        frame: ThermalFrame,
        detections: Sequence[Detection],
        fix: RangeFix | None,
        air: ObjectParameters | None = None,
    ) -> list[Reading]:
        """One reading a detection, in their order, then one for each hot region that none of
        them accounts for."""
        return self.account_for(search(frame), frame, detections, fix, air)

    def account_for(
        self,
        regions: Sequence[HotRegion] | None,
        frame: ThermalFrame,
        detections: Sequence[Detection],
        fix: RangeFix | None,
        air: ObjectParameters | None = None,
    ) -> list[Reading]:
        """The same with what :func:`search` found in the frame."""
        readings = self.thermometer.read(frame, detections, fix, air)
        if regions is None:
            return readings
        near_px = SAME_SPOT_PX * frame.width_px / WORK_WIDTH_PX
        found = [
            _Scored(region, self.scorecard.score(region, detections), near_px)
            for region in regions
        ]
        owners = [item.owners(readings) for item in found]
        left = [
            item
            for item, own in zip(found, owners, strict=True)
            if not own and item.score >= WORTH_READING
        ]
        boxes = [Detection(HOT_REGION, item.score, item.region.box) for item in left]
        alone = self.thermometer.read(frame, boxes, fix, air) if boxes else []
        owned: list[list[_Scored]] = [[] for _ in readings]
        for item, own in zip(found, owners, strict=True):
            for index in own:
                owned[index].append(item)
        informed = [_informed(*pair) for pair in zip(readings, owned, strict=True)]
        return informed + [
            _informed(reading, [item]) for reading, item in zip(alone, left, strict=True)
        ]


def search(frame: ThermalFrame) -> list[HotRegion] | None:
    """The hot regions of a frame; None for one without a scale, or under 16 pixels either way,
    which isn't searched. Needs no survey, and may run in a thread of its own."""
    scale = frame.radiometry.scale
    if scale is None or min(frame.counts.shape) < MIN_SIDE_PX:
        return None
    return find_hot_regions(_celsius(frame, scale))


@dataclass(frozen=True)
class _Scored:
    """A region, how much it stands out, and how near to it a hot spot must lie to be its own."""

    region: HotRegion
    score: float
    near_px: float

    def owners(self, readings: Sequence[Reading]) -> list[int]:
        """Indices of the readings whose heat it is.

        Their hot spot is it, or it is the flank of something hotter and lies in their box. Where
        boxes hold its peak, only those: what the others see is its halo.
        """
        holding = [i for i, r in enumerate(readings) if lies_in(r.detection, self.region.spot_px)]
        if self.region.is_flank and holding:
            return holding
        near = [
            index
            for index, reading in enumerate(readings)
            if reading.hot_spot_px is not None and self._is_at(*reading.hot_spot_px)
        ]
        return [index for index in near if index in holding] or near

    def _is_at(self, x: int, y: int) -> bool:
        """Whether a hot spot there is the region's: near to its spot, or in its box."""
        (spot_x, spot_y), box = self.region.spot_px, self.region.box
        if max(abs(x - spot_x), abs(y - spot_y)) <= self.near_px:
            return True
        outside_px = max(box.x1 - x, x + 1 - box.x2, box.y1 - y, y + 1 - box.y2)
        return outside_px <= self.near_px / 2


def _informed(reading: Reading, own: Sequence[_Scored]) -> Reading:
    """The reading with what the region at its hot spot says; 0 where there is none."""
    if not reading.has_temperature:
        return reading
    if not own:
        return replace(reading, stands_out=0.0)
    best = max(own, key=lambda item: item.score)
    return replace(reading, stands_out=best.score, over_peers_k=best.region.over_peers_k)


def _celsius(frame: ThermalFrame, scale: LinearScale) -> NDArray[np.float32]:
    """(H, W) °C as the camera states them; an invalid pixel is as cold as the coldest."""
    if frame.invalid is None:
        return scale.to_celsius(frame.counts)
    valid = frame.counts[~frame.invalid]
    coldest = valid.min() if valid.size else frame.counts.dtype.type(0)
    return scale.to_celsius(np.where(frame.invalid, coldest, frame.counts))
