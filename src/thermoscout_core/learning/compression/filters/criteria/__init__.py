"""How much each filter matters, by name: one file a family.

A criterion takes the evidence and a group and returns a score for each channel (n,), larger for
those that matter more; only the order within a group counts.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from thermoscout_core.learning.compression.filters.criteria import (
    activations,
    gradients,
    norms,
    reconstruction,
    weights,
)
from thermoscout_core.learning.compression.filters.evidence import Evidence
from thermoscout_core.learning.compression.filters.groups import FilterGroup

Criterion = Callable[[Evidence, FilterGroup], Tensor]

CRITERIA: dict[str, Criterion] = {
    "l1": weights.l1,
    "l2": weights.l2,
    "fpgm": weights.geometric_median,
    "slimming": norms.scale_factors,
    "apoz": activations.nonzero_share,
    "taylor": gradients.taylor,
    "thinet": reconstruction.thinet,
    "lasso": reconstruction.lasso,
}
