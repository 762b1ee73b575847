"""SSD priors: the boxes that the network's outputs are offsets from (Liu et al. 2016, §2.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

CENTER_VARIANCE = 0.1
SIZE_VARIANCE = 0.2


@dataclass(frozen=True)
class PriorLevel:
    """The priors of one feature map.

    columns, rows: size of the map. sizes: (width, height) of each prior of a cell, as fractions
    of the input's width and height.
    """

    columns: int
    rows: int
    sizes: tuple[tuple[float, float], ...]


def make_priors(levels: Sequence[PriorLevel]) -> Floats:
    """All priors, (P, 4) float32 (cx, cy, w, h) as fractions of the input, not clipped.

    Order: level, row, column, size: the order in which the heads' outputs are flattened.
    """
    blocks = []
    for level in levels:
        cx = (np.arange(level.columns) + 0.5) / level.columns
        cy = (np.arange(level.rows) + 0.5) / level.rows
        grid_y, grid_x = np.meshgrid(cy, cx, indexing="ij")
        centers = np.stack([grid_x, grid_y], -1).reshape(-1, 1, 2)
        sizes = np.asarray(level.sizes, np.float64).reshape(1, -1, 2)
        shape = (centers.shape[0], sizes.shape[1], 2)
        block = np.concatenate(
            [np.broadcast_to(centers, shape), np.broadcast_to(sizes, shape)], axis=-1
        )
        blocks.append(block.reshape(-1, 4))
    return np.concatenate(blocks, dtype=np.float32)


def corners(center_form: Floats) -> Floats:
    """(…, 4) (cx, cy, w, h) -> (x1, y1, x2, y2)."""
    center, half = center_form[..., :2], center_form[..., 2:] / 2
    return np.concatenate([center - half, center + half], axis=-1, dtype=np.float32)


def decode(offsets: Floats, priors: Floats) -> Floats:
    """Network offsets (P, 4) and priors (P, 4) center form -> boxes (P, 4) corners.

    The inverse of SSD's encoding with variances 0.1 and 0.2.
    """
    center = priors[..., :2] + offsets[..., :2] * CENTER_VARIANCE * priors[..., 2:]
    size = priors[..., 2:] * np.exp(offsets[..., 2:] * SIZE_VARIANCE)
    return corners(np.concatenate([center, size], axis=-1, dtype=np.float32))


def iou_matrix(first: Floats, second: Floats) -> Floats:
    """Intersection over union of boxes (N, 4) and (M, 4) in corners -> (N, M)."""
    top_left = np.maximum(first[:, None, :2], second[None, :, :2])
    bottom_right = np.minimum(first[:, None, 2:], second[None, :, 2:])
    overlap = np.clip(bottom_right - top_left, 0, None).prod(axis=2)
    first_area = (first[:, 2:] - first[:, :2]).prod(axis=1)
    second_area = (second[:, 2:] - second[:, :2]).prod(axis=1)
    union = first_area[:, None] + second_area[None, :] - overlap
    return np.asarray(overlap / np.maximum(union, 1e-12), np.float32)
