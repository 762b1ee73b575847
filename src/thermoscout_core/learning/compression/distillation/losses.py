"""What a student is told by its teacher, each a scalar to be minimised."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def soft_labels(
    student: Tensor,
    teacher: Tensor,
    temperature: float = 1.0,
    background_weight: float = 1.0,
) -> Tensor:
    """L_soft = −Σ ω·P_t·log P_s of logits (K, 1 + C), summed over K, ω of equipment being 1 (seed
    002, eq. 6; it prints P_i for the teacher's P_t).

    With a temperature T the logits are divided by it and the loss is multiplied by T², so that
    gradients keep their size (Hinton et al. 2015).
    """
    weights = torch.ones(student.shape[1], device=student.device)
    weights[0] = background_weight
    wanted = functional.softmax(teacher / temperature, 1)
    found = functional.log_softmax(student / temperature, 1)
    return -(weights * wanted * found).sum() * temperature**2


def logit_distance(student: Tensor, teacher: Tensor) -> Tensor:
    """½·‖z_s − z_t‖² of logits (K, 1 + C), summed over K, each with its mean taken off: softmax
    doesn't see it (Ba and Caruana 2014)."""
    centred = [logits - logits.mean(1, keepdim=True) for logits in (student, teacher)]
    return 0.5 * (centred[0] - centred[1]).square().sum()


def bounded_regression(
    student: Tensor, teacher: Tensor, wanted: Tensor, margin: float = 0.0
) -> Tensor:
    """L_b (seed 002, eq. 8, which is Chen et al.'s eq. 4): the squared error of encoded offsets
    (K, 4) of every prior at which the student isn't better than the teacher by margin, summed.

    The seed's text says the opposite: punished when worse by more than the margin; that is a
    negative margin here. At 0 they are the same.
    """
    own = (student - wanted).square().sum(1)
    bound = (teacher - wanted).square().sum(1)
    return own[own + margin > bound].sum()


def attention_map(features: Tensor) -> Tensor:
    """F(A): mean of the squares over channels, each map to length 1; (N, C, H, W) -> (N, H·W)."""
    return functional.normalize(features.square().mean(1).flatten(1), dim=1)


def attention_distance(
    student: Sequence[Tensor], teacher: Sequence[Tensor], reduction: str = "mean"
) -> Tensor:
    """Σ over maps of the distance of their attention (seed 002, eq. 1 and, on enhanced maps, 9).

    mean: of squares over pixels and images, as in the authors' code of attention transfer; the
    β = 1000 of the papers belongs to it. norm: ‖·‖₂ of each image as printed, averaged over them.
    """
    distances = []
    for own, other in zip(student, teacher, strict=True):
        apart = attention_map(own) - attention_map(other)
        mean_of_squares = reduction == "mean"
        distances.append(apart.square().mean() if mean_of_squares else apart.norm(dim=1).mean())
    return torch.stack(distances).sum()


def hint_distance(regressed: Sequence[Tensor], teacher: Sequence[Tensor]) -> Tensor:
    """½·mean‖r(A_s) − A_t‖² over maps (FitNets, Romero et al. 2015); regressed: the student's maps
    brought to the teacher's channels."""
    pairs = zip(regressed, teacher, strict=True)
    return 0.5 * torch.stack([(own - other).square().mean() for own, other in pairs]).sum()
