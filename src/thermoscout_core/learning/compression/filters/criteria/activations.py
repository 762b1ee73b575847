"""Filters judged by how often they say anything (network trimming, Hu et al. 2016)."""

from __future__ import annotations

import torch
from torch import Tensor

from thermoscout_core.learning.compression.filters.evidence import Evidence
from thermoscout_core.learning.compression.filters.groups import FilterGroup
from thermoscout_core.learning.compression.step import CompressionError


def nonzero_share(evidence: Evidence, group: FilterGroup) -> Tensor:
    """1 − APoZ: the mean share of outputs above zero behind the activation, over the group's
    convolutions. Raises CompressionError where none of them has an activation."""
    total, found = torch.zeros(group.channels), False
    for name in (*group.producers, *group.followers):
        share = evidence.nonzero_shares.get(name)
        if share is not None:
            total, found = total + share, True
    if not found:
        raise CompressionError(
            f"criterion apoz: no activation behind {group.name}; take l1, fpgm or taylor"
        )
    return total
