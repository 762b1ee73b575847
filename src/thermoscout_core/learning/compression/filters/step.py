"""The step prune_filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import torch
from pydantic import Field
from torch import nn

from thermoscout_core.learning.compression.filters.criteria import CRITERIA
from thermoscout_core.learning.compression.filters.criteria.reconstruction import fitted_reader
from thermoscout_core.learning.compression.filters.evidence import Evidence
from thermoscout_core.learning.compression.filters.groups import (
    FilterGroup,
    filter_groups,
    prune_filters,
    rounded_count,
    smallest,
)
from thermoscout_core.learning.compression.filters.penalties import GroupLasso, Slimming
from thermoscout_core.learning.compression.filters.target import SensitivityTarget
from thermoscout_core.learning.compression.fingerprints import fingerprint_of
from thermoscout_core.learning.compression.latency_choice import LatencyTarget
from thermoscout_core.learning.compression.model import Model
from thermoscout_core.learning.compression.step import (
    CompressionError,
    NothingToDo,
    Outcome,
    Step,
)
from thermoscout_core.learning.compression.weights.masks import keep_ratios_of
from thermoscout_core.learning.compression.workbench import Workbench
from thermoscout_core.learning.ssd import Ssd


class PruneFilters(Step):
    """Filter pruning: whole filters and everything that hangs on them, then training."""

    do: Literal["prune_filters"]
    keep_ratio: float | Literal["weights"] | dict[str, float] | None = None
    """Of every group; or weights: η of the weight pruning before (seed 001: n' = n·η); or by the
    name of a layer, or its beginning. Null: by sensitivity or latency."""
    sensitivity: SensitivityTarget | None = None
    """Each group's ratio from a sweep of the groups."""
    latency: LatencyTarget | None = None
    """Channels chosen for a time budget, with a measured table of each layer's time."""
    criterion: Literal["l1", "l2", "fpgm", "slimming", "apoz", "taylor", "thinet", "lasso"] = "l1"
    """Which filters of a group go: those with the smallest score."""
    reconstruct: bool = False
    """Fit the readers' weights to the channels left (least squares on training frames)."""
    sparsify: Literal["none", "group_lasso", "slimming"] = "none"
    """Train with a penalty on whole filters (SSL) or on batch norms' scales first."""
    strength: float = Field(1e-4, gt=0)
    """Of that penalty."""
    sparsify_epochs: int = Field(5, ge=1)
    """Of that training."""
    frames: int = Field(64, ge=1)
    """Training frames that criteria which need some look at."""
    epochs: int | None = Field(None, ge=0)
    """Of the training after pruning; null: the recipe's."""
    learning_rate: float | None = Field(None, gt=0)
    """Instead of the recipe's."""
    hold_zeros: bool = False
    """Keep the zeros of an earlier weight pruning; seed 001 lets them learn again."""

    def run(self, model: Model, bench: Workbench, folder: Path) -> Outcome:
        given = [self.keep_ratio, self.sensitivity, self.latency]
        if sum(choice is not None for choice in given) != 1:
            raise CompressionError("give one of keep_ratio, sensitivity and latency")
        folder.mkdir(parents=True, exist_ok=True)
        model = self._sparsified(model, bench, folder)
        pruned, figures = self._pruned(model, bench, folder)
        tuned = bench.finetune(
            model.with_network(pruned),
            folder / "training",
            self.epochs,
            learning_rate=self.learning_rate,
            hold_zeros=self.hold_zeros,
        )
        return Outcome(tuned, figures=figures)

    def _pruned(
        self, model: Model, bench: Workbench, folder: Path
    ) -> tuple[Ssd, dict[str, object]]:
        """The network without the filters that score least, and figures for the report. What the
        scores were made of is gone when the training begins: it takes gigabytes."""
        size_px = model.architecture.input_size_px
        groups = filter_groups(model.network, size_px)
        evidence = Evidence(
            model,
            groups,
            partial(bench.training_batches, model, self.frames),
            bench.loss(model),
        )
        scores = {group.name: CRITERIA[self.criterion](evidence, group) for group in groups}
        kept, figures = self._channels(model, groups, scores, bench, folder)
        removed = {group.name: smallest(scores[group.name], kept[group.name]) for group in groups}
        pruned = prune_filters(model.network, size_px, removed)
        if self.reconstruct:
            _reconstruct(pruned, evidence, removed)
        figures["channels"] = {g.name: [g.channels, kept[g.name]] for g in groups}
        return pruned, figures

    def _sparsified(self, model: Model, bench: Workbench, folder: Path) -> Model:
        if self.sparsify == "none":
            return model
        penalty = GroupLasso if self.sparsify == "group_lasso" else Slimming
        return bench.finetune(
            model,
            folder / "sparsify",
            self.sparsify_epochs,
            penalty(self.strength),
            hold_zeros=self.hold_zeros,
            keep_start=False,
        )

    def _channels(
        self,
        model: Model,
        groups: Sequence[FilterGroup],
        scores: Mapping[str, torch.Tensor],
        bench: Workbench,
        folder: Path,
    ) -> tuple[dict[str, int], dict[str, object]]:
        """How many channels each group keeps, and figures for the report."""
        if self.latency is not None:
            return self.latency.channels(model, groups, scores, bench, folder)
        if self.sensitivity is not None:
            mark = fingerprint_of(model, bench.val.ids, self.criterion)
            return self.sensitivity.channels(model, groups, scores, bench, folder, mark)
        ratios = _ratios(self.keep_ratio, model.network, groups)
        return {g.name: rounded_count(g.channels, ratios[g.name]) for g in groups}, {}


def _ratios(
    keep_ratio: float | str | dict[str, float] | None,
    network: Ssd,
    groups: Sequence[FilterGroup],
) -> dict[str, float]:
    """The ratio of each group; where its layers differ, the largest."""
    if isinstance(keep_ratio, float):
        return dict.fromkeys((group.name for group in groups), keep_ratio)
    known = keep_ratio if isinstance(keep_ratio, dict) else keep_ratios_of(network)
    if keep_ratio == "weights" and min(known.values()) == 1.0:
        raise NothingToDo(
            "keep_ratio: weights: no weights are pruned in the model that this step begins with; "
            "put prune_weights before it, with a budget that it keeps to"
        )
    used: set[str] = set()

    def of_layer(name: str) -> float:
        fitting = [key for key in known if name.startswith(key)]
        if not fitting:
            return 1.0
        used.add(max(fitting, key=len))
        return known[max(fitting, key=len)]

    ratios = {g.name: max(of_layer(name) for name in g.producers) for g in groups}
    unused = sorted(set(known) - used) if isinstance(keep_ratio, dict) else []
    if unused:
        raise CompressionError(
            f"keep_ratio: no prunable layer begins with {', '.join(unused)}; there are "
            f"{', '.join(group.name for group in groups)}"
        )
    return ratios


@torch.no_grad()
def _reconstruct(pruned: Ssd, evidence: Evidence, removed: Mapping[str, list[int]]) -> None:
    """Fit the readers whose inputs were pruned and whose own filters were not all kept too."""
    for group in evidence.groups:
        gone = set(removed[group.name])
        kept = [channel for channel in range(group.channels) if channel not in gone]
        for name in group.consumers if gone else ():
            layer = pruned.get_submodule(name)
            assert isinstance(layer, nn.Conv2d)
            fitted = fitted_reader(
                evidence.samples[name], kept, layer.kernel_size[0] * layer.kernel_size[1]
            )
            rows = _kept_rows(name, evidence.groups, removed, len(fitted))
            layer.weight.copy_(fitted[rows].view_as(layer.weight))


def _kept_rows(
    name: str, groups: Sequence[FilterGroup], removed: Mapping[str, list[int]], rows: int
) -> list[int]:
    """The filters of a layer that its own group keeps."""
    gone = {row for group in groups if name in group.producers for row in removed[group.name]}
    return [row for row in range(rows) if row not in gone]
