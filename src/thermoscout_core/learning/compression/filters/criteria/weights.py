"""Filters judged by their weights alone: L1 (Li et al. 2016), L2, geometric median (FPGM)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from thermoscout_core.learning.compression.filters.evidence import Evidence
from thermoscout_core.learning.compression.filters.groups import FilterGroup


def l1(evidence: Evidence, group: FilterGroup) -> Tensor:
    """Σ|w| of each filter. On a weight-pruned network: of the weights that were kept, which is
    how seed 001 joins the two prunings."""
    return over_producers(evidence, group, lambda weight: weight.abs().sum(1))


def l2(evidence: Evidence, group: FilterGroup) -> Tensor:
    """√Σw² of each filter."""
    return over_producers(evidence, group, lambda weight: weight.norm(dim=1))


def geometric_median(evidence: Evidence, group: FilterGroup) -> Tensor:
    """Sum of the distances to all other filters: one near the median of all can be replaced by
    the others (FPGM, He et al. 2019)."""
    return over_producers(evidence, group, lambda weight: torch.cdist(weight, weight).sum(1))


def over_producers(
    evidence: Evidence, group: FilterGroup, score: Callable[[Tensor], Tensor]
) -> Tensor:
    """score of each filter (n, numbers) -> (n,), divided by its mean in each producer and added up
    over them."""
    total = torch.zeros(group.channels)
    for name in group.producers:
        values = score(evidence.convolution(name).weight.detach().flatten(1))
        total += values / values.mean().clamp(min=1e-12)
    return total
