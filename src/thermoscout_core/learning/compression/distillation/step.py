"""The step distil."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from thermoscout_core.learning.compression.distillation.companion import Teacher, Weights
from thermoscout_core.learning.compression.model import Model
from thermoscout_core.learning.compression.step import CompressionError, Outcome, Step
from thermoscout_core.learning.compression.workbench import Workbench


class Distil(Step):
    """Train the model on with a teacher beside the labels (seed 002, eq. 1–10)."""

    do: Literal["distil"]
    teacher: Path
    """Weights of a larger detector with the same priors, classes and input."""
    hard: float = Field(0.8, ge=0, le=1)
    """λ: the labels' share of the classification; the teacher has the rest."""
    soft: Literal["soft_labels", "logits"] = "soft_labels"
    """Cross entropy to the teacher's probabilities (KD), or squared distance of logits."""
    temperature: float = Field(1.0, gt=0)
    """Of the soft labels."""
    bounded: float = Field(0.5, ge=0)
    """ν: weight of the bounded regression."""
    margin: float = 0.0
    """By how much the student must beat the teacher; negative: it may be worse."""
    attention: float = Field(0.0, ge=0)
    """β: weight of the feature maps' attention; the papers' 1000 goes with reduction mean."""
    reduction: Literal["mean", "norm"] = "mean"
    """Of its distance: mean of squares (the authors' code), or the norm as printed."""
    knowledge_enhanced: bool = False
    """Ask for KE: teacher and student must have attention modules (model.attention_reduction), on
    whose maps the attention is then taken."""
    hints: float = Field(0.0, ge=0)
    """Weight of the feature maps themselves (FitNets), through a 1×1 convolution."""
    epochs: int | None = Field(None, ge=1)
    """Null: the recipe's."""
    learning_rate: float | None = Field(None, gt=0)
    """Instead of the recipe's."""

    def run(self, model: Model, bench: Workbench, folder: Path) -> Outcome:
        teacher = Model.load(self.teacher)
        if self.knowledge_enhanced:
            for who, network in (("teacher", teacher.network), ("student", model.network)):
                if network.features.attention is None:
                    raise CompressionError(
                        f"knowledge_enhanced: the {who} has no attention modules; train it with "
                        "model.attention_reduction: 16"
                    )
        weights = Weights(
            self.hard,
            self.soft,
            self.temperature,
            self.bounded,
            self.margin,
            self.attention,
            self.reduction,
            self.hints,
        )
        companion = Teacher(teacher, model, weights, bench.training.loss.location_weight)
        tuned = bench.finetune(
            model, folder / "training", self.epochs, companion, self.learning_rate
        )
        theirs = bench.mean_ap(teacher.network, teacher.architecture)
        return Outcome(
            tuned,
            figures={"teacher_map_50": theirs},
            notes=(f"the teacher has val mAP@0.5 {theirs:.4f}",),
        )
