"""A stack's last layer fitted to what the convolution gave: least squares on training frames."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from thermoscout_core.learning.ssd import Ssd

POSITIONS = 256
"""Of a layer's output that are looked at in each batch."""
RIDGE = 1e-5


@torch.no_grad()
def refit_last(
    network: Ssd, original: Ssd, name: str, last: nn.Conv2d, images: Sequence[Tensor]
) -> None:
    """Fit the weight (and bias) of a stack's last layer, a 1×1 one, so that it gives the output
    of the original's layer of that name from what the changed network feeds it.

    A last layer with a larger kernel is left as it is.
    """
    if last.kernel_size != (1, 1):
        return
    fed, wanted = (
        _watched(network, last, images, 0),
        _watched(original, original.get_submodule(name), images, 1),
    )
    generator = torch.Generator().manual_seed(0)
    inputs, outputs = [], []
    for one, other in zip(fed, wanted, strict=True):
        columns, targets = one.flatten(2), other.flatten(2)
        chosen = torch.randint(columns.shape[2], (POSITIONS,), generator=generator)
        inputs.append(columns[:, :, chosen].transpose(1, 2).flatten(0, 1).double())
        outputs.append(targets[:, :, chosen].transpose(1, 2).flatten(0, 1).double())
    matrix, target = torch.cat(inputs), torch.cat(outputs)
    if last.bias is not None:
        target = target - last.bias.double()
    normal = matrix.T @ matrix
    normal += RIDGE * normal.diagonal().mean() * torch.eye(len(normal), dtype=torch.float64)
    fitted = torch.linalg.solve(normal, matrix.T @ target)
    last.weight.copy_(fitted.T[:, :, None, None])


def _watched(network: Ssd, layer: nn.Module, images: Sequence[Tensor], side: int) -> list[Tensor]:
    """What a layer reads (side 0) or writes (side 1) for each batch."""
    seen: list[Tensor] = []
    hook = layer.register_forward_hook(
        lambda _, read, written: seen.append((read[0], written)[side].clone())
    )
    try:
        for batch in images:
            network.eval()(batch)
    finally:
        hook.remove()
    return seen
