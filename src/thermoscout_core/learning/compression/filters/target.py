"""How many filters each group keeps, by how much accuracy its pruning alone costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import Field
from torch import Tensor

from thermoscout_core.learning.compression.filters.groups import (
    FilterGroup,
    prune_filters,
    rounded_count,
    smallest,
)
from thermoscout_core.learning.compression.model import Model
from thermoscout_core.learning.compression.step import CompressionError, Section
from thermoscout_core.learning.compression.weights.sensitivity import (
    Sensitivity,
    knee_by_loss,
    sweep,
)
from thermoscout_core.learning.compression.workbench import Workbench
from thermoscout_core.learning.ssd import Ssd


class SensitivityTarget(Section):
    """Sweep the groups; take the ratios that lose little, or as little as a size allows."""

    keep_ratios: tuple[float, ...] = (0.75, 0.5, 0.25)
    """What each group is tried at."""
    loss: float = Field(0.01, ge=0)
    """mAP that a group alone may lose; not looked at where parameters are given."""
    parameters: float | None = Field(None, gt=0, lt=1)
    """Share of the parameters to keep: the smallest loss that reaches it is taken."""
    stop_at_loss: float = Field(0.05, ge=0)
    """A group's smaller ratios are left out once it has lost so much."""

    def channels(
        self,
        model: Model,
        groups: Sequence[FilterGroup],
        scores: Mapping[str, Tensor],
        bench: Workbench,
        folder: Path,
        fingerprint: str,
    ) -> tuple[dict[str, int], dict[str, object]]:
        """Channels that each group keeps, and figures for the report."""
        size_px = model.architecture.input_size_px
        counts = {group.name: group.channels for group in groups}

        def without(network: Ssd, name: str, ratio: float) -> Ssd:
            removed = smallest(scores[name], rounded_count(counts[name], ratio))
            return prune_filters(network, size_px, {name: removed})

        found = sweep(
            model.network,
            list(counts),
            self.keep_ratios,
            lambda network: bench.mean_ap(network, model.architecture),
            folder / "sensitivity.json",
            fingerprint,
            prune=without,
            stop_at_loss=self.stop_at_loss,
            told=bench.say,
        )
        loss = self.loss if self.parameters is None else self._loss(model, found, counts, scores)
        ratios = _knees(found, loss)
        kept = {name: rounded_count(counts[name], ratios[name]) for name in counts}
        figures: dict[str, object] = {
            "sensitivity": found.as_dict(),
            "keep_ratios": ratios,
            "loss_of_each": loss,
        }
        return kept, figures

    def _loss(
        self,
        model: Model,
        found: Sensitivity,
        counts: Mapping[str, int],
        scores: Mapping[str, Tensor],
    ) -> float:
        """The smallest loss of each group alone at which parameters is reached; by bisection."""
        size_px = model.architecture.input_size_px
        whole = sum(parameter.numel() for parameter in model.network.parameters())
        measured = (found.dense - v for curve in found.curves.values() for v in curve.values())
        losses = sorted({max(0.0, loss) for loss in measured})

        def reaches(loss: float) -> bool:
            removed = {
                name: smallest(scores[name], rounded_count(counts[name], ratio))
                for name, ratio in _knees(found, loss).items()
            }
            pruned = prune_filters(model.network, size_px, removed)
            left = sum(parameter.numel() for parameter in pruned.parameters())
            return left <= (self.parameters or 1.0) * whole

        low, high = 0, len(losses) - 1
        if not losses or not reaches(losses[high]):
            raise CompressionError(
                f"sensitivity.parameters: {self.parameters:g} can't be reached with the smallest "
                "of keep_ratios within stop_at_loss; give smaller ratios or a larger loss"
            )
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if reaches(losses[middle]) else (middle + 1, high)
        return losses[low]


def _knees(found: Sensitivity, loss: float) -> dict[str, float]:
    return {name: knee_by_loss(curve, found.dense, loss) for name, curve in found.curves.items()}
