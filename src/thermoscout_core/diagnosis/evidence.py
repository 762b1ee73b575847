"""T1, T2 and T0 of each reading in a frame, and where they come from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from thermoscout_core.detections import Box, Detection
from thermoscout_core.diagnosis.owners import owners
from thermoscout_core.diagnosis.phases import PhaseSet, find_phase_sets
from thermoscout_core.diagnosis.survey import HOT_REGION, SAME_SPOT_PX, WORTH_READING
from thermoscout_core.readings import Reading, ReadingFlag

SPOT_SIZE_PX = 30.0
"""Of the boxes put around hot spots to see which are three in a row: 15 to 240 px apart."""
PEERS = "the eighth-hottest other spot of the frame"


@dataclass(frozen=True)
class Baseline:
    """An earlier measurement of the same equipment, comparable in load. rise_k: T1 − T0 then;
    when: in words, such as a date."""

    rise_k: float
    when: str


@dataclass(frozen=True)
class Evidence:
    """What is known of one reading for judging it.

    t1_c: hot spot. t2_c: like part, NaN when there is none; t2_source: which. t0_c: ambient
    reference, NaN when unknown; t0_source: which. shared_with: another reading whose box the
    hot spot rather belongs to, or None. baseline: an earlier measurement, or None.
    off_row_k: between it and the colder of two other spots in a row with it, NaN without such a
    row: what is as warm as the colder of the other phases is under load, not defective.
    over_coldest_k: what the hot spot is above the coldest of two or more like parts, NaN with
    fewer: what is no hotter than any of its kind is none either.
    """

    reading: Reading
    t1_c: float
    t2_c: float
    t2_source: str
    t0_c: float
    t0_source: str
    shared_with: Reading | None = None
    baseline: Baseline | None = None
    off_row_k: float = math.nan
    over_coldest_k: float = math.nan

    @property
    def growth_k(self) -> float:
        """By how much the rise T1 − T0 has grown since the baseline, NaN without one."""
        return self.t1_c - self.t0_c - self.baseline.rise_k if self.baseline else math.nan

    def relative_difference(self, min_rise_k: float) -> float | None:
        """δ = (T1 − T2)/(T1 − T0), 0..1.

        None where it may not be used: T2 or T0 unknown, a rise below min_rise_k, T1 not above
        T2, or a like part colder than the ambient reference (then that is no reference).
        """
        rise = self.t1_c - self.t0_c
        if not math.isfinite(self.t2_c) or not rise >= min_rise_k:
            return None
        if not self.t0_c <= self.t2_c <= self.t1_c:
            return None
        return (self.t1_c - self.t2_c) / rise


def gather(
    readings: Sequence[Reading], baselines: Sequence[Baseline | None] | None = None
) -> list[Evidence]:
    """The evidence of each reading of one frame, in their order.

    T2 is the colder of the other two phases where three boxes stand in a row, else the lower
    median of the other readings of the class (so that one further hot part can't hide the first);
    readings whose hot spot belongs to another box, or that are too small, are no like part. A hot
    region without equipment has the frame's other spots for comparison. T0 is the ring around the
    box, else the median of the other rings.
    """
    owned_by = owners(readings)
    comparable = [
        index
        for index, (reading, owner) in enumerate(zip(readings, owned_by, strict=True))
        if reading.has_temperature and owner is None and ReadingFlag.TOO_SMALL not in reading.flags
    ]
    like = _LikeParts(readings, comparable)
    rows = _rows_of_spots(readings)
    rings = [r.background_c for r in readings if math.isfinite(r.background_c)]
    evidence = []
    for index, reading in enumerate(readings):
        t0_c, t0_source = reading.background_c, "the surroundings of the box"
        if not math.isfinite(t0_c) and rings:
            t0_c, t0_source = _lower_median(rings), "the surroundings of the other boxes"
        t2_c, t2_source = like.of(index)
        evidence.append(
            Evidence(
                reading,
                t1_c=reading.corrected_c,
                t2_c=t2_c,
                t2_source=t2_source,
                t0_c=t0_c,
                t0_source=t0_source if math.isfinite(t0_c) else "",
                shared_with=owned_by[index],
                baseline=baselines[index] if baselines else None,
                off_row_k=rows.get(index, math.nan),
                over_coldest_k=like.over_coldest_k(index),
            )
        )
    return evidence


class _LikeParts:
    """T2 of each reading of a frame. comparable: indices of those that may serve as T2."""

    def __init__(self, readings: Sequence[Reading], comparable: Sequence[int]) -> None:
        self._readings = readings
        self._of_class: dict[str, list[int]] = {}
        for index in comparable:
            self._of_class.setdefault(readings[index].detection.class_name, []).append(index)
        named = [i for i in comparable if readings[i].detection.class_name != HOT_REGION]
        sets = find_phase_sets([readings[i].detection for i in named])
        self._sets = {named[i]: _renumbered(found, named) for i, found in sets.items()}

    def of(self, index: int) -> tuple[float, str]:
        """T2 in °C (NaN when there is none) and what it is."""
        reading = self._readings[index]
        class_name = reading.detection.class_name
        if class_name == HOT_REGION:
            t2_c = reading.corrected_c - reading.over_peers_k
            return t2_c, PEERS if math.isfinite(t2_c) else ""
        if index in self._sets:
            phases = self._sets[index]
            others = [self._readings[i].corrected_c for i in phases.others(index)]
            source = f"the colder of the other two phases, {phases.spacing_px:.0f} px apart"
            return min(others), source
        like = self._others_c(index)
        if not like:
            return math.nan, ""
        return _lower_median(like), _like_source(class_name, len(like))

    def over_coldest_k(self, index: int) -> float:
        """T1 less the coldest of two or more others of its class, NaN with fewer."""
        reading = self._readings[index]
        others = self._others_c(index)
        if reading.detection.class_name == HOT_REGION or len(others) < 2:
            return math.nan
        return reading.corrected_c - min(others)

    def _others_c(self, index: int) -> list[float]:
        """The hot spots of the others of its class."""
        same = self._of_class.get(self._readings[index].detection.class_name, ())
        return [self._readings[i].corrected_c for i in same if i != index]


def _rows_of_spots(readings: Sequence[Reading]) -> dict[int, float]:
    """Index of a reading -> K between its spot and the colder of the other two in its row.

    Spots of whatever class: a detector that missed two of three phases has left hot regions.
    """
    spots: dict[tuple[int, int], list[int]] = {}
    for index, reading in enumerate(readings):
        if reading.hot_spot_px is not None and reading.stands_out >= WORTH_READING:
            same = (spot for spot in spots if _are_near(spot, reading.hot_spot_px))
            spots.setdefault(next(same, reading.hot_spot_px), []).append(index)
    half = SPOT_SIZE_PX / 2
    boxes = [
        Detection(HOT_REGION, 1.0, Box(x - half, y - half, x + half, y + half)) for x, y in spots
    ]
    seen = list(spots.values())
    # the level of the spot itself: the box's hottest pixel may be a neighbour's halo at its corner
    levels = [max(readings[i].over_peers_k for i in indices) for indices in seen]
    return {
        index: abs(levels[place] - min(levels[other] for other in row.others(place)))
        for place, row in find_phase_sets(boxes).items()
        for index in seen[place]
    }


def _are_near(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return max(abs(one[0] - other[0]), abs(one[1] - other[1])) <= SAME_SPOT_PX


def _renumbered(found: PhaseSet, numbers: Sequence[int]) -> PhaseSet:
    first, middle, last = (numbers[member] for member in found.members)
    return PhaseSet((first, middle, last), found.spacing_px)


def _like_source(class_name: str, count: int) -> str:
    if count == 1:
        return f"the other {class_name} in the frame"
    return f"the median of {count} other {class_name}s in the frame"


def _lower_median(values: Sequence[float]) -> float:
    return sorted(values)[(len(values) - 1) // 2]
