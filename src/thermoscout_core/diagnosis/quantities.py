"""What a rule may hold a limit against, one entry a key of a rule file's condition."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Quantity:
    """key: in a rule file. method: of judging, by DL/T 664's names. symbol: for tables. unit: of
    the limit. is_reached: a value equal to the limit already counts. scale: of its values, how
    finely a limit can be bracketed."""

    key: str
    method: str
    symbol: str
    unit: str
    is_reached: bool
    scale: float

    def holds(self, value: float, limit: float) -> bool:
        """Whether the value is past the limit; never for NaN."""
        return value >= limit if self.is_reached else value > limit

    def is_just_beside(self, value: float, limit: float) -> bool:
        """Near enough to the limit for an example to show where it lies: within 1 K and a tenth
        of the limit, or 0.02 of a share."""
        nearest = min(self.scale, 0.1 * abs(limit)) if self.unit == "K" else self.scale
        return abs(value - limit) <= nearest * (1 + 1e-9)


QUANTITIES = {
    quantity.key: quantity
    for quantity in (
        Quantity("surface_above_c", "surface temperature", "T1", "°C", False, 1.0),
        Quantity("rise_above_k", "temperature rise over the air", "T1 − air", "K", False, 1.0),
        Quantity("relative_difference", "relative temperature difference", "δ", "", True, 0.02),
        Quantity("like_above_k", "like-comparison", "T1 − T2", "K", False, 1.0),
        Quantity("stands_out", "comparison with the frame", "stands out", "", True, 0.02),
        Quantity("growth_above_k", "real-time (growth)", "growth", "K", False, 1.0),
    )
}
"""In the order in which they are said."""
