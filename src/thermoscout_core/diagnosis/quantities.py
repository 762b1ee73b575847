"""What a rule may hold a limit against, one entry a key of a rule file's condition."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Quantity:
    """key: in a rule file. name: in words. unit: of the limit, "" for a share. is_reached: a value
    equal to the limit already counts."""

    key: str
    name: str
    unit: str
    is_reached: bool = False

    def holds(self, value: float, limit: float) -> bool:
        """Whether the value is past the limit; never for NaN."""
        return value >= limit if self.is_reached else value > limit

    def is_just_beside(self, value: float, limit: float) -> bool:
        """Near enough for an example to show where the limit lies: within 1 °C, 1 K and a tenth
        of a difference, 0.02 of a share."""
        near = {"°C": 1.0, "K": min(1.0, 0.1 * limit)}.get(self.unit, 0.02)
        return abs(value - limit) <= near * (1 + 1e-9)


QUANTITIES = {
    quantity.key: quantity
    for quantity in (
        Quantity("surface_above_c", "surface temperature", "°C"),
        Quantity("rise_above_k", "rise over the air", "K"),
        Quantity("relative_difference", "relative difference", "", is_reached=True),
        Quantity("like_above_k", "like-comparison", "K"),
        Quantity("stands_out", "comparison with the frame", "", is_reached=True),
        Quantity("growth_above_k", "growth", "K"),
    )
}
"""In the order in which they are said."""
