"""What is true of a simulated frame, in the shape of verdicts, so that both can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thermoscout_core.detections import Detection
from thermoscout_core.frames import ThermalFrame
from thermoscout_core.readings import Reading
from thermoscout_core.verdicts import Verdict

TRUTH_SOURCE = "simulation"


def has_truth(camera: Any) -> bool:
    """True for a camera that knows what it shows: the simulated one."""
    return hasattr(camera, "truth_of")


def truth_verdicts(camera: Any, frame: ThermalFrame) -> Sequence[Verdict]:
    """The truth of a frame that camera has given: of each piece of equipment the true box, the
    true surface temperature as corrected_c, the severity it deserves, and its id as rule."""
    return [
        Verdict(
            reading=Reading(
                detection=Detection(truth.class_name, 1.0, truth.box),
                corrected_c=truth.hot_spot_c,
                hot_spot_px=truth.hot_spot_px,
            ),
            severity=truth.severity,
            rule=truth.equipment_id,
            rule_source=TRUTH_SOURCE,
            t1_c=truth.hot_spot_c,
            reason="the truth of the simulation",
        )
        for truth in camera.truth_of(frame)
    ]
