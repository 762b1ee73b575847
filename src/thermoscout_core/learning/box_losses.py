"""Losses of a box's overlap with its target, for the localisation."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from thermoscout_core.detection.priors import CENTER_VARIANCE, SIZE_VARIANCE

LARGEST_LOG_SIZE = 4.0
"""A box may be e⁴ times its prior; beyond, exp() would carry an early bad step to infinity."""


def decode_offsets(offsets: Tensor, priors: Tensor) -> Tensor:
    """Offsets and priors in center form (K, 4) -> corners (K, 4), as detection.priors.decode."""
    center = priors[:, :2] + offsets[:, :2] * CENTER_VARIANCE * priors[:, 2:]
    log_size = (offsets[:, 2:] * SIZE_VARIANCE).clamp(max=LARGEST_LOG_SIZE)
    half = priors[:, 2:] * torch.exp(log_size) / 2
    return torch.cat([center - half, center + half], 1)


def giou_loss(boxes: Tensor, wanted: Tensor) -> Tensor:
    """1 − GIoU of corners (K, 4) and (K, 4) -> (K,) in 0..2 (Rezatofighi et al. 2019, alg. 1)."""
    iou, union = _iou(boxes, wanted)
    around = _sides(*_around(boxes, wanted)).prod(1).clamp(min=1e-9)
    return 1 - iou + (around - union) / around


def ciou_loss(boxes: Tensor, wanted: Tensor) -> Tensor:
    """1 − CIoU of corners (K, 4) and (K, 4) -> (K,) (Zheng et al. 2020, eq. 8-11).

    Distance and aspect are taken in fractions of the input's sides, not in pixels.
    """
    iou, _ = _iou(boxes, wanted)
    diagonal = _sides(*_around(boxes, wanted)).square().sum(1).clamp(min=1e-9)
    apart = (boxes[:, :2] + boxes[:, 2:] - wanted[:, :2] - wanted[:, 2:]).square().sum(1) / 4
    turn = _aspect_angle(wanted) - _aspect_angle(boxes)
    mismatch = 4 / math.pi**2 * turn.square()
    with torch.no_grad():
        weight = mismatch / (1 - iou + mismatch).clamp(min=1e-9)
    return 1 - iou + apart / diagonal + weight * mismatch


def _iou(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    top_left = torch.maximum(first[:, :2], second[:, :2])
    bottom_right = torch.minimum(first[:, 2:], second[:, 2:])
    overlap = _sides(top_left, bottom_right).prod(1)
    union = _area(first) + _area(second) - overlap
    return overlap / union.clamp(min=1e-9), union


def _around(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    return torch.minimum(first[:, :2], second[:, :2]), torch.maximum(first[:, 2:], second[:, 2:])


def _sides(top_left: Tensor, bottom_right: Tensor) -> Tensor:
    return (bottom_right - top_left).clamp(min=0)


def _area(boxes: Tensor) -> Tensor:
    return (boxes[:, 2:] - boxes[:, :2]).prod(1)


def _aspect_angle(boxes: Tensor) -> Tensor:
    sides = boxes[:, 2:] - boxes[:, :2]
    return torch.atan(sides[:, 0] / sides[:, 1].clamp(min=1e-9))
