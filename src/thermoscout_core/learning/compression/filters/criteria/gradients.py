"""Filters judged by what the loss would say (Taylor, Molchanov et al. 2019)."""

from __future__ import annotations

import torch
from torch import Tensor

from thermoscout_core.learning.compression.filters.evidence import Evidence
from thermoscout_core.learning.compression.filters.groups import FilterGroup


def taylor(evidence: Evidence, group: FilterGroup) -> Tensor:
    """(Σ g·w)² of each filter over the group's producers: to first order, the squared change of
    the loss if the filter were gone (eq. 8 there)."""
    change = torch.zeros(group.channels)
    for name in group.producers:
        weight = evidence.convolution(name).weight.detach()
        change += (evidence.gradients[name] * weight).flatten(1).sum(1)
    return change.square()
