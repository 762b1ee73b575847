"""Channels chosen for a time budget: take away where a millisecond costs least accuracy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    sums = {name: _tails(values) for name, values in scores.items()}
    now_ms = predicted_ms(table, groups, kept)
    budget_ms = share * now_ms
    while now_ms > budget_ms:
        best: tuple[float, str, int, float] | None = None
        for group in groups:
            fewer = kept[group.name] - _stride(group)
            if fewer < floors[group.name]:
                continue
            then_ms = predicted_ms(table, groups, {**kept, group.name: fewer})
            saved_ms = now_ms - then_ms
            if saved_ms <= 0:
                continue
            lost = sums[group.name][fewer] - sums[group.name][kept[group.name]]
            price = lost / saved_ms
            if best is None or price < best[0]:
                best = (price, group.name, fewer, then_ms)
        if best is None:
            raise CompressionError(
                f"latency: {budget_ms:.2f} ms can't be met, {now_ms:.2f} ms is the least with a "
                f"share of {least:g} of each group's channels; allow more time or a smaller least"
            )
        _, name, fewer, now_ms = best
        kept[name] = fewer
    return kept


def predicted_ms(
    table: LatencyTable, groups: Sequence[FilterGroup], kept: Mapping[str, int]
) -> float:
    """Time of all convolutions with so many channels left in each group."""
    writes = {n: kept[g.name] for g in groups for n in (*g.producers, *g.followers)}
    reads = {n: kept[g.name] for g in groups for n in (*g.consumers, *g.followers)}

    def channels(name: str) -> tuple[int, int]:
        place = table.places[name]
        return reads.get(name, place.inputs), writes.get(name, place.outputs)

    return table.total_ms(channels)


def _stride(group: FilterGroup) -> int:
    return max(ROUNDING, group.channels // 16 // ROUNDING * ROUNDING)


def _tails(scores: Tensor) -> list[float]:
    """Share of the score that is lost when only the best n channels stay, by n from 0."""
    ordered = scores.sort(descending=True).values.double()
    total = float(ordered.sum()) or 1.0
    lost = 1 - ordered.cumsum(0) / total
    return [1.0, *lost.tolist()]
