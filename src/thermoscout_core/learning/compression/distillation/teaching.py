"""What a teacher's word weighs, and how it is asked: the keys of distillation."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from thermoscout_core.learning.compression.step import Section

DENSE = "dense"
TeacherName = Literal["dense"] | Path
"""The recipe's own model, or a weights file."""


class Teaching(Section):
    """How a teacher's answers are weighed against the labels (seed 002, eq. 5–10)."""

    hard: float = Field(0.8, ge=0, le=1)
    """λ: the labels' share of the classification; the teacher has the rest."""
    soft: Literal["soft_labels", "logits"] = "soft_labels"
    """Cross entropy to the teacher's probabilities (KD), or squared distance of logits."""
    temperature: float = Field(1.0, gt=0)
    """Of the soft labels."""
    background: float = Field(1.5, gt=0)
    """ω: weight of the background in the soft labels, equipment's is 1 (Chen et al. 2017)."""
    bounded: float = Field(0.5, ge=0)
    """ν: weight of the bounded regression."""
    margin: float = 0.0
    """By how much the student must beat the teacher; negative: it may be worse."""
    attention: float = Field(0.0, ge=0)
    """β: weight of the feature maps' attention; the papers' 1000 goes with reduction mean."""
    reduction: Literal["mean", "norm"] = "mean"
    """Of its distance: mean of squares (the authors' code), or the norm as printed."""
    hints: float = Field(0.0, ge=0)
    """Weight of the feature maps themselves (FitNets), through a 1×1 convolution."""
    flip_average: bool = False
    """The teacher also looks at the mirror image and answers with the mean of both: a better
    teacher for twice its time."""


def files_of(names: tuple[TeacherName, ...]) -> tuple[Path, ...]:
    """The weights files among them."""
    return tuple(Path(name) for name in names if name != DENSE)
