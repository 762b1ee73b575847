"""Channels chosen for a time budget: take away where a millisecond costs least accuracy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pydantic import Field
from torch import Tensor

from thermoscout_core.learning.compression.filters.groups import ROUNDING, FilterGroup
from thermoscout_core.learning.compression.latency_table import LatencyTable, measure_table
from thermoscout_core.learning.compression.model import Model
from thermoscout_core.learning.compression.step import CompressionError, Section
from thermoscout_core.learning.compression.workbench import Workbench


class LatencyTarget(Section):
    """A budget for the convolutions' time in ONNX Runtime on this machine."""

    share: float = Field(0.5, gt=0, lt=1)
    """Of the time that the network's convolutions take now."""
    repeats: int = Field(15, ge=1)
    """Timed runs of each layer at each width."""
    least: float = Field(0.125, gt=0, le=1)
    """No group keeps a smaller share of its channels."""

    def channels(
        self,
        model: Model,
        groups: Sequence[FilterGroup],
        scores: Mapping[str, Tensor],
        bench: Workbench,
        folder: Path,
    ) -> tuple[dict[str, int], dict[str, object]]:
        """Channels that each group keeps, and figures for the report.

        Raises CompressionError when the budget can't be met.
        """
        table = measure_table(
            model.network,
            model.architecture.input_size_px,
            folder / "latency_table.json",
            bench.training.threads,
            self.repeats,
            bench.say,
        )
        kept = choose_channels(table, groups, scores, self.share, self.least)
        dense_ms = predicted_ms(table, groups, {g.name: g.channels for g in groups})
        figures: dict[str, object] = {
            "table_dense_ms": round(dense_ms, 3),
            "table_ms": round(predicted_ms(table, groups, kept), 3),
        }
        return kept, figures


def choose_channels(
    table: LatencyTable,
    groups: Sequence[FilterGroup],
    scores: Mapping[str, Tensor],
    share: float,
    least: float,
) -> dict[str, int]:
    """Greedy: ROUNDING (or a sixteenth of the group's) channels at a time are taken from the group
    that loses the smallest share of its score for each millisecond saved.

    Raises CompressionError when the budget isn't met at the least number of channels of all.
    """
    kept = {group.name: group.channels for group in groups}
    floors = {g.name: max(ROUNDING, round(g.channels * least)) for g in groups}
    losses = {name: _losses(values) for name, values in scores.items()}
    now_ms = predicted_ms(table, groups, kept)
    budget_ms = share * now_ms
    while now_ms > budget_ms:
        offers = []
        for group in groups:
            fewer = kept[group.name] - _stride(group)
            if fewer >= floors[group.name]:
                saved_ms = _saved_ms(table, groups, kept, group, fewer)
                lost = losses[group.name][fewer] - losses[group.name][kept[group.name]]
                if saved_ms > 0:
                    offers.append((lost / saved_ms, group.name, fewer))
        if not offers:
            raise CompressionError(
                f"latency: {budget_ms:.2f} ms can't be met, {now_ms:.2f} ms is the least with a "
                f"share of {least:g} of each group's channels; allow more time or a smaller least"
            )
        _, name, fewer = min(offers)
        kept[name] = fewer
        now_ms = predicted_ms(table, groups, kept)
    return kept


def predicted_ms(
    table: LatencyTable, groups: Sequence[FilterGroup], kept: Mapping[str, int]
) -> float:
    """Time of all convolutions with so many channels left in each group."""
    return _layers_ms(table, table.places, groups, kept)


def _saved_ms(
    table: LatencyTable,
    groups: Sequence[FilterGroup],
    kept: Mapping[str, int],
    group: FilterGroup,
    fewer: int,
) -> float:
    """What fewer channels in one group save, in the layers that they touch."""
    touched = {*group.producers, *group.followers, *group.consumers}
    then = {**kept, group.name: fewer}
    return _layers_ms(table, touched, groups, kept) - _layers_ms(table, touched, groups, then)


def _layers_ms(
    table: LatencyTable,
    names: Iterable[str],
    groups: Sequence[FilterGroup],
    kept: Mapping[str, int],
) -> float:
    writes = {n: kept[g.name] for g in groups for n in (*g.producers, *g.followers)}
    reads = {n: kept[g.name] for g in groups for n in (*g.consumers, *g.followers)}
    return sum(
        table.layer_ms(
            name,
            reads.get(name, table.places[name].inputs),
            writes.get(name, table.places[name].outputs),
        )
        for name in names
    )


def _stride(group: FilterGroup) -> int:
    return max(ROUNDING, group.channels // 16 // ROUNDING * ROUNDING)


def _losses(scores: Tensor) -> list[float]:
    """Share of the score that is lost when only the best n channels stay, by n from 0."""
    ordered = scores.sort(descending=True).values.double()
    total = float(ordered.sum()) or 1.0
    lost = 1 - ordered.cumsum(0) / total
    return [1.0, *lost.tolist()]
