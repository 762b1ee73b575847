"""What the thermometry says of a detection: its temperatures, and whether to trust them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum

from thermoscout_core.detections import Detection


class ReadingFlag(str, Enum):
    """Why a reading is worth less than it looks. Values are the names on the wire and in files."""

    NO_RADIOMETRY = "no_radiometry"  # the frame has no temperature scale: there is no reading
    NO_VALID_PIXEL = "no_valid_pixel"  # every pixel in the box is invalid: there is no reading
    UNKNOWN_SETTINGS = "unknown_settings"  # what the camera worked in is unknown: not corrected
    NO_RANGE = "no_range"  # no distance: not corrected
    STALE_RANGE = "stale_range"  # the rangefinder gave no distance of this time: not corrected
    ASSUMED_CONDITIONS = "assumed_conditions"  # emissivity, air or humidity by default: not stated
    OUT_OF_CALIBRATION = "out_of_calibration"  # outside the network's domain: corrected by physics
    TOO_SMALL = "too_small"  # the box or the hot spot covers less than 3x3 pixels: reads low
    SATURATED = "saturated"  # the hot spot is at the detector's limit: it may be hotter


class Correction(str, Enum):
    """How the corrected temperature was made."""

    NETWORK = "network"
    PHYSICS = "physics"
    NONE = "none"


@dataclass(frozen=True)
class Reading:
    """The temperatures of one detection. NaN means not measured; nothing is guessed.

    measured_c: hot spot as the camera states it. corrected_c: hot spot after correction; equals
    measured_c when correction is NONE. uncertainty_c: standard uncertainty of corrected_c, NaN
    when it can't be evaluated. mean_c, min_c: of the box, corrected alike. background_c: median
    of the ring around the box, corrected alike (ambient reference T0). hot_spot_px: (x, y),
    whole pixels of the frame, or None. distance_m, emissivity: the ones used. small_target_c: K by
    which corrected_c is estimated to be low because the hot spot covers less than 3x3 pixels
    (within uncertainty_c, not added), 0 when it covers more. stands_out: how much the hot spot
    stands out in its frame, 0..1, 0.5 is the point of operation; NaN when nobody looked.
    over_peers_k: what it is above the eighth-hottest other spot of the frame, as the camera states
    it; NaN when it is no spot of its own. flags: empty for a reading that may be trusted.
    """

    detection: Detection
    measured_c: float = math.nan
    corrected_c: float = math.nan
    uncertainty_c: float = math.nan
    mean_c: float = math.nan
    min_c: float = math.nan
    background_c: float = math.nan
    hot_spot_px: tuple[int, int] | None = None
    distance_m: float = math.nan
    emissivity: float = math.nan
    small_target_c: float = math.nan
    stands_out: float = math.nan
    over_peers_k: float = math.nan
    correction: Correction = Correction.NONE
    flags: frozenset[ReadingFlag] = field(default_factory=frozenset)

    @property
    def has_temperature(self) -> bool:
        """True when there is a hot spot with a finite temperature."""
        return self.hot_spot_px is not None and math.isfinite(self.corrected_c)
