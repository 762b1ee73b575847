"""A convolution's kernel in factors, and the stack of convolutions that computes with them.

Kernels are (O, I, h, w). The first layers have no bias, the last one has the convolution's.
"""

from __future__ import annotations

import numpy as np
import tensorly
import torch
from numpy.typing import NDArray
from tensorly.decomposition import parafac, partial_tucker
from torch import Tensor, nn

Stack = list[nn.Conv2d]
CP_SWEEPS = 60


def svd(layer: nn.Conv2d, rank: int) -> Stack:
    """h×w to rank channels, 1×1 to O: the SVD of the kernel as a matrix O × I·h·w. For 1×1 kernels
    two thinner ones (Denton et al. 2014); seed 003, figure 3, in general."""
    left, right = _halves(_kernel(layer).reshape(layer.out_channels, -1), rank)
    first = _like(layer, layer.in_channels, rank, right.reshape(rank, -1, *layer.kernel_size))
    return [first, _pointwise(left, layer.bias)]


def tucker(layer: nn.Conv2d, rank_in: int, rank_out: int) -> Stack:
    """1×1 to rank_in, h×w to rank_out, 1×1 to O (Tucker-2; Kim et al. 2015)."""
    (core, (outer, inner)), _ = partial_tucker(
        _kernel(layer), rank=[rank_out, rank_in], modes=[0, 1], init="svd"
    )
    return [
        _pointwise(inner.T, None),
        _like(layer, rank_in, rank_out, core),
        _pointwise(outer, layer.bias),
    ]


def cp(layer: nn.Conv2d, rank: int) -> Stack:
    """1×1 to rank channels, h×1 and 1×w depthwise, 1×1 to O (CP; Lebedev et al. 2014)."""
    weights, (outer, inner, rows, columns) = parafac(
        _kernel(layer), rank, init="svd", n_iter_max=CP_SWEEPS, random_state=0
    )
    (height, width), (down, across) = layer.kernel_size, layer.stride
    (top, left), (rows_apart, columns_apart) = _padding(layer), layer.dilation
    vertical = nn.Conv2d(
        rank, rank, (height, 1), (down, 1), (top, 0), (rows_apart, 1), rank, bias=False
    )
    horizontal = nn.Conv2d(
        rank, rank, (1, width), (1, across), (0, left), (1, columns_apart), rank, bias=False
    )
    _fill(vertical, rows.T[:, None, :, None])
    _fill(horizontal, columns.T[:, None, None, :])
    last = _pointwise(outer * weights, layer.bias)
    return [_pointwise(inner.T, None), vertical, horizontal, last]


def separable(layer: nn.Conv2d, rank: int) -> Stack:
    """h×1 to rank channels, 1×w to O (Jaderberg et al. 2014, scheme 2; Rigamonti et al. 2013)."""
    kernel = _kernel(layer)
    outputs, inputs, height, width = kernel.shape
    matrix = kernel.transpose(0, 3, 1, 2).reshape(outputs * width, inputs * height)
    left, right = _halves(matrix, rank)
    (down, across), (top, side) = layer.stride, _padding(layer)
    rows_apart, columns_apart = layer.dilation
    vertical = nn.Conv2d(
        inputs, rank, (height, 1), (down, 1), (top, 0), (rows_apart, 1), bias=False
    )
    horizontal = nn.Conv2d(
        rank,
        outputs,
        (1, width),
        (1, across),
        (0, side),
        (1, columns_apart),
        bias=layer.bias is not None,
    )
    _fill(vertical, right.reshape(rank, inputs, height)[..., None])
    _fill(horizontal, left.reshape(outputs, width, rank).transpose(0, 2, 1)[:, :, None, :])
    _fill_bias(horizontal, layer.bias)
    return [vertical, horizontal]


def unfolded(layer: nn.Conv2d, mode: int) -> NDArray[np.float64]:
    """The kernel as a matrix with a row for each index of that mode (0: outputs, 1: inputs)."""
    matrix: NDArray[np.float64] = tensorly.unfold(_kernel(layer), mode)
    return matrix


def weights_of(stack: Stack) -> int:
    """Numbers in the kernels of a stack."""
    return sum(layer.weight.numel() for layer in stack)


def _kernel(layer: nn.Conv2d) -> NDArray[np.float64]:
    return layer.weight.detach().cpu().double().numpy()


def _halves(
    matrix: NDArray[np.float64], rank: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The best factors (rows, rank) and (rank, columns), singular values shared evenly."""
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    roots = np.sqrt(values[:rank])
    return left[:, :rank] * roots, roots[:, None] * right[:rank]


def _like(layer: nn.Conv2d, inputs: int, outputs: int, kernel: NDArray[np.float64]) -> nn.Conv2d:
    """A convolution that moves over the image as layer does."""
    made = nn.Conv2d(
        inputs,
        outputs,
        (layer.kernel_size[0], layer.kernel_size[1]),
        (layer.stride[0], layer.stride[1]),
        _padding(layer),
        (layer.dilation[0], layer.dilation[1]),
        bias=False,
    )
    _fill(made, kernel)
    return made


def _pointwise(matrix: NDArray[np.float64], bias: Tensor | None) -> nn.Conv2d:
    outputs, inputs = matrix.shape
    made = nn.Conv2d(inputs, outputs, 1, bias=bias is not None)
    _fill(made, matrix[:, :, None, None])
    _fill_bias(made, bias)
    return made


@torch.no_grad()
def _fill(layer: nn.Conv2d, kernel: NDArray[np.float64]) -> None:
    layer.weight.copy_(torch.from_numpy(np.ascontiguousarray(kernel)))


@torch.no_grad()
def _fill_bias(layer: nn.Conv2d, bias: Tensor | None) -> None:
    if bias is not None and layer.bias is not None:
        layer.bias.copy_(bias)


def _padding(layer: nn.Conv2d) -> tuple[int, int]:
    assert not isinstance(layer.padding, str)
    return layer.padding[0], layer.padding[1]
