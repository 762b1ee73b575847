"""Weights that are missed least, and the others fitted to do without them: the optimal brain
surgeon (Hassibi & Stork 1993), layer by layer (Dong et al. 2017).

Where a layer reads the columns x (its input under the kernel), its output is W·x, and the squared
error that a change δw of a row makes is δw·H·δwᵀ with H = Σ x·xᵀ over training frames. So the
weight q costs w_q² / [H⁻¹]_qq when it goes and the row's others are fitted anew. Costs are
compared between layers as shares of what each layer gives, Σ W·H·Wᵀ.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor, nn

from thermoscout_core.learning.compression.filters.evidence import removed_at_the_end
from thermoscout_core.learning.compression.weights.masks import prunable_layers
from thermoscout_core.learning.ssd import Ssd

POSITIONS = 256
"""Of a layer's output that are looked at in each batch."""
RIDGE = 1e-3
"""Of H's mean diagonal, added to it: what the frames don't show stays as it is."""
SHARE_AT_ONCE = 0.75
"""Of the weights left that one pass keeps at least; costs are new after each."""


@torch.no_grad()
def operate(
    network: Ssd,
    keep_ratio: float,
    images: Iterable[Tensor],
    told: Callable[[str], None] = lambda _: None,
) -> None:
    """Keep that share of the weights of all prunable layers together and fit them, in place.

    images: (N, 3, H, W) as the network reads them; some hundreds, or fine fits are of noise.
    told: a line after each pass. Weights that are zero before stay so. Depthwise and small kernels
    aren't touched.
    """
    layers = prunable_layers(network)
    seen = input_products(network, layers, images)
    rows = {name: layer.weight.flatten(1).double() for name, layer in layers.items()}
    given = {name: float(((row @ seen[name]) * row).sum()) for name, row in rows.items()}
    masks = {name: row != 0 for name, row in rows.items()}
    total = sum(mask.numel() for mask in masks.values())
    there = sum(int(mask.sum()) for mask in masks.values()) / total
    passes = max(1, math.ceil(math.log(keep_ratio / there) / math.log(SHARE_AT_ONCE)))
    for number in range(1, passes + 1):
        share = there * (keep_ratio / there) ** (number / passes)
        costs = {
            name: fit(row, seen[name], masks[name])[1] / (given[name] or math.inf)
            for name, row in rows.items()
        }
        kept = cheapest_gone(costs, max(1, round(share * total)))
        masks = {name: mask & kept[name] for name, mask in masks.items()}
        told(f"  pass {number}/{passes}: {100 * share:.0f} % of the weights left")
    for name, row in rows.items():
        fitted, _ = fit(row, seen[name], masks[name], with_costs=False)
        layers[name].weight.copy_(fitted.view_as(layers[name].weight))


def cheapest_gone(costs: Mapping[str, Tensor], kept: int) -> dict[str, Tensor]:
    """Masks of the costliest `kept` weights of all layers."""
    everything = torch.cat([cost.flatten() for cost in costs.values()])
    least = everything.kthvalue(max(1, everything.numel() - kept + 1)).values
    return {name: (cost >= least) & (cost >= 0) for name, cost in costs.items()}


def fit(
    rows: Tensor, seen: Tensor, mask: Tensor, *, with_costs: bool = True
) -> tuple[Tensor, Tensor]:
    """rows (O, C) float64, H (C, C) float64, mask (O, C) -> the rows whose masked weights alone
    give what the whole rows gave, as nearly as can be; and what each weight costs when it goes too
    (O, C), −1 where it is gone; with_costs=False saves their time and leaves them empty."""
    ridge = RIDGE * float(seen.diagonal().mean()) or 1.0  # 1 where the layer reads zeros alone
    ridged = seen + ridge * torch.eye(len(seen), dtype=seen.dtype)
    inverse = torch.linalg.inv(ridged)
    reaches = ridged @ rows.T
    small, small_inverse = ridged.float(), inverse.float()
    fitted, spread = torch.zeros_like(rows), torch.ones_like(rows)
    for row, kept in enumerate(mask):
        left, gone = kept.nonzero().flatten(), (~kept).nonzero().flatten()
        if not len(gone):
            fitted[row], spread[row] = rows[row], inverse.diagonal()
        elif len(gone) < len(left):  # whichever is the smaller system
            root = torch.linalg.cholesky(small_inverse[gone][:, gone])
            between = small_inverse[gone][:, left]
            missed = torch.cholesky_solve(rows[row, gone, None].float(), root)[:, 0]
            fitted[row, left] = rows[row, left] - (missed @ between).double()
            if with_costs:
                taken = torch.linalg.solve_triangular(root, between, upper=False)
                less = small_inverse.diagonal()[left] - taken.square().sum(dim=0)
                spread[row, left] = less.double()
        else:
            root = torch.linalg.cholesky(small[left][:, left])
            reached = reaches[left, row, None].float()
            fitted[row, left] = torch.cholesky_solve(reached, root)[:, 0].double()
            if with_costs:
                spread[row, left] = torch.cholesky_inverse(root).diagonal().double()
    if not with_costs:
        return fitted, torch.empty(0)
    return fitted, torch.where(mask, fitted.square() / spread.clamp(min=1e-30), -1.0)


def input_products(
    network: Ssd, layers: Mapping[str, nn.Conv2d], images: Iterable[Tensor]
) -> dict[str, Tensor]:
    """H = Σ x·xᵀ (C, C) float64 of what each layer reads, x its I·h·w values under the kernel."""
    seen: dict[str, Tensor] = {}
    generator = torch.Generator().manual_seed(0)

    def watch(name: str, layer: nn.Conv2d) -> torch.utils.hooks.RemovableHandle:
        def look(_: nn.Module, read: tuple[Tensor], __: Tensor) -> None:
            assert not isinstance(layer.padding, str)
            kernel = layer.kernel_size, layer.dilation, layer.padding, layer.stride
            columns = nn.functional.unfold(read[0], *kernel)
            chosen = torch.randint(columns.shape[2], (POSITIONS,), generator=generator)
            if columns.shape[2] > POSITIONS:
                columns = columns[:, :, chosen]
            found = columns.transpose(1, 2).flatten(0, 1)
            seen[name] = seen.get(name, 0.0) + (found.T @ found).double()

        return layer.register_forward_hook(look)

    with removed_at_the_end([watch(name, layer) for name, layer in layers.items()]):
        for batch in images:
            network.eval()(batch)
    return seen
