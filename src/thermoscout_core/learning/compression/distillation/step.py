"""The step distil."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from thermoscout_core.learning.compression.distillation.companion import Teacher
from thermoscout_core.learning.compression.distillation.teaching import (
    TeacherName,
    Teaching,
    files_of,
)
from thermoscout_core.learning.compression.model import Model
from thermoscout_core.learning.compression.step import CompressionError, Outcome, Step
from thermoscout_core.learning.compression.workbench import Workbench
from thermoscout_core.learning.torch_prediction import evaluate_network


class Distil(Teaching, Step):
    """Train the model on with a teacher beside the labels (seed 002, eq. 1–10). It takes the place
    of training.teacher."""

    do: Literal["distil"]
    teacher: TeacherName | None = None
    """Weights of a larger detector with the same priors and classes; dense: the recipe's
    model."""
    teachers: tuple[TeacherName, ...] = ()
    """Instead of one: several, which answer with their mean."""
    knowledge_enhanced: bool = False
    """Ask for KE: teacher and student must have attention modules (model.attention_reduction), on
    whose maps the attention is then taken."""
    epochs: int | None = Field(None, ge=1)
    """Null: the recipe's."""
    learning_rate: float | None = Field(None, gt=0)
    """Instead of the recipe's."""

    @model_validator(mode="after")
    def _one_or_several(self) -> Distil:
        if (self.teacher is None) == (not self.teachers):
            raise ValueError("distil: give either a teacher or teachers")
        return self

    @property
    def _names(self) -> tuple[TeacherName, ...]:
        return self.teachers if self.teacher is None else (self.teacher,)

    @property
    def reads(self) -> tuple[Path, ...]:
        return files_of(self._names)

    def run(self, model: Model, bench: Workbench, folder: Path) -> Outcome:
        teachers = bench.teachers(self._names)
        if self.knowledge_enhanced:
            _require_attention("teacher", teachers[0])
            _require_attention("student", model)
        companion = Teacher(teachers, model, self, bench.training.loss.location_weight)
        theirs = evaluate_network(companion.ensemble, model.architecture, bench.val).mean_ap
        said = f"the teacher has val mAP@0.5 {theirs:.4f}"
        bench.say(f"{self.title}: {said}")
        tuned = bench.finetune(
            model, folder / "training", self.epochs, companion, self.learning_rate
        )
        return Outcome(tuned, figures={"teacher_map_50": theirs}, notes=(said,))


def _require_attention(who: str, model: Model) -> None:
    if model.network.features.attention is None:
        raise CompressionError(
            f"knowledge_enhanced: the {who} has no attention modules; train it with "
            "model.attention_reduction: 16"
        )
