"""What every step of a recipe has in common: its keys, what it is given, what it hands back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from thermoscout_core.errors import ThermoscoutError
from thermoscout_core.learning.compression.model import Model

if TYPE_CHECKING:
    from thermoscout_core.learning.compression.workbench import Workbench


class CompressionError(ThermoscoutError):
    """A step can't be done, a gate isn't passed, or no model meets the budget."""


class NothingToDo(CompressionError):
    """What a step would change isn't there. The recipe goes on with the model as it is."""


class Section(BaseModel):
    """A part of a recipe: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Budget(Section):
    """What a model may cost and must gain, against the dense one in float32."""

    map_loss: float = Field(0.01, ge=0, le=1)
    """mAP@0.5 on val that may be lost: 0.01 is a point."""
    faster: float = Field(0.9, gt=0)
    """Time of the dense model over this one's in the first runtime; below 1 leaves room for the
    scatter of equal times."""
    smaller: float = Field(1.0, gt=0)
    """Bytes of the dense model's file over this one's (of the CSR file, where that is smaller)."""


@dataclass(frozen=True)
class Outcome:
    """What a step made. model: the network that the next step takes. deployed: its ONNX file, if
    the step wrote it itself. stored: further files of the same weights, such as CSR. figures: JSON
    values for the report. notes: sentences for the reader."""

    model: Model
    deployed: Path | None = None
    stored: dict[str, Path] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Step(Section, ABC):
    """One entry of ``steps``. Subclasses add ``do``, their keys and ``run``."""

    deploys: ClassVar[bool] = False
    """Writes the ONNX file itself, so that nothing that needs the network may follow."""

    do: str
    """Which step it is."""
    name: str = Field("", pattern=r"^[^|\n]*$", max_length=40)
    """In the report and as the step's folder; empty: what it does."""
    from_dense: bool = False
    """Begin with the dense model, not with the last one kept: to see methods side by side."""
    budget: Budget | None = None
    """Instead of the recipe's, for this step: a step that a later one repairs may lose more."""

    @property
    def reads(self) -> tuple[Path, ...]:
        """Files that the step depends on, beside the model before it."""
        return ()

    @abstractmethod
    def run(self, model: Model, bench: Workbench, folder: Path) -> Outcome:
        """Do it. folder: the step's own; what lies there is of an earlier try of the same step.

        Raises CompressionError when it can't be done, NothingToDo when it would change nothing.
        """

    @property
    def title(self) -> str:
        return self.name or self.do
