"""Channels judged by how well the reader's output can do without them: ThiNet (Luo et al. 2017)
and LASSO (He et al. 2017), and the reader's weights fitted to what is left."""

from __future__ import annotations

import torch
from torch import Tensor

from thermoscout_core.learning.compression.filters.evidence import Evidence, Samples
from thermoscout_core.learning.compression.filters.groups import FilterGroup
from thermoscout_core.learning.compression.step import CompressionError

PENALTIES = 24
"""Of the path from the penalty that leaves no channel to a thousandth of it."""
ITERATIONS = 60
RIDGE = 1e-4
"""Of the mean square, so that the fit has an answer for channels that never fire."""


def thinet(evidence: Evidence, group: FilterGroup) -> Tensor:
    """The rank at which a channel is removed by the greedy choice of ThiNet (algorithm 1): each
    time the one without which, with all removed before, the output changes least."""
    gram = sum(_gram(_shares(evidence, name, group)) for name in _readers(group))
    assert isinstance(gram, Tensor)
    scores = torch.zeros(group.channels)
    joint = torch.zeros(group.channels)  # of each channel with what is removed
    left = torch.ones(group.channels, dtype=torch.bool)
    for rank in range(group.channels):
        change = gram.diagonal() + 2 * joint
        removed = int(change.masked_fill(~left, torch.inf).argmin())
        scores[removed], left[removed] = float(rank), False
        joint = joint + gram[removed]
    return scores


def lasso(evidence: Evidence, group: FilterGroup) -> Tensor:
    """The largest penalty under which a channel still takes part in min ‖y − Σ β_c·x_c‖² + λ‖β‖₁,
    along a path of penalties (proximal gradient)."""
    gram = torch.zeros(group.channels, group.channels)
    target = torch.zeros(group.channels)
    for name in _readers(group):
        shares = _shares(evidence, name, group)
        gram += _gram(shares)
        target += (shares * shares.sum(1, keepdim=True)).mean(0)
    step = 1 / torch.linalg.matrix_norm(gram, 2).clamp(min=1e-12)
    largest = target.abs().max().clamp(min=1e-12)
    beta, scores = torch.zeros(group.channels), torch.zeros(group.channels)
    for penalty in largest * torch.logspace(0, -3, PENALTIES):
        for _ in range(ITERATIONS):
            moved = beta - step * (gram @ beta - target)
            beta = moved.sign() * (moved.abs() - step * penalty).clamp(min=0)
        scores = torch.where((beta != 0) & (scores == 0), penalty, scores)
    return scores


def fitted_reader(samples: Samples, kept: list[int], kernel_size: int) -> Tensor:
    """The reader's weight (O, kept·k·k) with which the kept channels give its old output best
    (least squares). kernel_size: k·k."""
    channels = samples.inputs.shape[1] // kernel_size
    columns = samples.inputs.view(-1, channels, kernel_size)[:, kept].flatten(1).double()
    normal = columns.T @ columns
    normal += RIDGE * normal.diagonal().mean() * torch.eye(len(normal), dtype=torch.float64)
    fitted: Tensor = torch.linalg.solve(normal, columns.T @ samples.outputs.double())
    return fitted.T.float()


def _readers(group: FilterGroup) -> tuple[str, ...]:
    if not group.consumers:
        raise CompressionError(f"no convolution reads {group.name}: take l1, fpgm or taylor")
    return group.consumers


def _shares(evidence: Evidence, reader: str, group: FilterGroup) -> Tensor:
    """What each channel contributes to one random output at each sampled place (M, n)."""
    samples, layer = evidence.samples[reader], evidence.convolution(reader)
    weight = layer.weight.detach().flatten(1)
    generator = torch.Generator().manual_seed(1)
    outputs = torch.randint(len(weight), (len(samples.inputs),), generator=generator)
    products = samples.inputs * weight[outputs]
    shares: Tensor = products.view(len(products), group.channels, -1).sum(2)
    return shares / shares.sum(1).square().mean().sqrt().clamp(min=1e-12)


def _gram(shares: Tensor) -> Tensor:
    return shares.T @ shares / len(shares)
