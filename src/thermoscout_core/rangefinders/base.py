"""What every rangefinder is, whatever its make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class RangeSample:
    """One distance, as sensor_msgs/Range has it.

    stamp_s: acquisition time. range_m: metres, or by REP-117 -inf (too close), +inf (nothing in
    range), NaN (invalid). min_range_m, max_range_m: the device's. field_of_view_rad: of the beam,
    its full angle. problem: why there is no distance, as the device says, "" when it doesn't.
    """

    stamp_s: float
    range_m: float
    min_range_m: float
    max_range_m: float
    field_of_view_rad: float
    problem: str = ""


class Rangefinder(Protocol):
    """A source of distances. A fresh one isn't connected. One thread at a time.

    hardware_id: what tells this device from another. rate_hz: how often a sample comes at least.
    """

    hardware_id: str
    rate_hz: float

    def open(self) -> None:
        """Connect and start. Raises DeviceError when the device can't be had."""
        ...

    def read(self, timeout_s: float) -> RangeSample | None:
        """The next sample; None: none yet. Waits at most timeout_s.

        Raises cameras.base.EndOfStream when there will be no more, DeviceError when the device
        is gone or not open.
        """
        ...

    def set_rate(self, rate_hz: float) -> float:
        """Measure so often from now on; gives the rate that the device confirms, in Hz.

        Raises ConfigurationError where it can't, DeviceError when it doesn't confirm or isn't
        open.
        """
        ...

    def close(self) -> None:
        """Stop and release the device; harmless when it isn't open."""
        ...


def by_rep_117(distance_m: float, min_range_m: float, max_range_m: float) -> float:
    """A measured distance -> itself, or -inf below and +inf beyond what the device measures."""
    if distance_m < min_range_m:
        return -float("inf")
    if distance_m > max_range_m:
        return float("inf")
    return distance_m
