"""Multibox loss: matching of priors and boxes, hard negative mining (Liu et al. 2016, §2.2)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from thermoscout_core.detection.priors import CENTER_VARIANCE, SIZE_VARIANCE

IGNORED = -1
FAVOURITES = 3
FAVOURITE_IOU = 0.35
BACKGROUND = 0


@dataclass(frozen=True)
class Targets:
    """labels: (P,) 0 background, 1.. classes, −1 ignored. offsets: (P, 4), where labels > 0."""

    labels: Tensor
    offsets: Tensor


def _corners(center_form: Tensor) -> Tensor:
    half = center_form[:, 2:] / 2
    return torch.cat([center_form[:, :2] - half, center_form[:, :2] + half], 1)


def _iou(first: Tensor, second: Tensor) -> Tensor:
    top_left = torch.maximum(first[:, None, :2], second[None, :, :2])
    bottom_right = torch.minimum(first[:, None, 2:], second[None, :, 2:])
    overlap = (bottom_right - top_left).clamp(min=0).prod(2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(1) for boxes in (first, second)]
    return overlap / (areas[0][:, None] + areas[1][None] - overlap).clamp(min=1e-12)


def match(
    priors: Tensor, boxes: Tensor, labels: Tensor, difficult: Tensor, threshold: float = 0.5
) -> Targets:
    """Priors (P, 4) center form, boxes (N, 4) corners, both as fractions; labels (N,) from 0.

    A prior takes the box that it overlaps best, if by the threshold or more. Every box takes its
    best prior in any case, and its next best ones down to FAVOURITE_IOU: small equipment would
    get too few positives else. Priors on a difficult box, and those that overlap a box by 0.4 to
    the threshold, are ignored.
    """
    count = len(priors)
    assigned = torch.zeros(count, dtype=torch.long)
    offsets = torch.zeros(count, 4)
    if len(boxes) == 0:
        return Targets(assigned, offsets)
    overlap = _iou(_corners(priors), boxes)
    best, index = overlap.max(1)
    easy = torch.nonzero(~difficult).flatten()
    if len(easy):
        near, favourites = overlap[:, easy].topk(min(FAVOURITES, count), dim=0)
        near[0] = 1.0
        for row in reversed(range(len(near))):
            chosen = near[row] >= FAVOURITE_IOU
            best[favourites[row, chosen]] = 2.0
            index[favourites[row, chosen]] = easy[chosen]
    assigned = torch.where(best >= threshold, labels[index] + 1, BACKGROUND)
    assigned[(best >= threshold - 0.1) & (best < threshold)] = IGNORED
    assigned[(best >= threshold - 0.1) & difficult[index]] = IGNORED
    matched = boxes[index]
    center = (matched[:, :2] + matched[:, 2:]) / 2
    size = (matched[:, 2:] - matched[:, :2]).clamp(min=1e-4)
    offsets[:, :2] = (center - priors[:, :2]) / (priors[:, 2:] * CENTER_VARIANCE)
    offsets[:, 2:] = torch.log(size / priors[:, 2:]) / SIZE_VARIANCE
    return Targets(assigned, offsets)


def multibox_loss(
    offsets: Tensor, logits: Tensor, targets: list[Targets], negatives_per_positive: float = 3.0
) -> tuple[Tensor, Tensor]:
    """Offsets (N, P, 4), logits (N, P, 1 + C) -> localisation and classification loss.

    Both are divided by the number of positives of the batch, or 1 where there is none.
    """
    offsets, logits = offsets.float(), logits.float()
    labels = torch.stack([target.labels for target in targets])
    wanted = torch.stack([target.offsets for target in targets])
    positive = labels > BACKGROUND
    normaliser = positive.sum().clamp(min=1)
    location = functional.smooth_l1_loss(offsets[positive], wanted[positive], reduction="sum")
    entropy = functional.cross_entropy(
        logits.flatten(0, 1), labels.clamp(min=0).flatten(), reduction="none", label_smoothing=0.0
    ).view_as(labels)
    hardness = torch.where(labels == BACKGROUND, entropy.detach(), torch.full_like(entropy, -1.0))
    rank = hardness.argsort(1, descending=True).argsort(1)
    allowed = (positive.sum(1, keepdim=True) * negatives_per_positive).clamp(min=10)
    negative = (rank < allowed) & (labels == BACKGROUND)
    classification = entropy[positive | negative].sum()
    return location / normaliser, classification / normaliser
