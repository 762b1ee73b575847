"""Filters judged by the scale of the batch norm behind them (slimming, Liu et al. 2017)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from thermoscout_core.learning.compression.filters.evidence import Evidence
from thermoscout_core.learning.compression.filters.groups import FilterGroup
from thermoscout_core.learning.compression.step import CompressionError


def scale_factors(evidence: Evidence, group: FilterGroup) -> Tensor:
    """|γ| of each channel, added up over the group's batch norms. It means something after
    training with sparsify: slimming. Raises CompressionError for a group without batch norm."""
    total = torch.zeros(group.channels)
    for name in group.norms:
        norm = evidence.network.get_submodule(name)
        assert isinstance(norm, nn.BatchNorm2d)
        total += norm.weight.detach().abs()
    if not group.norms:
        raise CompressionError(
            f"criterion slimming: no batch norm behind {group.name}; take l1, fpgm or taylor"
        )
    return total
