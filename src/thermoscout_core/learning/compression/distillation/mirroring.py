"""What a network says of a mirrored frame, brought back to the frame itself."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from thermoscout_core.detection.priors import PriorLevel

MIRRORED_DX = (-1.0, 1.0, 1.0, 1.0)
"""Of offsets (dx, dy, dw, dh), see detection.priors.decode."""


def unmirrored(
    offsets: Tensor, logits: Tensor, levels: Sequence[PriorLevel]
) -> tuple[Tensor, Tensor]:
    """Offsets (N, P, 4) and logits (N, P, 1 + C) of mirrored images -> of the images: each level's
    columns change sides, for which its priors lie evenly enough, and dx its sign."""
    signs = torch.tensor(MIRRORED_DX, device=offsets.device)
    return mirrored_columns(offsets, levels) * signs, mirrored_columns(logits, levels)


def mirrored_columns(values: Tensor, levels: Sequence[PriorLevel]) -> Tensor:
    """(N, P, K) in the order of detection.priors.make_priors, each row of cells turned round."""
    parts = []
    counts = [level.rows * level.columns * len(level.sizes) for level in levels]
    for level, part in zip(levels, torch.split(values, counts, dim=1), strict=True):
        shape = (len(values), level.rows, level.columns, len(level.sizes), values.shape[2])
        parts.append(part.reshape(shape).flip(2).reshape(part.shape))
    return torch.cat(parts, dim=1)
