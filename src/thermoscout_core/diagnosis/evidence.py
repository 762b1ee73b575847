"""T1, T2 and T0 of each reading in a frame, and where they come from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from thermoscout_core.readings import Reading, ReadingFlag


@dataclass(frozen=True)
class Evidence:
    """What is known of one reading for judging it.

    t1_c: hot spot. t2_c: like part, NaN when there is none; t2_source: which. t0_c: ambient
    reference, NaN when unknown; t0_source: which. shared_with: another reading whose box the
    hot spot rather belongs to, or None.
    """

    reading: Reading
    t1_c: float
    t2_c: float
    t2_source: str
    t0_c: float
    t0_source: str
    shared_with: Reading | None = None

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


def gather(readings: Sequence[Reading]) -> list[Evidence]:
    """The evidence of each reading of one frame, in their order.

    T2 is the lower median of the other readings of the same class in the frame (so that one
    further hot part can't hide the first); readings whose hot spot belongs to another box,
    or that are too small, are no like part. T0 is the ring around the box, else the median of
    the other rings.
    """
    owners = [_owner_of_spot(reading, readings) for reading in readings]
    comparable = [
        reading.has_temperature and owner is None and ReadingFlag.TOO_SMALL not in reading.flags
        for reading, owner in zip(readings, owners, strict=True)
    ]
    rings = [r.background_c for r in readings if math.isfinite(r.background_c)]
    evidence = []
    for index, reading in enumerate(readings):
        like = [
            other.corrected_c
            for position, other in enumerate(readings)
            if position != index
            and comparable[position]
            and other.detection.class_name == reading.detection.class_name
        ]
        t0_c, t0_source = reading.background_c, "the surroundings of the box"
        if not math.isfinite(t0_c) and rings:
            t0_c, t0_source = _lower_median(rings), "the surroundings of the other boxes"
        evidence.append(
            Evidence(
                reading,
                t1_c=reading.corrected_c,
                t2_c=_lower_median(like) if like else math.nan,
                t2_source=_like_source(reading.detection.class_name, len(like)),
                t0_c=t0_c,
                t0_source=t0_source,
                shared_with=owners[index],
            )
        )
    return evidence


def _like_source(class_name: str, count: int) -> str:
    if count == 1:
        return f"the other {class_name} in the frame"
    return f"the median of {count} other {class_name}s in the frame"


def _lower_median(values: Sequence[float]) -> float:
    return sorted(values)[(len(values) - 1) // 2]


def _owner_of_spot(reading: Reading, readings: Sequence[Reading]) -> Reading | None:
    """The other reading of the class in whose box the hot spot lies more centrally, if any.

    Overlapping boxes of one class share pixels: the heat of one part must not be counted twice.
    """
    spot = reading.hot_spot_px
    if spot is None:
        return None
    own = _off_centre(reading, spot)
    for other in readings:
        same_class = other.detection.class_name == reading.detection.class_name
        if other is reading or not same_class or not other.has_temperature:
            continue
        if _off_centre(other, spot) < min(own, 1.0):
            return other
    return None


def _off_centre(reading: Reading, spot: tuple[int, int]) -> float:
    """Distance of the spot from the box's middle in half box sizes: below 1 it lies inside."""
    box = reading.detection.box
    x, y = box.center_px
    return max(
        abs(spot[0] + 0.5 - x) / max(box.width_px / 2, 0.5),
        abs(spot[1] + 0.5 - y) / max(box.height_px / 2, 0.5),
    )
